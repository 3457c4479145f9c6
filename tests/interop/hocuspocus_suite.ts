// Stands in for the upstream helper of this name: instead of starting a Hocuspocus server it opens a space of its own on
// the server under test, and answers that server's questions with the hooks a test passed. What is not black box says so.
import { randomUUID } from 'node:crypto'
import { appendFileSync } from 'node:fs'
import * as Y from 'yjs'

const BASE = process.env.SUITE_SERVER!
const ASKED = new Set(['onAuthenticate', 'onConnect', 'onLoadDocument'])
const IGNORED = new Set(['quiet', 'port', 'name', 'stopOnSignals'])

const note = (fact: object) => appendFileSync(process.env.SUITE_NOTES!, JSON.stringify(fact) + '\n')
const notApplicable = (t: any, why: string) => note({ title: t.title, why })

const loaded = async (options: any, payload: any) => {
  if (!options.onLoadDocument) return ''
  const document = new Y.Doc()
  const given = await options.onLoadDocument({ ...payload, document })
  const doc = given instanceof Y.Doc ? given : document
  return Buffer.from(Y.encodeStateAsUpdate(doc)).toString('base64')
}

const answer = async (options: any, { doc, token, first }: any) => {
  const connectionConfig = { readOnly: false, isAuthenticated: false }
  const payload: any = {
    documentName: doc, token, connectionConfig, context: {}, requestParameters: new URLSearchParams(), requestHeaders: new Headers(),
  }
  try {
    payload.context = { ...payload.context, ...(await options.onConnect?.(payload)) }
    payload.context = { ...payload.context, ...(await options.onAuthenticate?.(payload)) }
    return { ok: true, readOnly: connectionConfig.readOnly, update: first ? await loaded(options, payload) : '' }
  } catch {
    return { ok: false }
  }
}

// Whatever of the server's inside a test reaches for: noted, and inert, so that the test ends as any failing one does.
const inside = (t: any, path: string, known: Record<string, unknown> = {}): any => new Proxy(() => {}, {
  get (_target, key) {
    if (key in known) return known[key as string]
    if (key === Symbol.iterator) return function * () {}
    if (typeof key === 'symbol' || key === 'then') return undefined
    notApplicable(t, `${path}.${key}`)
    return inside(t, `${path}.${key}`)
  },
  apply: () => inside(t, `${path}()`),
})

export const newHocuspocus = async (t: any, options: any = {}) => {
  note({ title: t.title })
  const unknown = Object.keys(options).filter((key) => !ASKED.has(key) && !IGNORED.has(key))
  if (unknown.length) {
    notApplicable(t, `option ${unknown.join(', ')}`)
    return await new Promise(() => {}) // throwing would end the whole file
  }
  const space = randomUUID()
  const control = new WebSocket(`${BASE}/control/${space}`)
  await new Promise((resolve, reject) => {
    control.addEventListener('message', resolve, { once: true }) // it knows the space
    control.addEventListener('error', reject, { once: true })
  })
  control.addEventListener('message', async ({ data }) => {
    const asked = JSON.parse(data)
    control.send(JSON.stringify({ ask: asked.ask, ...(await answer(options, asked)) }))
  })
  t.teardown(() => control.close())
  const webSocketURL = `${BASE}/collab/${space}`
  return inside(t, 'server', { server: inside(t, 'server.server', { webSocketURL }) })
}
