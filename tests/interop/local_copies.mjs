// A browser's own copy of a document beside the socket: real y-indexeddb, duplicated tabs, a client id that changes.
//   node local_copies.mjs --scenario race|tabs|ids --url … --doc … --token …
// A line with "want" asks the driver for something and goes on after a line on stdin; one JSON line per fact.
import 'fake-indexeddb/auto'
import * as Y from 'yjs'
import { WebsocketProvider } from 'y-websocket'
import { IndexeddbPersistence } from 'y-indexeddb'
import WebSocket from 'ws'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'

const { values: options } = parseArgs({
  options: {
    url: { type: 'string' }, doc: { type: 'string' }, token: { type: 'string' }, scenario: { type: 'string' },
  },
})
const say = (fact) => process.stdout.write(JSON.stringify(fact) + '\n')
console.log = console.error // Yjs tells there that a client id has changed
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]()
const ask = async (want) => { say({ want }); await lines.next() }
const until = async (what, holds) => {
  const start = Date.now()
  while (!holds()) {
    if (Date.now() - start > 20000) throw new Error(`not within 20 s: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
const tabs = []
class Tab {
  constructor (name, { socket = true, id } = {}) {
    this.doc = new Y.Doc()
    if (id !== undefined) this.doc.clientID = id
    this.name = name
    this.text = this.doc.getText('script')
    this.codes = []
    tabs.push(this)
    if (socket) this.connect()
  }

  connect () {
    this.provider = new WebsocketProvider(options.url, options.doc, this.doc, {
      WebSocketPolyfill: WebSocket, params: { token: options.token, name: this.name }, disableBc: true,
    })
    this.provider.on('connection-close', (event) => event && this.codes.push(event.code))
    return this
  }

  keep () { this.copy = new IndexeddbPersistence(`copy of ${this.name}`, this.doc); return this }
  type (words) { this.text.insert(this.text.length, words) }
  get words () { return this.text.toString() }
  get synced () { return this.provider.synced }
  async shut () {
    this.provider?.destroy()
    await this.copy?.destroy()
  }
}
const same = (...some) => some.every((each) => each.words === some[0].words)

const scenarios = {
  async race () { // a copy with others' words and with words the server never got, loaded before, after and beside the socket
    const ben = new Tab('Ben')
    let ana = new Tab('Ana').keep()
    await until('both in', () => ana.synced && ben.synced && ana.copy.synced)
    ben.type('ben ')
    ana.type('ana ')
    await until('both have it', () => same(ana, ben) && ana.words.length === 8)
    await ana.shut()
    for (const order of ['copy first', 'socket first', 'at once']) {
      const offline = new Tab('Ana', { socket: false }).keep()
      await until('the copy', () => offline.copy.synced)
      offline.type(`${order} `)
      await offline.shut()
      ben.type('meanwhile ')
      ana = new Tab('Ana', { socket: order !== 'copy first' })
      if (order === 'socket first') await until('the server', () => ana.synced)
      ana.keep()
      if (order === 'copy first') {
        await until('the copy', () => ana.copy.synced)
        ana.connect()
      }
      await until(`all of it, ${order}`, () => ana.synced && ana.copy.synced && same(ana, ben) && ben.words.includes(order))
      await ana.shut()
    }
    say({ text: ben.words, codes: tabs.map((each) => each.codes).flat() })
  },

  async tabs () { // a tab duplicated: one person, one copy, two sockets, both typing
    const one = new Tab('Ana').keep()
    await until('in', () => one.synced && one.copy.synced)
    one.type('one ')
    const two = new Tab('Ana').keep()
    await until('two', () => two.synced && two.copy.synced && same(one, two) && two.words === 'one ')
    for (let n = 0; n < 20; n++) {
      one.type(`a${n} `)
      two.type(`b${n} `)
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
    await until('both', () => same(one, two) && one.words.includes('b19') && one.words.includes('a19'))
    await until('both shown', () => [one, two].every((each) => each.provider.awareness.getStates().size === 2))
    await one.shut() // one of them is closed: the other goes on
    two.type('goes on ')
    await until('gone', () => ![...two.provider.awareness.getStates().keys()].includes(one.doc.clientID))
    const three = new Tab('Ana').keep()
    await until('three', () => three.synced && three.copy.synced && same(two, three))
    say({ text: three.words, codes: tabs.map((each) => each.codes).flat() })
  },

  async ids () { // Yjs gives a document a new client id when it hears its own from somebody else
    const one = new Tab('Ana', { id: 4242 })
    const two = new Tab('Ana', { id: 4242 })
    await until('in', () => one.synced && two.synced)
    one.type('one ')
    await until('heard', () => two.words === 'one ')
    const changed = two.doc.clientID
    two.type('two ')
    one.type('three ')
    await until('both', () => same(one, two) && one.words.length === 14)
    await ask('restart')
    await until('back', () => one.synced && two.synced && one.codes.length > 0)
    one.type('four ')
    two.type('five ')
    await until('both again', () => same(one, two) && one.words.includes('four ') && one.words.includes('five '))
    const fresh = new Tab('Ben')
    await until('fresh', () => fresh.synced && same(one, fresh))
    say({ text: fresh.words, changed: changed !== 4242, stopped: tabs.some((each) => !each.provider.shouldConnect) })
  },
}

try {
  await scenarios[options.scenario]()
  process.exit(0) // y-websocket cannot say goodbye for a document whose id has changed
} catch (error) {
  say({ failed: error.message, tabs: tabs.map((each) => [each.name, each.words, each.codes]) })
  process.exit(1)
}
