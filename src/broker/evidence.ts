/**
 * An evidence pack out of the ledger and the store: the entries of an elevation, or of a time, each
 * with its proof under the latest checkpoint and what opens its commitments, and the erasures and
 * the policy that they refer to. For auditors; the read is an entry itself.
 */
import { notAfterOf } from '../elevation/elevation.ts'
import { type ElevationId, type PersonId, iso, parseElevationId } from '../elevation/ids.ts'
import { type Result, accept, refuse } from '../elevation/refusal.ts'
import type {
  EntryRow,
  Pack,
  PackElevation,
  PackOpening,
  PackPolicy
} from '../evidence/pack-types.ts'
import { base64, textOf } from '../ledger/bytes.ts'
import { type EntryBody, parseEntry } from '../ledger/envelope.ts'
import { policyText } from '../policy/digest.ts'
import type { Policy } from '../policy/policy.ts'
import type { LedgerRow, Stored } from '../ports.ts'
import type { EntryPlace, LedgerSearch } from '../ports-search.ts'
import type { OpenedRow } from './broker.ts'
import type { Deps } from './deps.ts'
import { openRow } from './entries.ts'
import { find } from './find.ts'
import { type NoteRead, auditing } from './ledger-reads.ts'
import { prover } from './log.ts'

export type EvidenceAsk = {
  /**
   * the whole text of each policy, so that its digest can be checked: people with their addresses
   */
  readonly wholePolicy: boolean
} & (
  | { readonly elevation: string }
  /** ISO 8601 with milliseconds, UTC */
  | { readonly from: string; readonly to: string }
)

type Parts = {
  readonly deps: Deps
  readonly search: LedgerSearch
  readonly policyOf: (digest: string) => Policy | null
}

/** The most entries that one pack holds. */
export const mostEvidence = 1000

/** Refused as `invalid_ask` where there are more entries than a pack holds. */
export const evidence = async (
  parts: Parts,
  { person, ask }: { readonly person: PersonId; readonly ask: EvidenceAsk },
  note: NoteRead
): Promise<Result<Pack>> => {
  const { deps } = parts
  const may = auditing(deps, person)
  if (!may.ok) return may
  const found = await rowsOf(parts, person, ask)
  if (!found.ok) return found
  const of = 'elevation' in ask ? { elevation: ask.elevation } : { from: ask.from, to: ask.to }
  await note(person, { read: 'evidence', ...of })
  const opened = await openAll(deps, found.value)
  const erasures = await erasuresOf(parts.search, opened)
  const all = [...opened, ...(await openAll(deps, erasures))].toSorted((a, b) => a.index - b.index)
  const proofs = await prover(deps, all.at(-1)?.index ?? -1)
  const entries: EntryRow[] = []
  for (const row of all) entries.push(await entryRow(row, await proofs.path(row)))
  const bodies = found.value.flatMap(bodyOf)
  const elevations = await storedOf(deps, bodies)
  return accept({
    kind: 'sallyport-evidence',
    v: 1,
    madeAt: iso(deps.clock.now()),
    madeFor: person,
    about: of,
    elevations: elevations.map(factsOf),
    entries,
    checkpoint: textOf(proofs.checkpoint) ?? '',
    key: deps.log.key,
    policies: policiesOf(parts, { bodies, elevations, isWhole: ask.wholePolicy })
  })
}

const rowsOf = async (
  { deps, search }: Parts,
  person: PersonId,
  ask: EvidenceAsk
): Promise<Result<readonly LedgerRow[]>> => {
  if ('elevation' in ask) {
    const found = await find(deps, person, ask.elevation)
    if (!found.ok) return found
    const { ledger } = found.value
    return ledger.length > mostEvidence ? tooMany : accept(await search.entriesAt(ledger))
  }
  const rows: LedgerRow[] = []
  for (let after: EntryPlace | null = null; ;) {
    const { rows: more, next } = await search.find(
      { from: ask.from, to: ask.to },
      { after, limit: 500 }
    )
    rows.push(...more)
    if (rows.length > mostEvidence) return tooMany
    if (next === null) return accept(rows)
    after = next
  }
}

const tooMany = refuse(
  'invalid_ask',
  `There are more than ${mostEvidence} entries. Take a shorter time, or export the ledger: sallyport ledger export DIR`
)

const openAll = async (deps: Deps, rows: readonly LedgerRow[]): Promise<readonly OpenedRow[]> => {
  const opened: OpenedRow[] = []
  for (const row of rows) {
    const openings = await deps.ledger.openings(row.index, 1)
    opened.push(await openRow(deps, row, openings.get(row.index) ?? []))
  }
  return opened
}

