/** The example organisation's broker over a given store and a fake AWS, and who asks it for what. */
import type { AskInput, Caller } from '../src/broker/broker.ts'
import type { Deps } from '../src/broker/deps.ts'
import { type PersonId, instant } from '../src/elevation/ids.ts'
import type { Result } from '../src/elevation/refusal.ts'
import { loadPolicy } from '../src/policy/load.ts'
import type { Policy } from '../src/policy/policy.ts'
import { readPolicyFolder } from '../src/policy-folder.ts'
import type { Store } from '../src/store/store.ts'
import { checkNow } from '../src/start/check-now.ts'
import { systemIds } from '../src/system.ts'
import { type FakeAws, fakeAws } from './fakes/aws.ts'
import { alwaysIncluded } from './fakes/ledger-log.ts'
import { person } from './fixtures-elevation.ts'
import { shippedPolicies } from './place.ts'

export const alice = person('alice')
export const bob = person('bob')
export const carol = person('carol')
export const dave = person('dave')
export const eve = person('eve')
export const erin = person('erin')
export const sam = person('sam')

/** By the API, signed in a minute before ten with a second factor. */
export const byCli = (who: PersonId): Caller => ({
  person: who,
  presence: { via: 'cli', authAt: instant(Date.UTC(2026, 10, 21, 9, 59)), acr: null, amr: ['mfa'] }
})

export const ask: AskInput = {
  target: 'claims-pii',
  duration: '1h',
  reason: 'suspected fraud ring in Hamburg',
  ticket: 'CLM-4711',
  tables: ['claims.customers']
}

export const got = <T>(result: Result<T>): T => {
  if (!result.ok) throw new Error(`refused: ${result.refusal.code} ${result.refusal.message}`)
  return result.value
}

/** As the files of `policies/` say it, read once. */
export const examplePolicy = (): Promise<Policy> => (example ??= readExample())

let example: Promise<Policy> | null = null

const readExample = async (): Promise<Policy> => {
  const loaded = loadPolicy(await readPolicyFolder(shippedPolicies))
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.issues))
  return loaded.policy
}

/** Without caps, so that a test may ask for the same target again and again. */
export const roomy = (policy: Policy): Policy => ({
  ...policy,
  rules: policy.rules.map((rule) => ({ ...rule, caps: { pending: 1000, active: 1000, perDay: null } }))
})

type Around = {
  readonly store: Store
  /** epoch milliseconds */
  readonly now: () => number
  readonly policy: () => Policy
}

/** What a broker runs on here; a log that includes everything at once, unless `over` has another. */
export const depsOver = (
  { store, now, policy }: Around,
  over: Partial<Deps> = {}
): { readonly deps: Deps; readonly aws: FakeAws } => {
  const aws = fakeAws(now)
  const { sessions, grants, queries, catalogs, runs, probes } = aws
  const deps: Deps = {
    elevations: store,
    standings: store,
    reviews: store,
    worklist: store,
    locks: store,
    endings: store,
    ledger: store,
    log: alwaysIncluded,
    sessions,
    grants,
    queries,
    runs,
    probes,
    queryRows: store,
    checks: { check: async (of) => checkNow(of) },
    catalogs,
    policy,
    clock: { now: () => instant(now()) },
    ids: systemIds,
    settings: {
      owner: 'one',
      brokerRoleArn: 'arn:aws:iam::123456789012:role/sallyport-broker',
      leaseSeconds: 30,
      settleSeconds: 60,
      catalogMaxAgeSeconds: 60
    },
    ...over
  }
  return { deps, aws }
}
