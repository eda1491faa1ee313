/**
 * What became of an edit of the policy, in the ledger before it counts: a change with both digests,
 * or the first issue of an edit that was refused while the last good policy stays in force.
 */
import type { Policy, PolicyIssue } from '../policy/policy.ts'
import type { Deps } from './deps.ts'
import { append, entryOf } from './record.ts'

/**
 * `from` null = at the start of this process, which a store that is slow for a moment does not end:
 * it is asked again, with the same entry, which is written once.
 */
export const policyChanged = async (
  deps: Deps,
  { from, to }: { readonly from: Policy | null; readonly to: Policy }
): Promise<void> => {
  const entry = entryOf(deps, deps.ids.entry(), {
    ...about(deps, to),
    type: 'policy.changed',
    data: { from: from?.digest ?? null, to: to.digest }
  })
  for (let left = from === null ? triesAtStart : 1; ; left--) {
    try {
      return await deps.ledger.append([entry])
    } catch (cause) {
      if (left === 1) throw cause
    }
  }
}

const triesAtStart = 5

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
