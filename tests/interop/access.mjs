// A stock client whose link is narrowed, then taken back: node access.mjs --url … --doc … --token …; asks for both by a
// line {"want": …} and goes on when it reads one. One JSON line per fact.
import * as Y from 'yjs'
import WebSocket from 'ws'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { WebsocketProvider } from 'y-websocket'

const { values: options } = parseArgs({ options: { url: { type: 'string' }, doc: { type: 'string' }, token: { type: 'string' } } })
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]()
const tell = (fact) => console.log(JSON.stringify(fact))
const want = async (what) => {
  tell({ want: what })
  await lines.next()
  return performance.now()
}
const open = async () => {
  const provider = new WebsocketProvider(options.url, options.doc, new Y.Doc(), {
    WebSocketPolyfill: WebSocket, params: { token: options.token }, disableBc: true,
  })
  const closed = new Promise((resolve) => provider.on('connection-close', ({ code }) => {
    const at = performance.now()
    setTimeout(() => resolve({ code, at, retries: provider.shouldConnect }), 0)
  }))
  await new Promise((resolve) => provider.on('sync', resolve))
  return { provider, closed, text: provider.doc.getText('script') }
}
const { at: _, ...narrowed } = await (async () => {
  const ben = await open()
  await want('narrow')
  ben.text.insert(0, 'graffiti ')
  return await ben.closed
})()
tell({ step: 'narrowed', ...narrowed })

const reader = await open()
tell({ step: 'reads', text: reader.text.toString() })
const revoked = await want('revoke')
const { code, at, retries } = await reader.closed
tell({ step: 'revoked', code, retries, ms: Math.max(0, at - revoked) })
process.exit(0)
