// Hocuspocus as its documentation starts it: in memory, no extensions. Prints "ready" once it listens.
import { Server } from '@hocuspocus/server'

const server = new Server({ port: Number(process.argv[2]), address: '127.0.0.1', quiet: true, stopOnSignals: true })
await server.listen()
console.log('ready')
