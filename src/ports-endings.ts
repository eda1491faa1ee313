/**
 * What locks and ending need of the world: the locks, the sessions that were ended early, whose
 * turn it is on a role, and whether AWS refuses a session. A rejected promise means broken
 * infrastructure.
 */
import type { Ending } from './elevation/elevation.ts'
import type { ElevationId, Instant, PersonId } from './elevation/ids.ts'
import type { Lock, LockScope } from './elevation/lock.ts'
import type { EndingStep } from './elevation/probing.ts'
import type { DenySet } from './iam/role-policies.ts'
import type { Entry } from './ledger/entry.ts'
import type { AwsAnswer, Committed, RoleIn, SessionCredentials, Stored } from './ports.ts'

/**
 * Locks. No change that brings an elevation under one into a state that is open is committed: the
 * store looks in the very transaction (`Elevations.commit` is a conflict).
 */
export interface Locks {
  /** The first set of the locks with these keys, or null. */
  lockOn(keys: readonly string[]): Promise<Lock | null>
  /** all that are set, the oldest first */
  locks(): Promise<readonly Lock[]>
  /** With its entries, durable when it resolves; `conflict`: it was set already. */
  setLock(lock: Lock, entries: readonly Entry[]): Promise<Committed>
  /** `conflict`: it is not set. */
  liftLock(scope: LockScope, entries: readonly Entry[]): Promise<Committed>
  /** Those under which something may be open still. */
  unsweptLocks(): Promise<readonly Lock[]>
  /** pending, approved, issuing or active elevations that such a lock covers, ids ascending */
  openUnder(
    scope: LockScope,
    page: { readonly limit: number; /** ids above this one */ readonly after: ElevationId | null }
  ): Promise<readonly Stored[]>
  /** Nothing is open under it; nothing can be any more while it is set. */
  lockSwept(scope: LockScope, at: Instant): Promise<void>
}

export interface Endings {
  /** Ending elevations whose next instant has come, earliest first; each step has its own queue. */
  dueEndings(
    step: EndingStep,
    now: Instant,
    limit: number
  ): Promise<readonly Stored<Ending>[]>
  /**
   * What the role has to deny now: at most `limit` ids, those first that AWS was not yet seen to
   * refuse, then those that ended last; and the cut that denies the others where there are more.
   */
  denySet(roleArn: string, now: Instant, limit: number): Promise<DenySet>
  /** roles that deny a session, or did until lately */
  deniedRoles(): Promise<readonly RoleIn[]>
  /** Forgets sessions of the role of which no token can be valid any more. */
  forgetDenied(roleArn: string, now: Instant): Promise<void>
  /** Takes the turn to write the role's policy, until then; false: another has it. */
  takeRole(turn: {
    readonly roleArn: string
    readonly owner: string
    readonly now: Instant
    readonly until: Instant
  }): Promise<boolean>
  giveRole(roleArn: string, owner: string): Promise<void>
  /** Whoever comes next with something open, by their id; null = nobody does. */
  nextRequester(after: PersonId | null): Promise<PersonId | null>
}

/** Where a session is tried: what it could read until it was ended. */
export type ProbePlace = {
  readonly region: string
  readonly workgroup: string
  /** of the Glue Data Catalog */
  readonly database: string
}

export interface Probes {
  /**
   * Tries the session's credentials on a call that reads no data, in each service, again and again
   * for some seconds, until every one is refused. False: one was answered to the last.
   */
  isRefused(credentials: SessionCredentials, place: ProbePlace): Promise<AwsAnswer<boolean>>
}

/** Lengths of time that people want to watch, in seconds. */
export type EndingMeters = {
  /** from the request to end until AWS refused the session */
  readonly revocation: { readonly observe: (seconds: number) => void }
  /** from notAfter until the broker began to take away */
  readonly expiryLateness: { readonly observe: (seconds: number) => void }
}
