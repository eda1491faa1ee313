/**
 * A loaded policy: every name resolved, every pattern parsed. Made by load.ts alone; decide.ts
 * reads it.
 */
import type { Mode } from '../elevation/elevation.ts'
import type { PersonId, RuleId, Seconds, TargetId } from '../elevation/ids.ts'
import type { Target } from '../elevation/target.ts'
import type { Glob } from './glob.ts'

export type Person = {
  readonly id: PersonId
  readonly emails: readonly string[]
  /** `sub` values of tokens that are this person; by default the id itself */
  readonly subjects: readonly string[]
  /** groups, nested ones included */
  readonly groups: ReadonlySet<string>
  readonly active: boolean
}

/** `person:ID` or `group:NAME` as written. */
export type SubjectRef = { readonly kind: 'person' | 'group'; readonly name: string }

export type Rule = {
  readonly id: RuleId
  readonly targets: readonly TargetId[]
  readonly requesters: readonly SubjectRef[]
  readonly maxDuration: Seconds
  readonly activateWithin: Seconds
  readonly mode: Mode
  readonly reasonMinLength: number
  /** what a ticket must look like; null = none is asked for */
  readonly ticket: Glob | null
  readonly approval: {
    readonly from: readonly SubjectRef[]
    readonly quorum: number
    readonly within: Seconds
  }
}

export type Deny = {
  readonly id: RuleId
  readonly requesters: readonly SubjectRef[]
  /** null = every target */
  readonly targets: readonly TargetId[] | null
}

/** Duties apart from rules: reading the ledger, operating, ending anybody's elevation. */
export type Role = 'auditor' | 'operator' | 'security'

export type Policy = {
  /** `sha256:` and hex over the canonical form of all documents */
  readonly digest: string
  readonly people: ReadonlyMap<PersonId, Person>
  /** every `sub` of every person, inactive ones included; no `sub` belongs to two */
  readonly bySubject: ReadonlyMap<string, PersonId>
  readonly targets: ReadonlyMap<TargetId, Target>
  readonly rules: readonly Rule[]
  readonly denies: readonly Deny[]
  readonly roles: Readonly<Record<Role, readonly SubjectRef[]>>
}

export type PolicyFile = { readonly path: string; readonly text: string }

export type PolicyIssue = {
  readonly file: string
  /** 1-based; 0 where the file as a whole is meant */
  readonly line: number
  /** `rules[2].approval.quorum` */
  readonly path: string
  readonly code:
    | 'not_yaml'
    | 'unknown_key'
    | 'wrong_type'
    | 'missing'
    | 'bad_value'
    | 'duplicate'
    | 'unresolved'
    | 'empty_approvers'
    | 'impossible_quorum'
    | 'nothing'
  readonly severity: 'error' | 'warning'
  readonly message: string
}
