/** What every verb works with: the ports, the policy of the moment, and the few settings. */
import type { Policy } from '../policy/policy.ts'
import type {
  Clock,
  Elevations,
  Grants,
  Ids,
  LedgerStore,
  Queries,
  Sessions,
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
}

export type Deps = {
  readonly elevations: Elevations
  readonly worklist: Worklist
  readonly ledger: LedgerStore
  readonly sessions: Sessions
  readonly grants: Grants
  readonly queries: Queries
  readonly policy: () => Policy
  readonly clock: Clock
  readonly ids: Ids
  readonly settings: Settings
}
