// Prints golden anchors: relative positions as stock Yjs writes them, and where it finds them after edits.
// Run: node anchors_golden.mjs > ../data/golden/collab-anchors.json
import * as Y from 'yjs';

const hex = (bytes) => Buffer.from(bytes).toString('hex');
const points = (text, units) => [...text.slice(0, units)].length;

const ana = new Y.Doc();
ana.clientID = 77;
const text = ana.getText('script');
text.insert(0, 'é🎬abc def ghi مرحبا');
const bo = new Y.Doc();
bo.clientID = 5;
Y.applyUpdate(bo, Y.encodeStateAsUpdate(ana));
bo.getText('script').insert(5, '🎞️ by Bo ');
Y.applyUpdate(ana, Y.encodeStateAsUpdate(bo));

const before = text.toString();
const made = [];
for (let at = 0; at <= before.length; at += 1) {
  const inPair = at > 0 && /[\uDC00-\uDFFF]/u.test(before[at] ?? '') && /[\uD800-\uDBFF]/u.test(before[at - 1]);
  if (inPair) continue;
  for (const assoc of [0, -1]) {
    const position = Y.createRelativePositionFromTypeIndex(text, at, assoc);
    made.push({ at: points(before, at), assoc, json: Y.relativePositionToJSON(position), position });
  }
}
const first = hex(Y.encodeStateAsUpdate(ana));
const vector = Y.encodeStateVector(ana);
text.delete(4, 6);
text.insert(1, '🎬 in front ');
text.delete(text.length - 2, 2);
const after = text.toString();
const anchors = made.map(({ at, assoc, json, position }) => {
  const found = Y.createAbsolutePositionFromRelativePosition(position, ana);
  return { at, assoc, json, later: found === null ? null : points(after, found.index) };
});
const golden = { first, before, then: hex(Y.encodeStateAsUpdate(ana, vector)), after, anchors };
process.stdout.write(`${JSON.stringify(golden, null, 1)}\n`);
