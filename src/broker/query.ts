/**
 * Running a query, the only way in: checked → written down → under a signed checkpoint → told to
 * Athena, the exact text that was checked. Nobody but the requester, only while the window runs.
 */
import type { Active } from '../elevation/elevation.ts'
import { type Instant, instant } from '../elevation/ids.ts'
import { queryRefused } from '../elevation/misuse.ts'
import { type QueryVerdict, type Result, accept, refuse } from '../elevation/refusal.ts'
import { commitment } from '../ledger/entry.ts'
import { sha256Hex } from '../ledger/hash.ts'
import type { SessionCredentials, Stored } from '../ports.ts'
import type { QueryRow } from '../ports-queries.ts'
import { awsRefused, issue } from './activate.ts'
import { askedText } from './bind.ts'
import type { Caller } from './broker.ts'
import type { CatalogOf } from './catalog.ts'
import type { Deps } from './deps.ts'
import { findOwn } from './find.ts'
import { type CheckedQuery, type HeldTo, checkText, heldTo, refusedWith } from './query-check.ts'
import { allowedEvent, refusalsData, verdictData, versionsData } from './query-entries.ts'
import { finish, nothing, shownState } from './query-look.ts'
import { lockedOut } from './locked.ts'
import { type QuerySessions, isActive, overNow } from './query-sessions.ts'
import type { QueryInput, QueryStarted } from './query-verbs.ts'
import { commit, entryOf, personal, receipt } from './record.ts'
import { againOnConflict } from './standing.ts'

export type QueryParts = {
  readonly deps: Deps
  readonly catalogOf: CatalogOf
  readonly sessions: QuerySessions
}

export const query = async (
  parts: QueryParts,
  caller: Caller,
  { id, input }: { readonly id: string; readonly input: QueryInput }
): Promise<Result<QueryStarted>> => {
  const { deps, sessions } = parts
  const { sql, clientToken: token = null } = input
  if (token !== null && !/^[!-~]{1,128}$/.test(token)) return badToken
  const found = await running(parts, caller, id)
  if (!found.ok) return found
  const { elevation } = found.value
  const locked = await lockedOut(deps, elevation)
  if (locked) return locked
  const before = token === null ? null : await replay(deps, elevation, { sql, token })
  if (before) return before
  const held = heldTo(deps, elevation)
  if (!held.ok) return held
  if (!(await isAsked(deps, found.value, sql))) return notAsked(deps, elevation, sql)
  const checked = await checkText(parts, sql, held.value)
  if (!checked.ok) return checked
  if (checked.value.full.decision !== 'allow') {
    const { full, shown } = checked.value
    const data = { ...verdictData(full), ...refusalsData(full.refusals) }
    const noted = await noteRefused(deps, elevation, { sql, data })
    return noted.ok ? refusedWith(shown) : noted
  }
  const credentials = await sessions.of(elevation.id)
  if (!credentials.ok) return credentials
  const row = rowOf(deps, elevation, { sql, token, verdict: checked.value.shown })
  const begun = await begin(deps, elevation, { row, sql, held: held.value, checked: checked.value })
  if (!begun.ok) {
    return (token === null ? null : await replay(deps, elevation, { sql, token })) ?? begun
  }
  const own = credentials.value
  const started = await start(deps, elevation, { ...checked.value, row, sql, credentials: own })
  if (!started.ok && started.refusal.code === 'aws_refused') sessions.drop(elevation.id, own)
  return started
}

/** One's own brokered elevation with its window running; an approved one starts here. */
const running = async (
  { deps, sessions }: QueryParts,
  caller: Caller,
  id: string
): Promise<Result<Stored<Active>>> => {
  const found = await findOwn(deps, caller.person, id)
  if (!found.ok) return found
  const { elevation } = found.value
  if (elevation.terms.mode !== 'brokered') return notBrokered
  if (elevation.state === 'approved') {
    const issued = await issue(deps, caller, { ...found.value, elevation })
    if (!issued.ok) return issued
    sessions.keep(elevation.id, issued.value.credentials)
    return isActive(issued.value.elevation) ? accept(issued.value.elevation) : overNow
  }
  if (elevation.state === 'ending' || elevation.state === 'ended') return overNow
  if (!isActive(found.value)) {
    return refuse('not_active', `It is ${elevation.state}; only an active elevation runs queries.`)
  }
  return deps.clock.now() < found.value.elevation.intent.notAfter ? accept(found.value) : overNow
}

/** The query that this token started before. */
const replay = async (
  deps: Deps,
  elevation: Active,
  { sql, token }: { readonly sql: string; readonly token: string }
): Promise<Result<QueryStarted> | null> => {
  const row = await deps.queryRows.queryByToken(elevation.id, token)
  if (row === null) return null
  const { id, verdict, textHash } = row
  return textHash === sha256Hex(sql)
    ? accept({ id, state: shownState(row.state), verdict, isReplay: true })
    : refuse('idempotency_mismatch', 'This token was used with another text. Take a new one.')
}

