// Runs the GraphQL-over-HTTP audits of `graphql-http` against URL with a Bearer TOKEN; prints one JSON line.
import { serverAudits } from 'graphql-http';

const [url, token] = process.argv.slice(2);
const fetchFn = (input, init = {}) =>
  fetch(input, { ...init, headers: { ...init.headers, authorization: `Bearer ${token}` } });
const counts = { ok: 0, notice: 0, warn: 0, error: 0 };
const remarks = [];
for (const audit of serverAudits({ url, fetchFn })) {
  const result = await audit.fn();
  counts[result.status] += 1;
  if (result.status !== 'ok') remarks.push({ id: result.id, status: result.status, name: result.name, reason: result.reason });
}
console.log(JSON.stringify({ counts, remarks }));
