/** Reading the ledger: auditors only, and the read is an entry itself. */
import type { PersonId } from '../elevation/ids.ts'
import { type Result, accept, refuse } from '../elevation/refusal.ts'
import { hasRole } from '../policy/people.ts'
import type { LedgerRow } from '../ports.ts'
import type { Deps } from './deps.ts'
import { append } from './record.ts'

export const entries = async (
  deps: Deps,
  person: PersonId,
  range: { readonly from: number; readonly limit: number }
): Promise<Result<readonly LedgerRow[]>> => {
  if (!hasRole(deps.policy(), person, 'auditor')) {
    return refuse('policy_denied', 'Only auditors read the ledger. Ask whoever keeps policies/roles.')
  }
  const rows = await deps.ledger.entries(range.from, range.limit)
  await append(deps, {
    type: 'ledger.read',
    at: deps.clock.now(),
    actor: person,
    elevation: null,
    target: null,
    policyDigest: deps.policy().digest,
    data: { from: range.from, rows: rows.length }
  })
  return accept(rows)
}