/** The erasures that values of these were erased by, where they are not among them. */
const erasuresOf = async (
  search: LedgerSearch,
  rows: readonly OpenedRow[]
): Promise<readonly LedgerRow[]> => {
  const known = new Set(rows.map(({ index }) => index))
  const states = rows.flatMap(({ openings }) => Object.values(openings))
  const by = states.flatMap((one) => (one.state === 'erased' && !known.has(one.by) ? [one.by] : []))
  return search.entriesAt([...new Set(by)])
}

const entryRow = async (row: OpenedRow, path: readonly Uint8Array[]): Promise<EntryRow> => ({
  index: row.index,
  bytes: base64(row.body),
  path: path.map(base64),
  openings: Object.fromEntries(
    Object.entries(row.openings).map(([name, one]): [string, PackOpening] => [name, one])
  )
})

const bodyOf = ({ body }: LedgerRow): readonly EntryBody[] => {
  const parsed = parseEntry(body)
  return parsed.ok ? [parsed.body] : []
}

const storedOf = async (deps: Deps, bodies: readonly EntryBody[]): Promise<readonly Stored[]> => {
  const ids = bodies.flatMap(({ elevation }) =>
    elevation === null ? [] : (parseElevationId(elevation) ?? [])
  )
  const found: Stored[] = []
  for (const id of new Set<ElevationId>(ids)) {
    const stored = await deps.elevations.get(id)
    if (stored !== null) found.push(stored)
  }
  return found
}

const factsOf = ({ elevation }: Stored): PackElevation => {
  const { ask, terms } = elevation
  const notAfter = notAfterOf(elevation)
  const facts: readonly (readonly [string, string | null])[] = [
    ['state', elevation.state],
    ['requester', ask.requester],
    ['target', ask.target],
    ['rule', terms.rule],
    ['mode', terms.mode],
    ['tables', ask.tables.join(', ')],
    ['columns', ask.columns?.join(', ') ?? 'all of these tables'],
    ['duration', `${ask.duration} seconds`],
    ['reason', ask.reason],
    ['ticket', ask.ticket],
    ['approvals needed', String(terms.quorum)],
    ['approved by', elevation.approvals.map(({ by, via }) => `${by} (${via})`).join(', ') || null],
    ['digest of the ask', elevation.askDigest],
    ['created', iso(elevation.createdAt)],
    ['not after', notAfter === null ? null : iso(notAfter)],
    ['how it ended', 'how' in elevation ? elevation.how : null],
    [
      'AWS refused it',
      'deniedAt' in elevation && elevation.deniedAt ? iso(elevation.deniedAt) : null
    ]
  ]
  return {
    id: elevation.id,
    facts: facts.flatMap(([name, value]) => (value === null ? [] : [[name, value] as const])),
    sessionPolicy: 'intent' in elevation ? elevation.intent.sessionPolicy : null
  }
}

const policiesOf = (
  { policyOf }: Parts,
  of: {
    readonly bodies: readonly EntryBody[]
    readonly elevations: readonly Stored[]
    readonly isWhole: boolean
  }
): readonly PackPolicy[] => {
  const digests = new Set(of.bodies.flatMap(({ policy }) => policy ?? []))
  const rules = new Set<string>(of.elevations.map(({ elevation }) => elevation.terms.rule))
  const targets = new Set<string>(of.bodies.flatMap(({ target }) => target ?? []))
  return [...digests].toSorted().map((digest) => {
    const policy = policyOf(digest)
    if (policy === null) return { digest, excerpt: null, text: null }
    const text = policyText(policy)
    return { digest, excerpt: excerptOf(text, { rules, targets }), text: of.isWhole ? text : null }
  })
}

/** Without the directory of people: only what concerns these rules and targets, and the duties. */
const excerptOf = (
  text: string,
  about: { readonly rules: ReadonlySet<string>; readonly targets: ReadonlySet<string> }
): string => {
  const whole: Readonly<Record<string, unknown>> = JSON.parse(text)
  const rules = among(whole['rules'], about.rules)
  const guardrails = new Set(
    rules.flatMap(({ guardrail }) => (typeof guardrail === 'string' ? guardrail : []))
  )
  return JSON.stringify(
    {
      rules,
      deny: whole['deny'],
      targets: among(whole['targets'], about.targets),
      guardrails: among(whole['guardrails'], guardrails),
      roles: whole['roles']
    },
    null,
    2
  )
}

type Named = Readonly<Record<string, unknown>>

const among = (list: unknown, ids: ReadonlySet<string>): readonly Named[] =>
  (Array.isArray(list) ? list : []).flatMap((one: Named) =>
    typeof one['id'] === 'string' && ids.has(one['id']) ? [one] : []
  )
