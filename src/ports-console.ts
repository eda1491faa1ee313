/**
 * What the console needs remembered: who is signed in, and who is about to. Whoever has a copy of
 * the store can become nobody: it holds digests of what browsers hold, never that itself.
 */
import type { Instant, PersonId } from './elevation/ids.ts'

export type ConsoleSession = {
  readonly person: PersonId
  /** as the directory knows it, of the issuer */
  readonly subject: string
  /** of the sign-in, as the ID token says; null or empty where it does not */
  readonly authAt: Instant | null
  readonly acr: string | null
  readonly amr: readonly string[]
  readonly madeAt: Instant
  /** over then, whatever is done */
  readonly endsAt: Instant
}

/** One way to the identity provider and back; good once. */
export type SignInTurn = {
  /** SHA-256 of what the browser's cookie holds, hex */
  readonly browser: string
  readonly issuer: string
  readonly nonce: string
  /** PKCE's, RFC 7636 */
  readonly verifier: string
  /** a path of the console */
  readonly backTo: string
  /** what `auth_time` was asked to be at most, in seconds; null = nothing was asked */
  readonly maxAge: number | null
  readonly until: Instant
}

export interface ConsoleSessions {
  /** Remembers the session under its digest (SHA-256, hex), durable when it resolves. */
  open(digest: string, session: ConsoleSession, idleAt: Instant): Promise<void>
  /** The session, where it is not over; it is idle from `idleAt` on unless it is used again. */
  use(digest: string, now: Instant, idleAt: Instant): Promise<ConsoleSession | null>
  /** Those of this person that are not over, the latest first, with their digests. */
  sessionsOf(
    person: PersonId,
    now: Instant
  ): Promise<readonly (ConsoleSession & { readonly digest: string })[]>
  /** Ends it, where it is this person's. */
  close(digest: string, person: PersonId): Promise<void>
  /** Ends all that this person has. */
  closeAll(person: PersonId): Promise<void>
  /** Remembers a turn under the digest of its `state`. */
  begin(state: string, turn: SignInTurn): Promise<void>
  /** The turn, for the first who takes it and before its time is over; null afterwards. */
  take(state: string, now: Instant): Promise<SignInTurn | null>
}
