/**
 * One server of the bench as a process of its own and as users run it, from `dist`: `bare` is Fastify
 * with one JSON route, `stub` adds the same token check and the same group commit, `broker` is all,
 * `broker-alone` has an AWS that answers at once. Prints its URL and runs until SIGTERM.
 */
import fastify from 'fastify'
import { pino } from 'pino'
import { readConfig } from '../../dist/config.js'
import { seconds } from '../../dist/elevation/ids.js'
import { Secret } from '../../dist/elevation/secret.js'
import { makeAuth } from '../../dist/http/auth.js'
import { issuerKeys } from '../../dist/http/issuer-keys.js'
import { makeEntry } from '../../dist/ledger/entry.js'
import { startBroker } from '../../dist/main.js'
import { openStore } from '../../dist/store/open.js'
import { systemClock, systemIds } from '../../dist/system.js'

const [kind, folder, issuer] = process.argv.slice(2)
const now = () => systemClock.now()

const answer = async (value) => ({ ok: true, value })
const awsAtOnce = {
  grants: {
    create: ({ Name }) => answer({ grantId: Name }),
    revoke: () => answer(null),
    find: () => answer([])
  },
  sessions: {
    assume: ({ RoleSessionName }) =>
      answer({
        accessKeyId: 'ASIABENCH',
        secretAccessKey: new Secret('none'),
        sessionToken: new Secret('none'),
        expiration: systemClock.now() + 900_000,
        assumedRoleId: `AROABENCH000000000000:${RoleSessionName}`
      }),
    denyEnded: () => answer(null)
  },
  queries: { stopSince: () => answer([]) }
}

const start = async () => {
  if (kind === 'broker' || kind === 'broker-alone') {
    const read = readConfig(process.env)
    if (!read.ok) throw new Error(read.problems.join('; '))
    const running = await startBroker(read.config, {
      logger: pino({ level: 'silent' }),
      limits: { perPerson: 10_000_000, perAddress: 10_000_000 },
      ...(kind === 'broker-alone' ? { ports: awsAtOnce } : {})
    })
    return { url: running.url, close: running.close }
  }
  const app = fastify()
  const text = { type: 'string' }
  const body = { type: 'object', properties: { target: text, duration: text }, required: ['target'] }
  if (kind === 'bare') {
    app.post('/v1/elevations', { schema: { body } }, async (_, reply) => reply.code(201).send({ ok: true }))
  } else {
    const store = await openStore({ folder })
    const keys = issuerKeys({ issuer, jwksUrl: null, now })
    const auth = makeAuth({ issuer, audience: 'sallyport', keys, now, maxTokenAge: seconds(86400) })
    app.post('/v1/elevations', { schema: { body } }, async (request, reply) => {
      const bearer = await auth(request.headers.authorization)
      if (!bearer.ok) return reply.code(401).send({})
      const id = systemIds.entry()
      const at = new Date().toISOString()
      const entry = { id, type: 'elevation.requested', at, actor: bearer.subject, elevation: null }
      await store.append([makeEntry(id, { ...entry, target: 'claims-pii', policy: null, data: {} }, [])])
      return reply.code(201).send({ id })
    })
  }
  return { url: await app.listen({ host: '127.0.0.1', port: 0 }), close: () => app.close() }
}

const { url, close } = await start()
process.stdout.write(`${url}\n`)
process.once('SIGTERM', () => void close().then(() => process.exit(0)))
