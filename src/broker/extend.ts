/**
 * Going on from a window that runs: a new elevation of the same target, tables, columns and query,
 * weighed and approved like any other. The one it goes on from is read from the store, only its
 * requester may, only while it is active, and it ends when it would have. A window is extended once
 * at a time; how many in a row is the rule's to say (`extensions`). Where it says nothing it is
 * one: anybody may ask anew anyway, and who approves has then seen all that the chain can become.
 */
import { type Active, type Extends, windowSeconds } from '../elevation/elevation.ts'
import { seconds } from '../elevation/ids.ts'
import { type Result, accept, refuse } from '../elevation/refusal.ts'
import { commitment } from '../ledger/entry.ts'
import type { Stored } from '../ports.ts'
import type { Asking } from './ask.ts'
import { type AskParts, askedText } from './bind.ts'
import type { Caller, ExtensionInput, Submitted } from './broker.ts'
import type { Deps } from './deps.ts'
import { findOwn } from './find.ts'
import { type Once, submitAs } from './submit.ts'

/** Stores an ask that extends this elevation; `not_active` where its window does not run. */
export const extend = (
  parts: AskParts,
  caller: Caller,
  { id, input, idempotency }: { readonly id: string; readonly input: ExtensionInput } & Once
): Promise<Result<Submitted>> =>
  submitAs(parts, caller, {
    read: () => askingFor(parts.deps, caller, { id, input }),
    idempotency
  })

const askingFor = async (
  deps: Deps,
  { person }: Caller,
  { id, input }: { readonly id: string; readonly input: ExtensionInput }
): Promise<Result<Asking>> => {
  const found = await findOwn(deps, person, id)
  if (!found.ok) return found
  const { elevation } = found.value
  if (elevation.state !== 'active') {
    const what = `It is ${elevation.state}; only what is active is extended. Ask anew.`
    return refuse('not_active', what)
  }
  if (deps.clock.now() >= elevation.intent.notAfter) {
    return refuse('not_active', 'Its window is over. Ask anew if you still need access.')
  }
  const sql = await boundText(deps, { ...found.value, elevation })
  if (!sql.ok) return sql
  const { target, tables, columns } = elevation.ask
  const same = { target, tables, columns: columns ?? undefined, sql: sql.value }
  const { duration, reason, ticket } = input
  return accept({ input: { ...same, duration, reason, ticket }, extends: extendsOf(elevation) })
}

const extendsOf = (from: Active): Extends => {
  const { extends: before } = from.ask
  return {
    elevation: from.id,
    notAfter: from.intent.notAfter,
    place: (before?.place ?? 1) + 1,
    seconds: seconds((before?.seconds ?? 0) + windowSeconds(from))
  }
}

/**
 * The one query that may run is looked at again, so its text is needed: it may have been erased.
 */
const boundText = async (
  deps: Deps,
  stored: Stored<Active>
): Promise<Result<string | undefined>> => {
  const { query } = stored.elevation.ask
  if (query === undefined) return accept(undefined)
  const opening = await askedText(deps, stored)
  return opening !== null && commitment(opening.salt, opening.value) === query.commitment
    ? accept(opening.value)
    : refuse('invalid_ask', 'The text of its one query cannot be had any more. Ask anew.')
}
