// What a stock client does when it is refused: node refusals.mjs --url … --doc … --token …; prints one JSON line.
import * as Y from 'yjs'
import WebSocket from 'ws'
import { parseArgs } from 'node:util'

const { values: options } = parseArgs({
  options: { url: { type: 'string' }, doc: { type: 'string' }, token: { type: 'string' }, client: { type: 'string', default: 'y-websocket' } },
})
const { WebsocketProvider } = await import(options.client)
const open = (name, token = options.token) => new WebsocketProvider(options.url, options.doc, new Y.Doc(), {
  WebSocketPolyfill: WebSocket, params: { token, name }, disableBc: true,
})
// Only 3.1.0 has an event for a close that is final; all tell of every close, and decide about retrying right after it.
const closed = (provider) => new Promise((resolve) => provider.on('connection-close', ({ code, reason }) => {
  setTimeout(() => resolve({ code, reason, retries: provider.shouldConnect }), 0)
}))
const synced = (provider) => new Promise((resolve) => provider.on('sync', resolve))
const text = (provider) => provider.doc.getText('script')

const writer = open('Writer')
await synced(writer)
text(writer).insert(0, 'hello')
const reader = open('Reader')
await synced(reader)
const saw = text(reader)
while (saw.toString() !== 'hello') await new Promise((resolve) => setTimeout(resolve, 5))
const facts = { 'reader saw': saw.toString(), 'wrong token': await closed(open('Eve', 'wrong')) }
const refused = closed(reader)
saw.insert(0, 'graffiti ')
facts['read only'] = await refused
facts.writer = { connected: writer.wsconnected, text: text(writer).toString() }
console.log(JSON.stringify(facts))
process.exit(0)
