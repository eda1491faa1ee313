/**
 * What iam refuses, as values. Every refusal is also an elevation `Refusal` (same codes), with the
 * facts a reader needs to mend it. Offending text is escaped and cut, so it is safe to print.
 */
import type { Refusal } from '../elevation/refusal.ts'

export type UnsafeName = {
  readonly code: 'unsafe_name'
  /** where it stands, e.g. `target.data[0].database` */
  readonly where: string
  /** printable ASCII, at most 80 characters */
  readonly value: string
  readonly message: string
}

export type PolicyTooLarge = {
  readonly code: 'policy_too_large'
  readonly characters: number
  readonly limit: number
  /** the longest statements first, with their own length in characters */
  readonly longest: readonly { readonly statement: string; readonly characters: number }[]
  readonly message: string
}

export type InvalidAsk = {
  readonly code: 'invalid_ask'
  readonly where: string
  readonly value: string
  readonly message: string
}

/** The window is over: there is nothing left to issue. */
export type WindowOver = { readonly code: 'ended'; readonly message: string }

export type IamRefusal = (UnsafeName | PolicyTooLarge | InvalidAsk | WindowOver) & Refusal

export type IamResult<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly refusals: readonly IamRefusal[] }

/** Text as it may be shown: everything but printable ASCII escaped, cut at 80 characters. */
export const printable = (text: string): string => {
  const escaped = text.replace(/[^ -~]/g, (unit) => {
    const code = unit.charCodeAt(0).toString(16).padStart(4, '0')
    return `\\u${code}`
  })
  return escaped.length > 80 ? `${escaped.slice(0, 77)}...` : escaped
}
