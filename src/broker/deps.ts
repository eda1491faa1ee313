/** What every verb works with: the ports, the policy of the moment, and the few settings. */
import type { Policy } from '../policy/policy.ts'
import type { Point } from './points.ts'
import type { Upkeep } from './upkeep.ts'
import type { EndingMeters, Endings, Locks, Probes } from '../ports-endings.ts'
import type { PostureKnown } from '../ports-posture.ts'
import type { Checks, QueryRows, QueryRuns } from '../ports-queries.ts'
import type {
  Catalogs,
  Clock,
  Elevations,
  Grants,
  Ids,
  LedgerLog,
  LedgerStore,
  PersonalData,
  Queries,
  Reviews,
  Sessions,
  Standings,
  Worklist
} from '../ports.ts'

export type Settings = {
  /** names this process in leases */
  readonly owner: string
  /** `RetiringPrincipal` of every grant */
  readonly brokerRoleArn: string
  /** how long an issuer is believed to be alive */
  readonly leaseSeconds: number
  /**
   * After the last possible AWS call, how long until a sweep may be believed: the SDK's whole
   * deadline plus what AWS needs until a new grant is listed.
   */
  readonly settleSeconds: number
  /** how old what Glue says of a target's tables may be; past that it is asked again or refused */
  readonly catalogMaxAgeSeconds: number
}

export type Deps = {
  readonly elevations: Elevations
  readonly standings: Standings
  readonly reviews: Reviews
  readonly worklist: Worklist
  readonly locks: Locks
  readonly endings: Endings
  readonly ledger: LedgerStore & PersonalData
  readonly log: LedgerLog
  /** absent: operators cannot do anything to the log through this process */
  readonly upkeep?: Upkeep
  readonly sessions: Sessions
  readonly probes: Probes
  readonly grants: Grants
  readonly queries: Queries
  readonly runs: QueryRuns
  readonly queryRows: QueryRows
  readonly checks: Checks
  readonly catalogs: Catalogs
  /** absent: nobody watches workgroups and keys, so that a rule which asks for it denies */
  readonly posture?: PostureKnown
  readonly policy: () => Policy
  readonly clock: Clock
  readonly ids: Ids
  readonly settings: Settings
  /** absent: nobody watches */
  readonly meters?: EndingMeters
  /** how long a turn of the process's event loop takes now, in milliseconds; absent: no time */
  readonly turn?: () => Promise<number>
  /** hears each point as it is reached; absent: nobody listens */
  readonly reached?: (point: Point) => void
}
