/**
 * Whether a sign-in is recent and strong enough (OpenID Connect Core 1.0, section 2: `auth_time`,
 * `acr`, `amr`). What a token does not say counts as not so.
 */
import { printDuration } from '../elevation/duration.ts'
import { type Instant, type Seconds, iso, seconds } from '../elevation/ids.ts'
import type { Presence } from './circumstances.ts'
import type { SignIn } from './policy.ts'

/** What is wanting, each with what was seen and what would meet it; empty = nothing. */
export const signInFaults = (
  required: SignIn,
  { authAt, acr, amr }: Presence,
  now: Instant
): readonly string[] => {
  const missing = required.amr.filter((method) => !amr.includes(method))
  return [
    ...(required.within === null ? [] : ageFaults(required.within, authAt, now)),
    ...(required.acr === null || (acr !== null && required.acr.includes(acr))
      ? []
      : [`its acr is ${acr ?? 'not told'} and must be ${required.acr.join(' or ')}`]),
    ...(missing.length === 0
      ? []
      : [`its amr is ${amr.join(' ') || 'not told'} and lacks ${missing.join(' ')}`])
  ]
}

/** `at most 15m ago, acr phr or phrh, amr mfa` */
export const printSignIn = ({ within, acr, amr }: SignIn): string =>
  [
    ...(within === null ? [] : [`at most ${printDuration(within)} ago`]),
    ...(acr === null ? [] : [`acr ${acr.join(' or ')}`]),
    ...(amr.length === 0 ? [] : [`amr ${amr.join(' ')}`])
  ].join(', ')

/** How far the issuer's clock may be ahead of ours. */
const skewMilliseconds = 60_000

const ageFaults = (
  within: Seconds,
  authAt: Instant | null,
  now: Instant
): readonly string[] => {
  const limit = `at most ${printDuration(within)} ago`
  if (authAt === null) return [`when it was is not told and must be ${limit}`]
  if (authAt > now + skewMilliseconds) return [`it is of ${iso(authAt)}, which is still to come`]
  if (now - authAt <= within * 1000) return []
  return [`it was ${printAge(now - authAt)} ago and must be ${limit}`]
}

/** Rounded up, so that what is a little too old never reads as just in time. */
const printAge = (milliseconds: number): string =>
  printDuration(seconds(Math.min(Math.ceil(milliseconds / 1000), 315360000)))
