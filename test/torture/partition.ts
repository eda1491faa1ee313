/**
 * One replica loses the database in the middle of issuing: nothing passes a proxy between them any
 * more, and neither is told. It is not ready and issues nothing; the other takes over what was begun
 * and goes on; after the partition the first is well again by itself. Options: `--rounds`,
 * `--seconds` (60: with the product's own lease of 30 s).
 */
import { setTimeout as wait } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { allOver, approvedMany, startPair } from './pair.ts'
import { type Proxy, startProxy } from './proxy.ts'
import { load, note, rounded, say } from './run.ts'
import { claimSeconds, realTiming, timing } from './timing.ts'

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '4' }, seconds: { type: 'string', default: '20' } }
})
const rounds = Number(values.rounds)
const seconds = Number(values.seconds)
const lengths = seconds >= 2 * realTiming.leaseSeconds ? realTiming : timing
const limitMs = 1000 * (Math.max(lengths.leaseSeconds, claimSeconds) + 5)
const atOnce = 4

let proxy: Proxy | null = null
const pair = await startPair({
  timing: lengths,
  between: async (port) => {
    proxy = await startProxy(port)
    return proxy.port
  }
})
const between: Proxy = proxy ?? (await startProxy(pair.databasePort))
const { stage, as, brokers } = pair
const { world } = stage.sandbox
const [parted, whole] = as

const isReady = async (url: string): Promise<boolean> =>
  fetch(new URL('/readyz', url), { signal: AbortSignal.timeout(5000) }).then(
    ({ status }) => status === 200,
    () => false
  )

const sums = { takeoverMsMax: 0, writableMsMax: 0, healedMsMax: 0, late: 0, readyWhileParted: 0, issuedWhileParted: 0, unended: 0 }
try {
  for (let n = 0; n < rounds; n++) {
    const waiting = await approvedMany(whole, atOnce)
    const short = await approvedMany(parted, atOnce, `${Math.max(8, Math.round(seconds / 4))}s`)
    for (const one of short) await parted.credentials(one)
    // AWS says nothing, so that the first holds these leases when it is cut off
    world.faults.script({ plan: [{ action: 'sts:AssumeRole', times: atOnce, fault: { kind: 'hang' } }] })
    const sent = waiting.map((one) => parted.credentials(one))
    while ((world.faults.hits()[0] ?? 0) < atOnce) await wait(10)
    between.part()
    const cutAt = Date.now()
    world.faults.script({})
    const later = await approvedMany(whole, 1)
    sums.writableMsMax = Math.max(sums.writableMsMax, Date.now() - cutAt)
    await wait(2500)
    if (await isReady(brokers[0].opsUrl())) sums.readyWhileParted += 1
    for (const one of later) if (await parted.credentials(one)) sums.issuedWhileParted += 1
    for (;;) {
      const states = await Promise.all([...waiting, ...short].map((one) => whole.stateOf(one)))
      const rest = states.filter((state) => state === 'issuing' || state === 'active').length
      if (rest === 0) break
      const windowMs = 1000 * Math.max(8, Math.round(seconds / 4))
      if (Date.now() - cutAt > windowMs + limitMs) {
        sums.late += 1
        break
      }
      await wait(50)
    }
    const tookMs = Date.now() - cutAt
    sums.takeoverMsMax = Math.max(sums.takeoverMsMax, tookMs)
    if (tookMs > limitMs) sums.late += 1
    await wait(Math.max(0, seconds * 1000 - tookMs))
    between.heal()
    const healedAt = Date.now()
    while (!(await isReady(brokers[0].opsUrl())) && Date.now() - healedAt < 30_000) await wait(50)
    sums.healedMsMax = Math.max(sums.healedMsMax, Date.now() - healedAt)
    const given = await Promise.all(sent)
    sums.issuedWhileParted += given.filter(Boolean).length
    sums.unended += (await allOver(whole, [...waiting, ...short, ...later], 1000 * (lengths.settleSeconds + 60))).length
    note(`partition: ${n + 1}/${rounds} taken over after ${tookMs} ms`)
  }
  await pair.entries()
  const orphans = stage.grants().length
  const { late, readyWhileParted, issuedWhileParted, unended } = sums
  const ok = late + readyWhileParted + issuedWhileParted + unended + orphans === 0
  say({
    figure: seconds >= 60 ? 'partition_60s' : 'partition',
    rounds,
    partedSeconds: seconds,
    leaseSeconds: lengths.leaseSeconds,
    target: `taken over within ${rounded(limitMs / 1000, 0)} s`,
    takeoverMsMax: sums.takeoverMsMax,
    peerWritableMsMax: sums.writableMsMax,
    readyAgainMsMax: sums.healedMsMax,
    late,
    readyWhileParted,
    issuedWhileParted,
    unended,
    orphans,
    load: load(),
    ok
  })
  process.exitCode = ok ? 0 : 1
} finally {
  await pair.close()
  await between.close()
}
