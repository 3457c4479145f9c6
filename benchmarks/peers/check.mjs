// A stock client joins the rooms after the load and must find every edit of every typist, in order.
//   node check.mjs '{"dialect":"y-websocket","token":"","edits":40,"rooms":[{"url":"ws://…","name":"r","typists":[0,1]}]}'
// Prints one JSON line {"rooms":n,"texts":n,"missing":[…]}; exits 1 when anything is missing.
import * as Y from 'yjs'
import { WebsocketProvider } from 'y-websocket'
import { HocuspocusProvider } from '@hocuspocus/provider'
import WebSocket from 'ws'

const plan = JSON.parse(process.argv[2])
const SECONDS_MAX = 20
const pad = (n, width) => String(n).padStart(width, '0')
const expected = (typist) => Array.from({ length: plan.edits }, (_, i) => `<${pad(typist, 4)}.${pad(i, 6)}>`).join('')

const join = (room, document) => plan.dialect === 'hocuspocus'
  ? new HocuspocusProvider({ url: room.url, name: room.name, document, token: plan.token || 'none' })
  : new WebsocketProvider(room.url, room.name, document, {
    WebSocketPolyfill: WebSocket, params: plan.token ? { token: plan.token } : {}, disableBc: true,
  })
globalThis.WebSocket ??= WebSocket

const missing = []
for (const room of plan.rooms) {
  const document = new Y.Doc()
  const texts = room.typists.map((typist) => [typist, document.getText(`t${typist}`), expected(typist)])
  const provider = join(room, document)
  const deadline = Date.now() + SECONDS_MAX * 1000
  const lacking = () => texts.filter(([, text, want]) => text.toString() !== want)
  while (lacking().length && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 10))
  for (const [typist, text, want] of lacking()) {
    missing.push({ room: room.name, typist, characters: text.length, expected: want.length })
  }
  provider.destroy()
}
console.log(JSON.stringify({ rooms: plan.rooms.length, texts: plan.rooms.flatMap((room) => room.typists).length, missing: missing.slice(0, 20) }))
process.exit(missing.length ? 1 : 0)
