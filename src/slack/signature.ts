/**
 * Slack's request signature v0 (docs.slack.dev/authentication/verifying-requests-from-slack): an
 * HMAC over the very bytes that came. Refuses what is older or newer than five minutes, and every
 * other spelling of the two headers. Nothing here throws, whatever is sent.
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { Instant } from '../elevation/ids.ts'

export type Signed = {
  /** the current secret, and during a rotation the other one */
  readonly secrets: readonly (() => string)[]
  /** `X-Slack-Request-Timestamp`; attacker-controlled */
  readonly timestamp: unknown
  /** `X-Slack-Signature`; attacker-controlled */
  readonly signature: unknown
  readonly body: Uint8Array
  readonly now: Instant
}

/** How far Slack's clock and ours may be apart, in seconds. */
export const toleranceSeconds = 300

export type Verified = {
  /** the name under which the request is remembered: a hash of its signature */
  readonly key: string
  /** SHA-256 of the base string that Slack signed, `v0:TIMESTAMP:BODY`, as hex */
  readonly signatureBase: string
}

/** Null where it is not signed by one of the secrets, too old or from the future. */
export const verifySigned = (signed: Signed): Verified | null => {
  const at = typeof signed.timestamp === 'string' ? seconds.exec(signed.timestamp)?.[0] : undefined
  const hex = typeof signed.signature === 'string' ? v0.exec(signed.signature)?.[1] : undefined
  if (at === undefined || hex === undefined) return null
  if (Math.abs(Math.floor(signed.now / 1000) - Number(at)) > toleranceSeconds) return null
  const given = Buffer.from(hex, 'hex')
  const base = Buffer.concat([Buffer.from(`v0:${at}:`), signed.body])
  // every secret is tried, so that the time taken does not tell which one fits
  const matches = signed.secrets.filter((secret) => {
    return timingSafeEqual(createHmac('sha256', secret()).update(base).digest(), given)
  })
  return matches.length === 0 ? null : { key: sha256(given), signatureBase: sha256(base) }
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

const seconds = /^[0-9]{1,11}$/
const v0 = /^v0=([0-9a-f]{64})$/
