/**
 * A broker that is killed while a session runs, and does not come back: AWS ends the session by
 * itself. The session's own credentials are tried until they are refused. Argument: how many.
 */
import { setTimeout as wait } from 'node:timers/promises'
import { AthenaClient, GetWorkGroupCommand } from '@aws-sdk/client-athena'
import { text } from '../../src/cli/api.ts'
import { startPlaces } from './places.ts'
import { makeReplica } from './replica.ts'
import { load, note, say } from './run.ts'
import { setStage } from './stage.ts'

const rounds = Number(process.argv[2] ?? 5)
const limitMs = 5000
const places = await startPlaces('sqlite')
const stage = await setStage()
const place = await places.fresh()
const broker = makeReplica(() => ({ ...stage.env, ...place.env() }))
const as = stage.client(broker.url)

let unrefused = 0
let refusedEarly = 0
let slowestMs = Number.NEGATIVE_INFINITY
try {
  for (let n = 0; n < rounds; n++) {
    await broker.start()
    const made = await as.approved('8s')
    if (made === null) throw new Error('nothing is approved')
    const answer = await as.send('POST', made.token, `/v1/elevations/${made.id}/credentials`)
    const document = await as.send('GET', made.token, `/v1/elevations/${made.id}`)
    const body = answer?.body ?? {}
    const endsAt = Date.parse(text(document?.body['notAfter']))
    broker.signal('SIGKILL')
    await broker.gone(5000)
    const credentials = {
      accessKeyId: text(body['AccessKeyId']),
      secretAccessKey: text(body['SecretAccessKey']),
      sessionToken: text(body['SessionToken'])
    }
    const client = new AthenaClient({ endpoint: stage.sandbox.endpoint, region: stage.sandbox.region, credentials, maxAttempts: 1 })
    const isRefused = (): Promise<boolean> =>
      client.send(new GetWorkGroupCommand({ WorkGroup: 'claims-pii' })).then(
        () => false,
        (cause: unknown) => cause instanceof Error && cause.name === 'AccessDeniedException'
      )
    if (await isRefused()) refusedEarly += 1
    let refusedAt: number | null = null
    while (refusedAt === null && Date.now() < endsAt + limitMs) {
      const asked = Date.now()
      if (await isRefused()) refusedAt = asked
      else await wait(25)
    }
    client.destroy()
    if (refusedAt === null) unrefused += 1
    else slowestMs = Math.max(slowestMs, refusedAt - endsAt)
    note(`dead: ${n + 1}/${rounds} refused ${refusedAt === null ? 'never' : `${refusedAt - endsAt} ms after notAfter`}`)
  }
  const ok = unrefused + refusedEarly === 0 && slowestMs <= limitMs
  say({ figure: 'dead_broker', sessions: rounds, unrefused, refusedEarly, refusedAfterNotAfterMsMax: slowestMs, target: '<= 5000', load: load(), ok })
  process.exitCode = ok ? 0 : 1
} finally {
  broker.signal('SIGKILL')
  await broker.gone(5000)
  await stage.close()
  await places.close()
}
