/** Reading the ledger's rows: auditors only, and the read is an entry itself. */
import type { PersonId } from '../elevation/ids.ts'
import { type Result, accept } from '../elevation/refusal.ts'
import type { LedgerRow } from '../ports.ts'
import type { Deps } from './deps.ts'
import { type NoteRead, auditing } from './ledger-reads.ts'

export const entries = async (
  deps: Deps,
  {
    person,
    from,
    limit
  }: { readonly person: PersonId; readonly from: number; readonly limit: number },
  note: NoteRead
): Promise<Result<readonly LedgerRow[]>> => {
  const may = auditing(deps, person)
  if (!may.ok) return may
  const rows = await deps.ledger.entries(from, limit)
  await note(person, { read: 'entries', from, rows: rows.length })
  return accept(rows)
}
