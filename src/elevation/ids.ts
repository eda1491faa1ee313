/**
 * Branded ids and units. Each brand is made by one parse function; nothing else may cast.
 * An elevation's id is a ULID (ulid spec: 26 characters of Crockford's base32), so it sorts by time
 * and fits AWS session and grant names without escaping.
 */
declare const brand: unique symbol
export type Brand<T, B extends string> = T & { readonly [brand]: B }

export type ElevationId = Brand<string, 'ElevationId'>
export type PersonId = Brand<string, 'PersonId'>
export type TargetId = Brand<string, 'TargetId'>
export type RuleId = Brand<string, 'RuleId'>
export type QueryId = Brand<string, 'QueryId'>

/** Epoch milliseconds, UTC. */
export type Instant = Brand<number, 'Instant'>
/** A length of time in whole seconds, at least 1. */
export type Seconds = Brand<number, 'Seconds'>

const ulid = /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/
const name = /^[a-z0-9][a-z0-9._-]{1,62}$/

/** A ULID in its canonical upper case, or null. */
export const parseElevationId = (text: string): ElevationId | null =>
  ulid.test(text) ? (text as ElevationId) : null

/** A query's id is a ULID too; or null. */
export const parseQueryId = (text: string): QueryId | null =>
  ulid.test(text) ? (text as QueryId) : null

/**
 * 2 to 63 characters of `a-z 0-9 . _ -`, starting with a letter or digit (STS SourceIdentity), or
 * null.
 */
export const parsePersonId = (text: string): PersonId | null =>
  name.test(text) ? (text as PersonId) : null

/** Same alphabet as a person's id, or null. */
export const parseTargetId = (text: string): TargetId | null =>
  name.test(text) ? (text as TargetId) : null

/** Same alphabet as a person's id, or null. */
export const parseRuleId = (text: string): RuleId | null =>
  name.test(text) ? (text as RuleId) : null

/** Whole epoch milliseconds within what ISO 8601 prints with four-digit years; throws otherwise. */
export const instant = (milliseconds: number): Instant => {
  if (!Number.isSafeInteger(milliseconds) || milliseconds < 0 || milliseconds > 253402300799999) {
    throw new RangeError('not an instant')
  }
  return milliseconds as Instant
}

/** Whole seconds from 1 to ten years; throws otherwise. */
export const seconds = (count: number): Seconds => {
  if (!Number.isSafeInteger(count) || count < 1 || count > 315360000) {
    throw new RangeError('not a length in seconds')
  }
  return count as Seconds
}

export const plus = (at: Instant, length: Seconds): Instant => instant(at + length * 1000)

/** ISO 8601 UTC with milliseconds, e.g. `2026-11-21T10:15:00.000Z`. */
export const iso = (at: Instant): string => new Date(at).toISOString()

/** The later bound of neither: the shorter of the given lengths. */
export const shortest = (...lengths: readonly [Seconds, ...Seconds[]]): Seconds =>
  seconds(Math.min(...lengths))