/** Whether the text is the one that was asked for, to the letter; what cannot be told is not. */
const isAsked = async (deps: Deps, stored: Stored<Active>, sql: string): Promise<boolean> => {
  const { query: asked } = stored.elevation.ask
  if (asked === undefined) return true
  const opening = await askedText(deps, stored)
  return opening !== null && commitment(opening.salt, sql) === asked.commitment
}

const notAsked = async (deps: Deps, elevation: Active, sql: string): Promise<Result<never>> => {
  const noted = await noteRefused(deps, elevation, { sql, data: { notTheAskedOne: true } })
  return noted.ok
    ? refuse(
        'query_not_the_asked_one',
        'This elevation is bound to the one query of its ask, to the letter. Nothing was run.'
      )
    : noted
}

/** Counts it in the elevation, which ends where that was one too many. */
const noteRefused = (
  deps: Deps,
  { id, terms }: Active,
  { sql, data }: { readonly sql: string; readonly data: ReturnType<typeof refusalsData> }
): Promise<Result<Stored>> =>
  againOnConflict(async () => {
    const stored = await deps.elevations.get(id)
    if (stored === null || !isActive(stored)) return overNow
    const rule = deps.policy().rules.find((one) => one.id === terms.rule)
    const misuse = {
      data,
      sql: personal(deps, sql),
      policyDigest: deps.policy().digest,
      limit: rule?.endAfterRefusals ?? null,
      settleMilliseconds: deps.settings.settleSeconds * 1000,
      now: deps.clock.now()
    }
    return commit(deps, stored, queryRefused(stored.elevation, misuse))
  }, triesToCount)

/** Many at once each count: the conflicts of one are the others' commits. */
const triesToCount = 50

type Begin = {
  readonly row: QueryRow
  readonly sql: string
  readonly held: HeldTo
  readonly checked: CheckedQuery
}

/** Durable and under a signed checkpoint when it resolves. */
const begin = async (
  deps: Deps,
  elevation: Active,
  { row, sql, held, checked }: Begin
): Promise<Result<null>> => {
  const data = {
    ...verdictData(checked.full),
    ...versionsData(checked.full, checked.catalog),
    guardrail: checked.guardrail,
    rule: held.rule.id,
    database: checked.database,
    workgroup: elevation.intent.workgroup
  }
  const event = allowedEvent(deps, elevation, { row, sql, data })
  const entries = [entryOf(deps, `query.allowed:${row.id}`, event)]
  const done = await deps.queryRows.beginQuery(row, entries, deps.clock.now())
  if (done.kind === 'conflict') return overNow
  await receipt(deps.log, done.indexes)
  return accept(null)
}

type Start = CheckedQuery & {
  readonly row: QueryRow
  readonly sql: string
  readonly credentials: SessionCredentials
}

const start = async (
  deps: Deps,
  elevation: Active,
  { row, sql, credentials, database, shown }: Start
): Promise<Result<QueryStarted>> => {
  const { region, workgroup } = elevation.intent
  const token = tokenOf(row)
  const run = { region, workgroup, database, sql, token }
  const answer = await deps.runs.start(credentials, run)
  if (!answer.ok) {
    const failure = `${answer.action} ${answer.name}`
    await finish(deps, row, { ...nothing, state: 'failed', failure })
    return awsRefused(answer)
  }
  const { id: athenaId } = answer.value
  if (!(await deps.queryRows.queryStarted(row.id, athenaId))) {
    // it was ended meanwhile, and whoever ended it did not know of this yet
    await deps.runs.stop({ region, id: athenaId })
    return overNow
  }
  return accept({ id: row.id, state: 'running', verdict: shown, isReplay: false })
}

/** Athena takes at least 32 characters; a ULID has 26. */
const tokenOf = ({ id }: QueryRow): string => `query-${id}`

const rowOf = (
  deps: Deps,
  { id, ask, intent }: Active,
  of: { readonly sql: string; readonly token: string | null; readonly verdict: QueryVerdict }
): QueryRow => {
  const at = deps.clock.now()
  return {
    id: deps.ids.query(),
    elevation: id,
    requester: ask.requester,
    textHash: sha256Hex(of.sql),
    cursorKey: deps.ids.salt(),
    clientToken: of.token,
    verdict: of.verdict,
    region: intent.region,
    athenaId: null,
    state: 'starting',
    at,
    lookAt: firstLook(at),
    finishedAt: null,
    bytesScanned: 0,
    milliseconds: 0,
    rows: null,
    failure: null
  }
}

const firstLookMs = 5000
const firstLook = (at: Instant): Instant => instant(at + firstLookMs)

const notBrokered = refuse(
  'not_brokered',
  'This elevation hands out credentials: take `sallyport credentials` and your own tools.'
)

const badToken = refuse(
  'invalid_ask',
  'clientToken: 1 to 128 printable ASCII characters without white space.'
)
