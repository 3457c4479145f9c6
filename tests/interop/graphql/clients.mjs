// Stock graphql-ws and graphql-sse clients read a project's events; prints one JSON line.
import { createClient as overSocket } from 'graphql-ws';
import { createClient as overEvents } from 'graphql-sse';
import WebSocket from 'ws';

const [host, token, project] = process.argv.slice(2);
const query = 'subscription($p: ID!) { projectEvents(projectId: $p, after: "0") { sequence kind } }';
const first = async (client) => {
  for await (const result of client.iterate({ query, variables: { p: project } })) {
    await client.dispose();
    return result.data.projectEvents;
  }
};
const socket = overSocket({ url: `ws://${host}/graphql`, webSocketImpl: WebSocket, connectionParams: { token } });
const events = overEvents({ url: `http://${host}/graphql`, headers: { authorization: `Bearer ${token}` } });
const refused = overSocket({
  url: `ws://${host}/graphql`, webSocketImpl: WebSocket, connectionParams: { token: 'wrong' }, retryAttempts: 0,
});
const code = await first(refused).catch((event) => event.code);
console.log(JSON.stringify({ socket: await first(socket), events: await first(events), refused: code }));
process.exit(0);
