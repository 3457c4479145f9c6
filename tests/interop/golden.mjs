// Writes golden frames as y-protocols and Yjs make them: node golden.mjs > ../data/golden/collab-wire.json
import * as Y from 'yjs'
import * as sync from 'y-protocols/sync'
import * as awareness from 'y-protocols/awareness'
import * as encoding from 'lib0/encoding'

const hex = (bytes) => Buffer.from(bytes).toString('hex')
const frame = (type, write) => {
  const encoder = encoding.createEncoder()
  encoding.writeVarUint(encoder, type)
  write(encoder)
  return hex(encoding.toUint8Array(encoder))
}

const updates = []
const doc = new Y.Doc({ guid: 'golden' })
doc.clientID = 1234567890
doc.on('update', (update) => updates.push(hex(update)))
const script = doc.getText('script')
script.insert(0, 'INT. مقهى - NIGHT 🎬\n')
script.insert(5, 'é')
script.delete(0, 3)
script.format(0, 2, { bold: true })
script.insertEmbed(1, { image: 'x' })
const params = doc.getMap('params')
doc.transact(() => {
  params.set('mood', 'noir')
  params.set('mood', 'dawn')
  params.set('all', [1, -70, 1.5, 0.1, true, false, null, undefined, 'ü', { a: [1n] }, new Uint8Array([1, 2])])
})
const panel = new Y.Map()
doc.getMap('panels').set('p1', panel)
panel.set('caption', new Y.Text('hello'))
doc.getArray('list').push([1, 2, 3])
doc.getXmlFragment('xml').insert(0, [new Y.XmlElement('p'), new Y.XmlText('t')])
doc.getMap('panels').delete('p1')

const other = new Y.Doc({ guid: 'other' })
other.clientID = 7
Y.applyUpdate(other, Y.encodeStateAsUpdate(doc))
other.getText('script').insert(2, 'Z')

const subdocs = new Y.Doc()
subdocs.clientID = 9
subdocs.getMap('m').set('d', new Y.Doc({ guid: 'inner' }))

const presence = new awareness.Awareness(doc)
presence.setLocalState({ user: { name: 'Zoë', color: '#f00' }, cursor: { at: 3 } })
const payload = awareness.encodeAwarenessUpdate(presence, [doc.clientID])
const gone = awareness.encodeAwarenessUpdate(presence, [doc.clientID], new Map())
const full = Y.encodeStateAsUpdate(doc)

process.stdout.write(JSON.stringify({
  made_with: 'yjs 13.6, y-protocols 1, lib0 0.2',
  script: other.getText('script').toString(),
  updates,
  full: hex(full),
  both: hex(Y.encodeStateAsUpdate(other)),
  other_clock: Y.getState(other.store, 7),
  doc_clock: Y.getState(doc.store, doc.clientID),
  deletes: [...Y.createDeleteSetFromStructStore(doc.store).clients].flatMap(([client, items]) => items.map((item) => [client, item.clock, item.clock + item.len])),
  state_vector: hex(Y.encodeStateVector(other)),
  empty_update: hex(Y.encodeStateAsUpdate(new Y.Doc())),
  subdocument: hex(Y.encodeStateAsUpdate(subdocs)),
  out_of_order: hex(Y.mergeUpdates([updates[0], updates[3]].map((each) => Buffer.from(each, 'hex')))),
  frames: {
    sync_step1: frame(0, (encoder) => sync.writeSyncStep1(encoder, other)),
    sync_step2: frame(0, (encoder) => sync.writeSyncStep2(encoder, doc)),
    sync_update: frame(0, (encoder) => sync.writeUpdate(encoder, Buffer.from(updates[0], 'hex'))),
    awareness: frame(1, (encoder) => encoding.writeVarUint8Array(encoder, payload)),
    awareness_gone: frame(1, (encoder) => encoding.writeVarUint8Array(encoder, gone)),
    query_awareness: frame(3, () => {}),
    permission_denied: frame(2, (encoder) => { encoding.writeVarUint(encoder, 0); encoding.writeVarString(encoder, 'lecture réservée') }),
  },
  awareness_payload: hex(payload),
  strings: ['', 'plain', 'é🎬abc', 'مرحبا', 'e\u0301'].map((text) => {
    const encoder = encoding.createEncoder()
    encoding.writeVarString(encoder, text)
    return [text, hex(encoding.toUint8Array(encoder))]
  }),
  varuints: [0, 1, 127, 128, 16383, 16384, 2 ** 32, Number.MAX_SAFE_INTEGER].map((value) => {
    const encoder = encoding.createEncoder()
    encoding.writeVarUint(encoder, value)
    return [value, hex(encoding.toUint8Array(encoder))]
  }),
}, null, 1) + '\n')
presence.destroy()
