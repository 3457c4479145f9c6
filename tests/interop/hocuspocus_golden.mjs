// Writes golden frames as the stock providers make and read them:
//   node hocuspocus_golden.mjs > ../data/golden/hocuspocus-wire.json
import * as Y from 'yjs'
import * as encoding from 'lib0/encoding'
import * as sync from 'y-protocols/sync'
import * as common from '@hocuspocus/common'

const hex = (bytes) => Buffer.from(bytes).toString('hex')
const NAME = 'scene:scn_مقهى1'
const TOKEN = 'tökén-1'

const sent = []
let reached
class Socket { // a server that is heard, not reached: records what a provider sends
  constructor () { reached = this; this.readyState = 0; this.listeners = {}; setTimeout(() => this.open(), 0) }
  addEventListener (name, listener) { this.listeners[name] = listener }
  removeEventListener () {}
  send (frame) { sent.push(new Uint8Array(frame)) }
  close () {}
  says (frame) { this.listeners.message({ data: frame.buffer.slice(frame.byteOffset, frame.byteOffset + frame.length) }) }
  open () { this.readyState = 1; this.listeners.open({}) }
}

const fromServer = (write) => {
  const encoder = encoding.createEncoder()
  encoding.writeVarString(encoder, NAME)
  write(encoder)
  return encoding.toUint8Array(encoder)
}

const frames = {}
for (const version of ['3', '4']) {
  const { HocuspocusProvider, HocuspocusProviderWebsocket } = await import(`hocuspocus-${version}`)
  const doc = new Y.Doc()
  doc.clientID = 1234567890
  doc.getText('script').insert(0, 'é🎬')
  const socket = new HocuspocusProviderWebsocket({ url: 'ws://golden', WebSocketPolyfill: Socket })
  const provider = new HocuspocusProvider({ websocketProvider: socket, name: NAME, document: doc, token: TOKEN })
  const mark = () => sent.splice(0)
  mark()
  provider.attach()
  await new Promise((resolve) => setTimeout(resolve, 20))
  const [token, step1, awareness] = mark()
  doc.getText('script').insert(0, 'a')
  provider.sendStateless('{"a":1}')
  provider.forceSync()
  const [update, stateless] = mark()
  reached.says(fromServer((encoder) => { encoding.writeVarUint(encoder, 0); sync.writeSyncStep1(encoder, new Y.Doc()) }))
  const [step2] = mark()
  provider.detach()
  const [close] = mark()
  frames[version] = Object.fromEntries(Object.entries({ token, step1, awareness, update, stateless, step2, close })
    .map(([key, frame]) => [key, hex(frame)]))
  provider.destroy()
  socket.destroy()
}

const server = (write) => hex(fromServer(write))
const auth = (write) => server((encoder) => { encoding.writeVarUint(encoder, 2); write(encoder) })
console.log(JSON.stringify({
  name: NAME,
  token: TOKEN,
  providers: frames,
  server: {
    read_write: auth((encoder) => common.writeAuthenticated(encoder, 'read-write')),
    readonly: auth((encoder) => common.writeAuthenticated(encoder, 'readonly')),
    denied: auth((encoder) => common.writePermissionDenied(encoder, 'no such document')),
    saved: server((encoder) => { encoding.writeVarUint(encoder, 8); encoding.writeVarUint(encoder, 1) }),
    not_saved: server((encoder) => { encoding.writeVarUint(encoder, 8); encoding.writeVarUint(encoder, 0) }),
    closed: server((encoder) => { encoding.writeVarUint(encoder, 7); encoding.writeVarString(encoder, 'zu groß') }),
  },
}, null, 1))
process.exit(0)
