// Stock Hocuspocus providers against a running server, this repository's or a deployed one:
//   node hocuspocus_clients.mjs --provider 4 --scenario together --url ws://127.0.0.1:8000/collab/prj_x
//     --docs scene:scn_x,notes:scn_x --token T
// Prints one JSON line per fact. A line with "want" asks the driver for something and goes on after a line on stdin.
import * as Y from 'yjs'
import WebSocket from 'ws'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'

const { values: options } = parseArgs({
  options: {
    provider: { type: 'string', default: '4' }, scenario: { type: 'string' }, url: { type: 'string' },
    other: { type: 'string' }, docs: { type: 'string' }, token: { type: 'string', default: '' },
    seconds: { type: 'string', default: '20' },
  },
})
const { HocuspocusProvider, HocuspocusProviderWebsocket } = await import(`hocuspocus-${options.provider}`)
const docs = options.docs.split(',')
const deadline = Number(options.seconds) * 1000
const say = (fact) => console.log(JSON.stringify(fact))
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]()
const ask = async (want) => { say({ want }); await lines.next() }
const until = async (what, holds) => {
  const start = Date.now()
  while (!holds()) {
    if (Date.now() - start > deadline) throw new Error(`not within ${deadline} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

class Document {
  constructor (socket, name, token, more = {}) {
    this.doc = new Y.Doc()
    this.text = this.doc.getText('script')
    this.provider = new HocuspocusProvider({ websocketProvider: socket, name, document: this.doc, token, ...more })
    this.provider.on('authenticationFailed', ({ reason }) => { this.denied = reason })
    this.provider.on('close', ({ event }) => { this.ended = event.reason })
    this.provider.attach()
  }

  type (words) { this.text.insert(this.text.length, words) }
  get unsaved () { return this.provider.unsyncedChanges }
  get synced () { return this.provider.synced && this.provider.isAuthenticated }
  get words () { return this.text.toString() }
  show (field, value) { this.provider.awareness.setLocalStateField(field, value) }
  others () {
    return [...this.provider.awareness.getStates()].filter(([id]) => id !== this.doc.clientID).map(([, state]) => state)
  }
}

class Person {
  constructor (name, names = docs, { url = options.url, token = options.token, ...more } = {}) {
    const person = this
    this.sockets = 0
    class Counted extends WebSocket {
      constructor (...args) { super(...args); person.sockets += 1 }
    }
    this.socket = new HocuspocusProviderWebsocket({
      url: `${url}?name=${name}&color=%23336699`, WebSocketPolyfill: Counted, delay: 100, minDelay: 50,
    })
    this.socket.on('close', ({ event }) => { this.code = event?.code })
    this.documents = names.map((each) => new Document(this.socket, each, token, more))
    this.first = this.documents[0]
  }

  async leave () {
    this.socket.disconnect()
    await until('disconnected', () => this.socket.status === 'disconnected')
  }

  get synced () { return this.documents.every((each) => each.synced) }
  get saved () { return this.documents.every((each) => each.unsaved === 0) }
}

const people = []
const enter = (...args) => { people.push(new Person(...args)); return people.at(-1) }

const scenarios = {
  async together () {
    const ana = enter('Ana')
    const ben = enter('Ben', docs, { url: options.other ?? options.url })
    const [a, b] = [ana.first, ben.first]
    const same = () => ana.documents.every((each, n) => each.words === ben.documents[n].words)
    await until('synced', () => ana.synced && ben.synced)
    await until('nothing unsaved', () => ana.saved && ben.saved)
    say({ step: 'synced', sockets: [ana.sockets, ben.sockets], scope: a.provider.authorizedScope })

    a.type('INT. CAFÉ - مساء 🎬\n')
    for (const letter of 'Ana waits.') a.type(letter)
    for (const letter of 'Ben!') b.text.insert(0, letter)
    ana.documents.slice(1).forEach((each, n) => each.type(`other document ${n}`))
    await until('converged', () => same() && a.words.includes('waits') && a.words.includes('!') && ana.saved && ben.saved)
    say({ step: 'converged', apart: ana.documents.slice(1).map((each) => each.words) })

    a.show('user', { name: 'forged', color: '#000000' })
    a.show('cursor', { at: 3 })
    await until('presence', () => b.others().some((state) => state.cursor?.at === 3) && a.others().length <= 1)
    say({ step: 'presence', user: b.others()[0].user })

    await ana.leave()
    await until('presence gone', () => b.others().length === 0)
    for (const word of ['away ', 'a ', 'while']) a.type(word)
    b.text.insert(0, 'meanwhile ')
    await until('saved alone', () => ben.saved)
    ana.socket.connect()
    await until('offline edits merged', () => same() && b.words.includes('while') && a.words.startsWith('meanwhile'))
    await until('saved', () => ana.synced && ana.saved && ben.saved)
    await until('presence back', () => b.others().length === 1)
    say({ step: 'offline and back', sockets: [ana.sockets, ben.sockets] })

    const left = ana.documents.at(-1)
    left.provider.detach()
    await ask('left')
    left.provider.attach()
    b.type(' The end.')
    await until('back in the document', () => left.synced && left.unsaved === 0 && a.words.endsWith('The end.'))
    const newcomer = enter('Cyd')
    await until('newcomer has it all', () => newcomer.synced && newcomer.first.words === b.words)
    say({ step: 'newcomer', text: newcomer.first.words })
  },

  async outlive () { // the server's process is killed while both are in the middle of it
    const ana = enter('Ana')
    const ben = enter('Ben')
    const [a, b] = [ana.first, ben.first]
    await until('synced', () => ana.synced && ben.synced)
    a.type('acknowledged ')
    await until('saved', () => ana.saved && b.words.includes('acknowledged '))
    await ask('restart')
    a.type('meanwhile ')
    b.type('both ')
    await until('connected again', () => ana.sockets > 1 && ben.sockets > 1 && ana.synced && ben.synced)
    await until('converged', () => ana.saved && ben.saved && a.words === b.words && a.words.includes('both '))
    const newcomer = enter('Cyd')
    await until('newcomer has it all', () => newcomer.synced && newcomer.first.words === a.words)
    say({ step: 'outlived', text: a.words })
  },

  async twins () { // 4.x: the same document twice on one socket, told apart by a session id
    const ana = enter('Ana', [docs[0], docs[0]], { sessionAwareness: true, flushDelay: 20 })
    const [one, two] = ana.documents
    await until('synced', () => ana.synced && ana.saved)
    const before = one.words
    one.type(' one')
    two.text.insert(0, 'two ')
    await until('converged', () => one.words === two.words && one.words === `two ${before} one` && ana.saved)
    one.provider.detach()
    two.type('.')
    await until('the other goes on', () => two.unsaved === 0)
    say({ sockets: ana.sockets, ended: two.ended ?? null })
  },

  async honest () {
    const ana = enter('Ana', docs.slice(0, 1))
    const ben = enter('Ben', docs.slice(0, 1))
    const [a, b] = [ana.first, ben.first]
    await until('synced', () => ana.synced && ben.synced && ana.saved && ben.saved)
    await ask('hold') // from here no commit lands
    for (const word of ['one ', 'two ', 'three']) a.type(word)
    await ask('waiting') // the server has them
    b.show('seen', 1)
    await until('a word after any receipt', () => a.others().some((state) => state.seen === 1))
    say({ held: a.unsaved, seen: b.words })
    await ask('release')
    await until('saved', () => a.unsaved === 0 && b.words === 'one two three')
    await ask('hold')
    await ana.leave()
    await until('gone', () => b.others().length === 0)
    for (const word of [' four', ' five']) a.type(word)
    ana.socket.connect()
    await until('connected', () => ana.sockets === 2 && a.synced)
    await ask('waiting')
    a.type(' six')
    b.show('seen', 2)
    await until('a word after any receipt', () => a.others().some((state) => state.seen === 2))
    say({ held: a.unsaved, seen: b.words })
    await ask('release')
    await until('saved', () => a.unsaved === 0 && b.words === 'one two three four five six')
    a.provider.forceSync()
    await until('saved after a forced sync', () => a.unsaved === 0)
    say({ step: 'saved' })
  },

  async refusals () {
    const [open, live] = docs
    const stranger = enter('Eve', [open], { token: 'wrong' })
    await until('a wrong token is denied', () => stranger.first.denied)
    const ana = enter('Ana', [open, live, 'scene:scn_doesnotexist'])
    const [a, read, missing] = ana.documents
    await until('an unknown document is denied', () => missing.denied)
    await until('the others are open', () => a.synced && read.synced && a.unsaved === 0 && read.unsaved === 0)
    read.type('not allowed')
    a.type('allowed')
    await until('saved', () => a.unsaved === 0)
    const ben = enter('Ben', [open, live])
    await until('ben', () => ben.synced && ben.saved)
    say({
      stranger: [stranger.first.denied, stranger.first.synced], missing: [missing.denied, missing.synced], sockets: ana.sockets,
      scopes: [a.provider.authorizedScope, read.provider.authorizedScope], unsaved: [a.unsaved, read.unsaved],
      ben: ben.documents.map((each) => each.words),
    })
  },
}

try {
  await scenarios[options.scenario]()
  for (const person of people) {
    person.documents.forEach((each) => each.provider.destroy())
    person.socket.destroy()
  }
  process.exit(0)
} catch (error) {
  const state = people.map((p) => [p.code, p.sockets, ...p.documents.map((d) => [d.words, d.unsaved, d.synced, d.denied, d.ended])])
  say({ failed: error.message, state })
  process.exit(1)
}
