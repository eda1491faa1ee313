/**
 * Both replicas are told to start the same approved elevation at the same moment, so many times:
 * exactly one does, with one grant of each name. Argument: how many.
 */
import { allOver, approvedMany, inTurns, startPair } from './pair.ts'
import { load, note, quantile, rounded, say } from './run.ts'

const wanted = Number(process.argv[2] ?? 500)
const batch = 25
const pair = await startPair()
const { stage, as } = pair

let single = 0
let doubles = 0
let none = 0
let doubleGrants = 0
let unended = 0
const took: number[] = []
try {
  for (let done = 0; done < wanted; ) {
    const elevations = await approvedMany(as[done % 2] ?? as[0], Math.min(batch, wanted - done))
    await inTurns(elevations, 5, async ({ id, token }) => {
      const began = performance.now()
      const answers = await Promise.all(as.map((one) => one.send('POST', token, `/v1/elevations/${id}/activate`)))
      took.push(performance.now() - began)
      const started = answers.filter((answer) => answer?.status === 200).length
      if (started === 1) single += 1
      else if (started > 1) doubles += 1
      else none += 1
      const names = stage.grants().filter((name) => name.includes(id))
      if (names.length !== new Set(names).size || (started === 1 && names.length !== 2)) doubleGrants += 1
    })
    unended += (await allOver(as[0], elevations, 60_000)).length
    done += elevations.length
    note(`claims: ${done}/${wanted}, ${single} single`)
  }
  const issued = new Map<string, number>()
  for (const { type, elevation } of await pair.entries()) {
    if (type !== 'session.issued' || elevation === null) continue
    issued.set(elevation, (issued.get(elevation) ?? 0) + 1)
  }
  const twice = [...issued.values()].filter((count) => count > 1).length
  const orphans = stage.grants().length
  const ok = single === wanted && doubles + none + doubleGrants + unended + twice + orphans === 0
  const p99Ms = rounded(quantile(took, 0.99), 0)
  say({ figure: 'double_claims', claims: wanted, single, doubles, none, doubleGrants, issuedTwice: twice, unended, orphans, p99Ms, load: load(), ok })
  process.exitCode = ok ? 0 : 1
} finally {
  await pair.close()
}
