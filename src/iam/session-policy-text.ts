/**
 * The session policy as text, the only form in which it is stored and sent. The brand is made here
 * alone, and only for a text that ends everything at an instant, so no AssumeRole call can be
 * written without such a policy.
 */
import { instant, iso, type Brand, type Instant } from '../elevation/ids.ts'
import type { Statement } from './policy-document.ts'

export type SessionPolicyText = Brand<string, 'SessionPolicyText'>

export type SessionPolicy = {
  /** the very text sent: no white space */
  readonly text: SessionPolicyText
  readonly characters: number
  readonly workgroup: string
  /** when the End Deny begins, a whole second */
  readonly notAfter: Instant
}

/** STS API, AssumeRole: plain text of the session policy. */
export const sessionPolicyLimit = 2048

/** Denies everything from `end` on, by AWS's clock, whatever else is allowed or granted. */
export const endStatement = (end: Instant): Statement => ({
  Effect: 'Deny',
  Action: '*',
  Resource: '*',
  Condition: { DateGreaterThanEquals: { 'aws:CurrentTime': iso(end).replace('.000Z', 'Z') } }
})

/**
 * Reads a session policy of this product, e.g. the one an intent keeps. Null unless it is minified
 * printable ASCII JSON within the limit that begins with one workgroup and ends with the End Deny.
 */
export const readSessionPolicy = (text: string): SessionPolicy | null => {
  if (text.length > sessionPolicyLimit || /[^ -~]/.test(text)) return null
  const statements = statementsOf(text)
  const workgroup = workgroupForm.exec(JSON.stringify(statements?.[0] ?? null))?.[1]
  const end = endOf(statements?.at(-1))
  if (workgroup === undefined || end === null) return null
  const characters = text.length
  return { text: text as SessionPolicyText, characters, workgroup, notAfter: end }
}

const workgroupForm = /"Resource":"arn:[a-z-]+:athena:[a-z0-9-]+:[0-9]{12}:workgroup\/([\w.-]+)"\}$/

const statementsOf = (text: string): readonly unknown[] | null => {
  const parsed = parseJson(text)
  if (typeof parsed !== 'object' || parsed === null || JSON.stringify(parsed) !== text) return null
  if (!('Version' in parsed && 'Statement' in parsed)) return null
  if (parsed.Version !== '2012-10-17' || Object.keys(parsed).length !== 2) return null
  return Array.isArray(parsed.Statement) ? parsed.Statement : null
}

const endOf = (last: unknown): Instant | null => {
  const written = JSON.stringify(last ?? null)
  const found = /"aws:CurrentTime":"([0-9T:-]{19}Z)"/.exec(written)?.[1]
  const milliseconds = found === undefined ? Number.NaN : Date.parse(found)
  if (Number.isNaN(milliseconds) || milliseconds < 0) return null
  const end = instant(milliseconds)
  return written === JSON.stringify(endStatement(end)) ? end : null
}

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
