/**
 * A finding: something out of line on one resource, with the facts that show it and the change that
 * mends it. Its id depends on the rule, the resource and what distinguishes it there, never on when
 * or in what order facts were read. Every text of it may hold names that others chose.
 */
import { hash } from 'node:crypto'
import { type FindingCode, type Severity, severities } from '../policy/finding-codes.ts'

export { type Severity, severities }

/** What a rule looks at; `use`: what a log told of, which no rule judges. */
export type Kind = 'workgroup' | 'key' | 'role' | 'bucket' | 'table' | 'target' | 'gap' | 'use'

/** The change that closes a finding; each may be applied as it stands. */
export type Mend = {
  /** lines for a shell with AWS CLI v2 */
  readonly cli: readonly string[]
  /** fragment of a template, YAML */
  readonly cloudformation: string
  /** fragment of a configuration, HCL */
  readonly terraform: string
}

/** A waiver as it bears on a finding; an expired one waives nothing. */
export type Waived = {
  readonly state: 'holds' | 'expired'
  /** `person:ID` */
  readonly by: string
  readonly reason: string
  /** ISO 8601 UTC; at this instant it is over */
  readonly until: string
}

/** What was done on a target, as CloudTrail tells it. */
export type SeenUse = {
  /** how `reconcile` calls it at every run */
  readonly id: string
  /** the elevation it belongs to, ULID; null = to none */
  readonly elevation: string | null
  /** where its log is from */
  readonly account: string
  readonly region: string
  /** ISO 8601 UTC */
  readonly first: string
  readonly last: string
  readonly events: number
}

export type Finding = {
  /** `CODE:` and 20 hex digits */
  readonly id: string
  readonly code: FindingCode
  readonly kind: Kind
  readonly severity: Severity
  readonly title: string
  /** ARN, or what AWS calls it where it could not be read */
  readonly resource: string
  /** ids of the targets it touches, sorted; empty = none */
  readonly targets: readonly string[]
  /** the fact that shows it */
  readonly shows: string
  readonly why: string
  readonly mend: Mend
  /** the target's owner, else the tag `owner`, else null */
  readonly owner: string | null
  readonly waiver: Waived | null
  /** of the kind `use` only */
  readonly use?: SeenUse
}

/** The same for the same rule, resource and part, whatever else changes. */
export const findingId = (code: FindingCode, resource: string, part: string): string =>
  `${code}:${hash('sha256', JSON.stringify([code, resource, part]), 'hex').slice(0, 20)}`

/** Not waived, or no longer. */
export const isOpen = ({ waiver }: Finding): boolean => waiver?.state !== 'holds'

/** Whether `severity` is `floor` or worse. */
export const isAtLeast = (severity: Severity, floor: Severity): boolean =>
  severities.indexOf(severity) <= severities.indexOf(floor)

/** Worst first, then by code, resource and id. */
export const byWeight = (a: Finding, b: Finding): number =>
  severities.indexOf(a.severity) - severities.indexOf(b.severity) ||
  compare(a.code, b.code) ||
  compare(a.resource, b.resource) ||
  compare(a.id, b.id)

const compare = (a: string, b: string): number => Number(a > b) - Number(a < b)
