/**
 * The AWS ports with every call counted by how it ended, and none that would begin a window made
 * while the broker's clock is off: a window is as long as the clock that ends it says.
 */
import type { Deps } from '../broker/deps.ts'
import type { AwsAnswer } from '../ports.ts'

type Ports = Pick<Deps, 'sessions' | 'grants' | 'queries' | 'catalogs' | 'runs' | 'probes'>

export type AwsListener = {
  /** how one call ended: `ok`, or the kind of its error */
  readonly called: (action: string, outcome: string) => void
  /** False while nothing may begin. */
  readonly sure: () => Promise<boolean>
}

/** The same ports, told. */
export const tellingAws = (ports: Ports, { called, sure }: AwsListener): Ports => {
  const told =
    <A extends readonly unknown[], T>(
      action: string,
      call: (...of: A) => Promise<AwsAnswer<T>>
    ): ((...of: A) => Promise<AwsAnswer<T>>) =>
    async (...of) => {
      const answer = await call(...of)
      called(action, answer.ok ? 'ok' : answer.kind)
      return answer
    }
  const timely = <A extends readonly unknown[], T>(
    action: string,
    call: (...of: A) => Promise<AwsAnswer<T>>
  ): ((...of: A) => Promise<AwsAnswer<T>>) => {
    const make = told(action, call)
    return async (...of) =>
      (await sure()) ? make(...of) : { ok: false, kind: 'unavailable', action, ...clockSkew }
  }
  const { sessions, grants, queries, catalogs, runs, probes } = ports
  return {
    ...ports,
    sessions: {
      ...sessions,
      assume: timely('sts:AssumeRole', (of, region) => sessions.assume(of, region)),
      denyEnded: told('iam:PutRolePolicy', (role, ids) => sessions.denyEnded(role, ids))
    },
    grants: {
      ...grants,
      create: timely('kms:CreateGrant', (of) => grants.create(of)),
      revoke: told('kms:RevokeGrant', (key, id) => grants.revoke(key, id)),
      find: told('kms:ListGrants', (key, prefix) => grants.find(key, prefix))
    },
    queries: {
      ...queries,
      stopSince: told('athena:ListQueryExecutions', (group, since) =>
        queries.stopSince(group, since)
      )
    },
    probes: { isRefused: told('athena:GetWorkGroup', (as, place) => probes.isRefused(as, place)) },
    catalogs: { ...catalogs, tables: told('glue:GetTables', (of, at) => catalogs.tables(of, at)) },
    runs: {
      ...runs,
      start: told('athena:StartQueryExecution', (as, run) => runs.start(as, run)),
      state: told('athena:GetQueryExecution', (query) => runs.state(query)),
      stop: told('athena:StopQueryExecution', (query) => runs.stop(query)),
      results: told('athena:GetQueryResults', (as, query, page) => runs.results(as, query, page))
    }
  }
}

const clockSkew = { name: 'ClockSkew', requestId: null } as const
