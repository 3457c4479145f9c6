// The save light of y-websocket 3.1.0-rc (`sync-status`): node sync_status.mjs --url … --doc … --token …
// A line with "want" asks the driver for something and goes on after a line on stdin; one JSON line per fact.
import * as Y from 'yjs'
import { WebsocketProvider } from 'y-websocket-rc'
import WebSocket from 'ws'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'

const { values: options } = parseArgs({
  options: { url: { type: 'string' }, doc: { type: 'string' }, token: { type: 'string' } },
})
const say = (fact) => console.log(JSON.stringify(fact))
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]()
const ask = async (want) => { say({ want }); await lines.next() }
const until = async (what, holds) => {
  const start = Date.now()
  while (!holds()) {
    if (Date.now() - start > 20000) throw new Error(`not within 20 s: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
class Person {
  constructor (name) {
    this.told = [] // every time the page was told whether its words are saved
    this.provider = new WebsocketProvider(options.url, options.doc, new Y.Doc(), {
      WebSocketPolyfill: WebSocket, params: { token: options.token, name }, disableBc: true,
    })
    this.provider.on('sync-status', ({ localUpdatesSynced }) => this.told.push(localUpdatesSynced))
    this.text = this.provider.doc.getText('script')
  }

  get light () { return this.provider.syncStatus.status }
  get saved () { return this.provider.syncStatus.localUpdatesSynced }
  get words () { return this.text.toString() }
  others (field) {
    return [...this.provider.awareness.getStates()].filter(([id]) => id !== this.provider.doc.clientID).map(([, state]) => state[field])
  }
}

const ana = new Person('Ana')
const ben = new Person('Ben')
let turn = 0
const wordAfter = async () => { // what Ben shows now was sent after anything the server could have said of Ana's edit
  ben.provider.awareness.setLocalStateField('turn', ++turn)
  await until('a word after any echo', () => ana.others('turn').includes(turn))
}
try {
  await until('both green', () => ana.light === 'green' && ben.light === 'green')

  await ask('hold') // from here no commit lands
  ana.told.length = 0
  for (const word of ['one ', 'two ', 'three']) ana.text.insert(ana.text.length, word)
  await ask('waiting') // the server has them
  await wordAfter()
  say({ held: ana.light, saved: ana.saved, seen: ben.words, told: [...ana.told] })
  await ask('release')
  await until('green after the commit', () => ana.light === 'green' && ben.words === 'one two three')

  await ask('hold')
  ana.text.delete(0, 4) // nothing but a deletion
  await ask('waiting')
  await wordAfter()
  say({ held: ana.light, saved: ana.saved, seen: ben.words })
  await ask('release')
  await until('green after the deletion', () => ana.light === 'green' && ben.words === 'two three')

  await ask('hold')
  ana.provider.disconnect()
  await until('gone', () => ben.others('turn').length === 0)
  ana.text.insert(ana.text.length, ' four')
  ana.provider.connect()
  await until('back', () => ana.provider.synced)
  await ask('waiting')
  await wordAfter()
  say({ held: ana.light, saved: ana.saved, seen: ben.words })
  await ask('release')
  await until('green after what was written offline', () => ana.light === 'green' && ben.words === 'two three four')
  say({ step: 'saved' })
  process.exit(0)
} catch (error) {
  say({ failed: error.message, ana: [ana.light, ana.saved, ana.words], ben: [ben.light, ben.words] })
  process.exit(1)
}
