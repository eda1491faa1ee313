/**
 * What became of an edit of the policy, in the ledger before it counts: a change with both digests,
 * or the first issue of an edit that was refused while the last good policy stays in force.
 */
import type { Policy, PolicyIssue } from '../policy/policy.ts'
import type { Deps } from './deps.ts'
import { append } from './record.ts'

/** `from` null = at the start of this process. */
export const policyChanged = (
  deps: Deps,
  { from, to }: { readonly from: Policy | null; readonly to: Policy }
): Promise<void> =>
  append(deps, {
    ...about(deps, to),
    type: 'policy.changed',
    data: { from: from?.digest ?? null, to: to.digest }
  })

/** File, line and code of the first issue; what was typed there is not in the entry. */
export const policyRefused = (
  deps: Deps,
  { kept, issues }: { readonly kept: Policy; readonly issues: readonly PolicyIssue[] }
): Promise<void> => {
  const errors = issues.filter(({ severity }) => severity === 'error')
  const [first] = errors
  return append(deps, {
    ...about(deps, kept),
    type: 'policy.refused',
    data: {
      kept: kept.digest,
      errors: errors.length,
      first: first ? { file: first.file, line: first.line, code: first.code } : null
    }
  })
}

const about = (deps: Deps, policy: Policy) => ({
  at: deps.clock.now(),
  actor: 'broker' as const,
  elevation: null,
  target: null,
  policyDigest: policy.digest
})
