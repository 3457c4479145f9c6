// Reads lists of updates (hex), one a line; tells for each of them, and for each of its beginnings, what a document of
// stock Yjs shows that was given all of it at once, and what it answers one that has as much: [text, map, update].
import * as Y from 'yjs'
import readline from 'node:readline'

for await (const line of readline.createInterface({ input: process.stdin })) {
  const given = []
  const shown = JSON.parse(line).map((update) => {
    given.push(Buffer.from(update, 'hex'))
    const doc = new Y.Doc()
    const [text, map] = [doc.getText('script'), doc.getMap('params')]
    Y.applyUpdate(doc, Y.mergeUpdates(given))
    const answer = Y.encodeStateAsUpdate(doc, Y.encodeStateVector(doc))
    return [text.toString(), map.toJSON(), Buffer.from(answer).toString('hex')]
  })
  console.log(JSON.stringify(shown))
}
