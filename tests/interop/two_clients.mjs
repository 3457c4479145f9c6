// Two stock clients against a running server, this repository's or a deployed one:
//   node two_clients.mjs --url ws://127.0.0.1:8000/collab/prj_x --doc scene:scn_x --token T [--restart] [--client y-websocket-rc]
// Prints one JSON line per step that held. With --restart it prints {"want":"restart"} and goes on after a line on stdin.
import * as Y from 'yjs'
import WebSocket from 'ws'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'

const { values: options } = parseArgs({
  options: {
    url: { type: 'string' }, doc: { type: 'string' }, token: { type: 'string', default: '' },
    restart: { type: 'boolean', default: false }, seconds: { type: 'string', default: '20' },
    client: { type: 'string', default: 'y-websocket' }, // which release: a dependency of package.json
  },
})
const { WebsocketProvider } = await import(options.client)
const deadline = Number(options.seconds) * 1000
const step = (name, facts = {}) => console.log(JSON.stringify({ step: name, ...facts }))

const PRESENCE_MS = 10_000 // a stock client that is not believed repeats its presence after 15 s
const until = async (what, holds, within = deadline) => {
  const start = Date.now()
  while (!holds()) {
    if (Date.now() - start > within) throw new Error(`not within ${within} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  return Date.now() - start
}

class Person {
  constructor (name) {
    this.doc = new Y.Doc()
    this.text = this.doc.getText('script')
    this.echoed = 0 // own clock up to which the server has sent our own structs back: the durable notice
    this.frames = 0
    const person = this
    class Tapped extends WebSocket {
      constructor (...args) {
        super(...args)
        this.addEventListener('message', ({ data }) => person.hear(new Uint8Array(data)))
      }
    }
    this.provider = new WebsocketProvider(options.url, options.doc, this.doc, {
      WebSocketPolyfill: Tapped, params: { token: options.token, name }, disableBc: true,
    })
    this.provider.awareness.setLocalStateField('user', { name: `forged by ${name}`, color: '#000000' })
    this.provider.on('connection-close', (event) => { this.code = event?.code })
  }

  hear (frame) {
    this.frames += 1
    if (frame[0] !== 0 || frame[1] === 0) return
    let at = 2
    while (frame[at] >= 0x80) at += 1
    for (const struct of Y.decodeUpdate(frame.subarray(at + 1)).structs) {
      if (struct.id.client === this.doc.clientID) this.echoed = Math.max(this.echoed, struct.id.clock + struct.length)
    }
  }

  get clock () { return Y.getState(this.doc.store, this.doc.clientID) }
  get saved () { return this.echoed >= this.clock }
  others () {
    return [...this.provider.awareness.getStates()].filter(([id]) => id !== this.doc.clientID).map(([, state]) => state)
  }
}

const ana = new Person('Ana')
const ben = new Person('Ben')
const same = () => ana.text.toString() === ben.text.toString()
try {
  await until('both synced', () => ana.provider.synced && ben.provider.synced)
  step('synced')

  const before = ana.text.length
  ana.text.insert(before, 'INT. CAFÉ - مساء 🎬\n')
  for (const letter of 'Ana waits.') ana.text.insert(ana.text.length, letter)
  for (const letter of 'Ben!') ben.text.insert(0, letter)
  await until('converged', () => same() && ana.text.length > before + 30)
  step('converged', { length: ana.text.length })
  step('durable echo', { ms: await until('echo', () => ana.saved && ben.saved) })

  ana.provider.awareness.setLocalStateField('cursor', { at: 3 })
  await until('presence', () => ben.others().some((state) => state.cursor?.at === 3) && ana.others().length === 1)
  if (ben.others().some((state) => String(state.user.name).startsWith('forged'))) throw new Error('forged identity shown')
  step('presence', { user: ben.others()[0].user })

  ana.provider.disconnect()
  await until('presence gone', () => ben.others().length === 0)
  ana.text.insert(0, 'offline ana ')
  ben.text.insert(ben.text.length, ' while away')
  await until('saved while the other is away', () => ben.saved)
  ana.provider.connect()
  await until('offline edits merged', () => same() && ana.text.toString().includes('while away') && ana.saved)
  step('offline and back')
  const both = () => ben.others().length === 1 && ana.others().length === 1
  await until('presence back', both, PRESENCE_MS)
  step('presence back')

  if (options.restart) {
    const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]()
    console.log(JSON.stringify({ want: 'restart' }))
    await until('server gone', () => !ana.provider.wsconnected && !ben.provider.wsconnected)
    ana.text.insert(0, 'meanwhile ')
    await lines.next()
    await until('reconnected', () => ana.provider.synced && ben.provider.synced)
    await until('converged after restart', () => same() && ben.text.toString().startsWith('meanwhile '))
    await until('presence after restart', both, PRESENCE_MS)
    step('restarted', { close_code: ana.code })
    lines.return?.()
  }

  const fresh = new Person('Cyd')
  await until('newcomer has it all', () => fresh.provider.synced && fresh.text.toString() === ana.text.toString())
  step('newcomer', { text: fresh.text.toString() })
  for (const person of [ana, ben, fresh]) person.provider.destroy()
  process.exit(0)
} catch (error) {
  console.log(JSON.stringify({ failed: error.message, ana: ana.text.toString(), ben: ben.text.toString(), codes: [ana.code, ben.code] }))
  process.exit(1)
}
