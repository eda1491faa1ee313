/** All rules, by what they judge: the table that a reader checks and that reports are made from. */
import { bucketRules, tableRules } from './bucket-rules.ts'
import type { Kind, Severity } from './finding.ts'
import { gapRules, targetRules } from './gap-rules.ts'
import { grantRules } from './grant-rules.ts'
import { keyPolicyRules } from './key-policy-rules.ts'
import { keyRules } from './key-rules.ts'
import { preflightRules } from './preflight-rules.ts'
import { roleRules } from './role-rules.ts'
import type { FindingCode } from '../policy/finding-codes.ts'
import type { Seen } from './rule.ts'
import { workgroupResultsRules } from './workgroup-results-rules.ts'
import { workgroupUseRules } from './workgroup-use-rules.ts'

export const rules = {
  workgroup: [...workgroupResultsRules, ...workgroupUseRules],
  key: [...keyRules, ...keyPolicyRules, ...grantRules, ...preflightRules],
  role: roleRules,
  bucket: bucketRules,
  table: tableRules,
  target: targetRules,
  gap: gapRules
} as const

/** What a rule says of itself. */
export type RuleRow = {
  readonly code: FindingCode
  readonly judges: Kind
  readonly severity: Severity
  readonly elsewhere: Severity | null
  readonly title: string
  readonly why: string
  readonly seenBy: { readonly prowler: Seen | null; readonly config: Seen | null }
}

/** One row per rule; a code may stand in several, for what they judge differs. */
export const ruleRows: readonly RuleRow[] = Object.values(rules).flatMap(
  (some): readonly RuleRow[] =>
    some.map(({ code, judges, severity, elsewhere, title, why, seenBy }) => {
      return { code, judges, severity, elsewhere, title, why, seenBy }
    })
)
