/**
 * From the request to revoke, at either of two replicas, until AWS has both RevokeGrant calls, as the
 * sandbox sees them; and whether every elevation that ended has the instant at which AWS was seen to
 * refuse it. Argument: how many.
 */
import { setTimeout as wait } from 'node:timers/promises'
import { allOver, approvedMany, startPair } from './pair.ts'
import { load, note, quantile, rounded, say } from './run.ts'

const wanted = Number(process.argv[2] ?? 200)
const batch = 10
const pair = await startPair()
const { stage, as } = pair

const first: number[] = []
const last: number[] = []
let undenied = 0
let unended = 0
let refused = 0
try {
  for (let done = 0; done < wanted; ) {
    const elevations = await approvedMany(as[0], Math.min(batch, wanted - done))
    for (const [n, one] of elevations.entries()) {
      const where = as[n % 2] ?? as[0]
      if (!(await where.credentials(one))) refused += 1
      const count = (): number => stage.grants().filter((name) => name.includes(one.id)).length
      const all = count()
      const began = performance.now()
      const path = `/v1/elevations/${one.id}/revoke`
      // at the one that issued it, and at the other
      const at = as[(n >> 1) % 2] ?? as[0]
      const answer = at.send('POST', stage.people.approver, path, { reason: 'measuring how long it takes' })
      let firstMs: number | null = null
      while (count() > 0 && performance.now() - began < 30_000) {
        if (firstMs === null && count() < all) firstMs = performance.now() - began
        await wait(2)
      }
      const lastMs = performance.now() - began
      first.push(firstMs ?? lastMs)
      last.push(lastMs)
      if ((await answer)?.status !== 200) refused += 1
    }
    unended += (await allOver(as[1], elevations, 60_000)).length
    for (const { id, token } of elevations) {
      const document = await as[0].send('GET', token, `/v1/elevations/${id}`)
      if (typeof document?.body['deniedAt'] !== 'string') undenied += 1
    }
    done += elevations.length
    note(`revoke: ${done}/${wanted}, last grant p50 ${rounded(quantile(last, 0.5), 0)} ms`)
  }
  const denials: number[] = []
  for (const { type, data } of await pair.entries()) {
    if (type === 'session.denied' && typeof data['milliseconds'] === 'number') denials.push(data['milliseconds'])
  }
  const p99 = quantile(last, 0.99)
  const ok = p99 <= 1000 && undenied + unended + refused === 0
  say({
    figure: 'revoke_to_grants_revoked',
    revokes: wanted,
    firstP50Ms: rounded(quantile(first, 0.5), 0),
    lastP50Ms: rounded(quantile(last, 0.5), 0),
    lastP99Ms: rounded(p99, 0),
    lastMaxMs: rounded(Math.max(...last), 0),
    target: 'p99 <= 1000',
    deniedP50Ms: rounded(quantile(denials, 0.5), 0),
    deniedP99Ms: rounded(quantile(denials, 0.99), 0),
    withoutDeniedAt: undenied,
    unended,
    refused,
    load: load(),
    ok
  })
  process.exitCode = ok ? 0 : 1
} finally {
  await pair.close()
}
