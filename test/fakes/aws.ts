/**
 * AWS as the broker's ports see it, in memory, with one failure that can be armed per call: `lost`
 * did not happen, `late` happened but its answer never came. Both are reported alike.
 */
import type {
  AwsAnswer,
  CatalogTable,
  Catalogs,
  FoundGrant,
  Grants,
  Queries,
  Sessions
} from '../../src/ports.ts'
import type { DenySet } from '../../src/iam/role-policies.ts'
import type { Probes } from '../../src/ports-endings.ts'
import type { QueryRuns, RunState } from '../../src/ports-queries.ts'
import { instant } from '../../src/elevation/ids.ts'
import { Secret } from '../../src/elevation/secret.ts'

export type Call =
  | 'create'
  | 'revoke'
  | 'find'
  | 'assume'
  | 'deny'
  | 'stop'
  | 'tables'
  | 'start'
  | 'state'
  | 'stopRun'
  | 'results'
  | 'probe'

/** A query that Athena was told to run. */
export type FakeRun = {
  readonly id: string
  readonly sql: string
  readonly database: string
  readonly accessKeyId: string
  /** how often it was told the same again */
  replays: number
  state: RunState
  rows: readonly (readonly (string | null)[])[]
}
export type Fault = { readonly on: Call; readonly how: 'lost' | 'late' | 'refused'; times: number }

export type FakeAws = {
  readonly sessions: Sessions
  readonly grants: Grants
  readonly queries: Queries
  readonly catalogs: Catalogs
  readonly runs: QueryRuns
  readonly probes: Probes
  /** what Athena was told to run, by ClientRequestToken */
  readonly running: Map<string, FakeRun>
  /** what the catalog has, by `database.table` */
  readonly tables: Map<string, CatalogTable>
  /** grants that exist now, by id */
  readonly live: Map<string, { readonly key: string; readonly name: string; readonly parameters: string }>
  readonly calls: string[]
  readonly denied: Map<string, DenySet>
  /** how many probes are still let through */
  allowed: number
  fault: Fault | null
  /** runs before each call, e.g. to interleave somebody else's act */
  before: ((call: Call) => Promise<void>) | null
}

export const fakeAws = (now: () => number): FakeAws => {
  let count = 0
  const run = async <T>(call: Call, act: () => T): Promise<AwsAnswer<T>> => {
    fake.calls.push(call)
    await fake.before?.(call)
    const fault = fake.fault?.on === call && fake.fault.times > 0 ? fake.fault : null
    if (!fault) return { ok: true, value: act() }
    fault.times -= 1
    if (fault.how === 'late') act()
    const isDefinite = fault.how === 'refused'
    return {
      ok: false,
      kind: isDefinite ? 'denied' : 'unavailable',
      action: call,
      name: isDefinite ? 'AccessDenied' : 'TimeoutError',
      requestId: null
    }
  }
  const runOf = (id: string): FakeRun => {
    const found = [...fake.running.values()].find((one) => one.id === id)
    if (!found) throw new Error('Athena was never told of it')
    return found
  }
  const fake: FakeAws = {
    live: new Map(),
    tables: new Map(),
    catalogs: {
      tables: (_place, at) => run('tables', () => ({ at, tables: new Map(fake.tables) }))
    },
    calls: [],
    denied: new Map(),
    fault: null,
    before: null,
    grants: {
      create: (parameters) =>
        run('create', () => {
          const text = JSON.stringify(parameters)
          for (const [grantId, grant] of fake.live) {
            if (grant.parameters === text) return { grantId }
          }
          const grantId = `grant-${++count}`
          fake.live.set(grantId, { key: parameters.KeyId, name: parameters.Name, parameters: text })
          return { grantId }
        }),
      revoke: (_key, grantId) =>
        run('revoke', () => {
          fake.live.delete(grantId)
          return null
        }),
      find: (key, prefix) =>
        run('find', (): readonly FoundGrant[] =>
          [...fake.live]
            .filter(([, grant]) => grant.key === key && grant.name.startsWith(prefix))
            .map(([grantId, { name }]) => ({ grantId, name }))
        )
    },
    sessions: {
      assume: (parameters) =>
        run('assume', () => ({
          accessKeyId: `ASIA${++count}`,
          secretAccessKey: new Secret('CANARY-secret'),
          sessionToken: new Secret('CANARY-token'),
          expiration: instant(now() + parameters.DurationSeconds * 1000),
          assumedRoleId: `AROAFAKE:${parameters.RoleSessionName}`
        })),
      denyEnded: ({ roleArn }, set) =>
        run('deny', () => {
          fake.denied.set(roleArn, set)
          return null
        })
    },
    allowed: 0,
    probes: { isRefused: () => run('probe', () => fake.allowed-- <= 0) },
    queries: { stopSince: () => run('stop', () => []) },
    running: new Map(),
    runs: {
      start: ({ accessKeyId }, { sql, database, token }) =>
        run('start', () => {
          const before = fake.running.get(token)
          if (before) before.replays++
          const made = before ?? {
            id: `athena-${++count}`,
            sql,
            database,
            accessKeyId,
            replays: 0,
            state: { state: 'running', bytesScanned: 0, milliseconds: 0, rows: null, failure: null },
            rows: []
          }
          fake.running.set(token, made)
          return { id: made.id }
        }),
      state: ({ id }) => run('state', () => runOf(id).state),
      stop: ({ id }) =>
        run('stopRun', () => {
          const one = runOf(id)
          if (one.state.state === 'running') one.state = { ...one.state, state: 'cancelled' }
          return null
        }),
      results: (_credentials, { id }, { cursor, limit }) =>
        run('results', () => {
          const from = Number(cursor ?? 0)
          const { rows } = runOf(id)
          const next = from + limit < rows.length ? String(from + limit) : null
          const columns = [{ name: 'n', type: 'bigint' }]
          return { columns, rows: rows.slice(from, from + limit), next }
        })
    }
  }
  return fake
}
