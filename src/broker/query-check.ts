/**
 * What a query is held to, and the check itself: the guardrail of the rule as it is now, the tables
 * and columns that were asked for, and a catalog that is fresh. Whatever of it cannot be had
 * refuses.
 */
import type { Ask, Terms } from '../elevation/elevation.ts'
import { parseTargetId } from '../elevation/ids.ts'
import {
  type QueryVerdict,
  type Refusal,
  type Result,
  accept,
  refuse
} from '../elevation/refusal.ts'
import { type Target, tablesOf } from '../elevation/target.ts'
import { mayStillIssue, offersFor } from '../policy/decide.ts'
import { unrestricted } from '../policy/guardrails.ts'
import type { Guardrail, Restrictions, Rule } from '../policy/policy.ts'
import { byMostGiven } from '../policy/terms.ts'
import type { CatalogSnapshot } from '../ports.ts'
import type { Checked } from '../ports-queries.ts'
import { policyDenied, unknownTarget } from './ask.ts'
import type { Caller } from './broker.ts'
import type { CatalogOf } from './catalog.ts'
import type { Deps } from './deps.ts'
import { findOwn } from './find.ts'
import type { CheckInput } from './query-verbs.ts'

export type HeldTo = {
  readonly target: Target
  readonly rule: Rule
  readonly tables: readonly string[]
  readonly columns: readonly string[] | null
}

export type CheckedQuery = Checked & {
  /** where names without a database are looked up, by the guard and by Athena alike */
  readonly database: string
  /** name of the guardrail; null = the rule has none */
  readonly guardrail: string | null
  readonly catalog: CatalogSnapshot
}

/**
 * What an elevation's queries are held to by the policy of now; refused where it allows no more of
 * them, or where the rule had a guardrail at the ask and has none now.
 */
export const heldTo = (
  deps: Deps,
  { ask, terms }: { readonly ask: Ask; readonly terms: Terms }
): Result<HeldTo> => {
  const policy = deps.policy()
  const stage = { kind: 'vend' } as const
  const still = mayStillIssue(policy, terms, ask, { now: deps.clock.now(), stage })
  if (still.kind === 'deny') return policyDenied(still)
  const target = policy.targets.get(ask.target)
  const rule = policy.rules.find(({ id }) => id === terms.rule)
  if (!target || !rule) return unknownTarget
  if (terms.guardrail !== undefined && rule.guardrail === null) return unguarded
  return accept({ target, rule, tables: ask.tables, columns: ask.columns })
}

/** Half a surrogate pair has no UTF-8: two such texts would have one hash. */
const malformed = refuse('invalid_ask', 'sql: it is not well-formed Unicode. Send another text.')

const unguarded = refuse(
  'policy_denied',
  'The rule had a guardrail when this was approved and has none now. Ask again.'
)

/** One verdict over a fresh catalog. */
export const checkText = async (
  { deps, catalogOf }: { readonly deps: Deps; readonly catalogOf: CatalogOf },
  sql: string,
  { target, rule, tables, columns }: HeldTo
): Promise<Result<CheckedQuery>> => {
  if (!sql.isWellFormed()) return malformed
  const found = await catalogOf(target)
  if (!found.ok) return found
  const database = rule.guardrail?.defaultDatabase ?? target.data[0]?.database
  if (database === undefined) throw new Error('a target without data')
  const guardrail = { ...unrestricted, ...plain(rule.guardrail), defaultDatabase: database }
  const catalog = found.value
  const checked = await deps.checks.check({ sql, catalog, guardrail, grant: { tables, columns } })
  return accept({ ...checked, database, guardrail: rule.guardrail?.id ?? null, catalog })
}

/** The verdict on a text, for whoever types it: nothing is counted and nothing written down. */
export const checkQuery = async (
  parts: { readonly deps: Deps; readonly catalogOf: CatalogOf },
  caller: Caller,
  input: CheckInput
): Promise<Result<QueryVerdict>> => {
  const held =
    'elevation' in input
      ? await heldByElevation(parts.deps, caller, input.elevation)
      : heldByOffer(parts.deps, caller, input)
  if (!held.ok) return held
  const checked = await checkText(parts, input.sql, held.value)
  return checked.ok ? accept(checked.value.shown) : checked
}

/** `query_refused` with its verdict, as the requester may see it. */
export const refusedWith = (
  verdict: QueryVerdict
): { readonly ok: false; readonly refusal: Refusal } => {
  const [first] = verdict.refusals
  const more = verdict.refusals.length - 1
  const others = more > 0 ? ` and ${more} more` : ''
  const message = first
    ? `line ${first.line}:${first.column}: ${first.message}${others}. Nothing was run.`
    : 'The query may not run.'
  return { ok: false, refusal: { code: 'query_refused', message, verdict } }
}

const heldByElevation = async (
  deps: Deps,
  { person }: Caller,
  id: string
): Promise<Result<HeldTo>> => {
  const found = await findOwn(deps, person, id)
  if (!found.ok) return found
  return heldTo(deps, found.value.elevation)
}

type OfferInput = Exclude<CheckInput, { readonly elevation: string }>

/** Under the rule that would let an ask through first; whether it does is for the ask to find. */
const heldByOffer = (deps: Deps, { person }: Caller, input: OfferInput): Result<HeldTo> => {
  const id = parseTargetId(input.target)
  const offer = offersFor(deps.policy(), person).find(({ target }) => target.id === id)
  const rule = offer?.rules.toSorted(byMostGiven)[0]
  if (!offer || !rule) return unknownTarget
  const { target } = offer
  const wanted = new Set(input.tables ?? tablesOf(target))
  const tables = tablesOf(target).filter((table) => wanted.has(table))
  return accept({ target, rule, tables, columns: input.columns ?? null })
}

const plain = (guardrail: Guardrail | null): Partial<Restrictions> => {
  if (guardrail === null) return {}
  const { id: _, ...rest } = guardrail
  return rest
}
