/**
 * Reading the ledger's rows with what opens their commitments: auditors only, and the read is an
 * entry itself.
 */
import { type PersonId, parsePersonId } from '../elevation/ids.ts'
import { type Result, accept } from '../elevation/refusal.ts'
import { type Opening, commitment } from '../ledger/entry.ts'
import { parseEntry } from '../ledger/envelope.ts'
import type { LedgerRow } from '../ports.ts'
import type { OpenedRow, OpeningState } from './broker.ts'
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
): Promise<Result<readonly OpenedRow[]>> => {
  const may = auditing(deps, person)
  if (!may.ok) return may
  const rows = await deps.ledger.entries(from, limit)
  const openings = await deps.ledger.openings(from, limit)
  const opened: OpenedRow[] = []
  for (const row of rows) opened.push(await openRow(deps, row, openings.get(row.index) ?? []))
  await note(person, { read: 'entries', from, rows: rows.length })
  return accept(opened)
}

/** Erasures are looked up after the values, so that one in between is not an alarm. */
export const openRow = async (
  deps: Deps,
  row: LedgerRow,
  openings: readonly Opening[]
): Promise<OpenedRow> => {
  const parsed = parseEntry(row.body)
  if (!parsed.ok) return { ...row, openings: {} }
  const { actor, commitments } = parsed.body
  const states: [string, OpeningState][] = []
  for (const [name, committed] of Object.entries(commitments)) {
    const found = openings.find((opening) => opening.name === name)
    if (found && commitment(found.salt, found.value) === committed) {
      states.push([name, { state: 'opened', salt: found.salt, value: found.value }])
      continue
    }
    const owner = parsePersonId(actor)
    const by = owner && (await deps.ledger.erasedAt(owner))
    const isErased = by !== null && by > row.index
    states.push([name, isErased ? { state: 'erased', by } : { state: 'MISSING' }])
  }
  return { ...row, openings: Object.fromEntries(states) }
}
