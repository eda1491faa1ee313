/**
 * A rule: one record that says what it judges, how bad it is, why, what shows it and what mends it.
 * `severity` holds where the resource touches a target, `elsewhere` where it touches none; null =
 * it is not judged there. A rule never throws and never guesses.
 */
import type { FindingCode } from '../policy/finding-codes.ts'
import type {
  BucketFacts,
  Gap,
  KeyFacts,
  PrincipalFacts,
  TableFacts,
  WorkgroupFacts
} from './facts.ts'
import type { Target } from '../elevation/target.ts'
import type { Kind, Mend, Severity } from './finding.ts'
import type { View } from './scene.ts'

/** One thing that a rule found on a resource. */
export type Shown = {
  /** what distinguishes it from others of the rule on the same resource; empty = there is one */
  readonly part: string
  /** the fact, in a sentence's words */
  readonly shows: string
  /** where this one is worse or less than the rule says */
  readonly severity?: Severity
  /** where it touches other targets than the resource does */
  readonly targets?: readonly Target[]
}

/** How far a public rule sees what ours does. */
export type Seen = { readonly rule: string; readonly sees: 'all' | 'part' }

export type Rule<K extends Kind, R> = {
  readonly code: FindingCode
  readonly judges: K
  readonly severity: Severity
  readonly elsewhere: Severity | null
  readonly title: string
  readonly why: string
  /** null = none was found */
  readonly seenBy: { readonly prowler: Seen | null; readonly config: Seen | null }
  readonly find: (resource: R, view: View) => readonly Shown[]
  readonly mend: (resource: R, view: View, shown: Shown) => Mend
}

export type WorkgroupRule = Rule<'workgroup', WorkgroupFacts>
export type KeyRule = Rule<'key', KeyFacts>
export type RoleRule = Rule<'role', PrincipalFacts>
export type BucketRule = Rule<'bucket', BucketFacts>
export type TableRule = Rule<'table', TableFacts>
export type TargetRule = Rule<'target', Target>
export type GapRule = Rule<'gap', Gap>

export const unseen = { prowler: null, config: null } as const

/** One thing found, the only one of its rule on the resource. */
export const found = (shows: string, over: Partial<Shown> = {}): readonly Shown[] => [
  { part: '', shows, ...over }
]

export const nothing: readonly Shown[] = []
