/**
 * What happened to an elevation, line by line, as the ledger has it: type, moment, who, and the few
 * members of an entry that say more. No free text is in a leaf, so none is here.
 */
import { type Static, Type } from 'typebox'
import { Value } from 'typebox/value'
import type { EventType } from '../elevation/event.ts'
import { type Instant, instant } from '../elevation/ids.ts'
import type { LedgerRow } from '../ports.ts'

export type StoryLine = {
  readonly index: number
  readonly at: Instant
  readonly actor: string
  readonly title: string
  readonly tone: 'good' | 'warn' | 'bad' | 'busy' | ''
  readonly more: readonly string[]
}

/** The lines of these rows, oldest first; an entry that is none of ours is told by its type. */
export const storyOf = (rows: readonly LedgerRow[]): readonly StoryLine[] =>
  rows.flatMap((row) => {
    const body = bodyOf(row)
    return body === null ? [] : [lineOf(row.index, body)]
  })

/** The types of these entries. */
export const typesOf = (rows: readonly LedgerRow[]): ReadonlySet<string> =>
  new Set(rows.flatMap((row) => bodyOf(row)?.type ?? []))

const Body = Type.Object({
  type: Type.String(),
  at: Type.String(),
  actor: Type.String(),
  data: Type.Record(Type.String(), Type.Unknown())
})

type EntryFacts = Static<typeof Body>

const bodyOf = ({ body }: LedgerRow): EntryFacts | null => {
  const value: unknown = JSON.parse(Buffer.from(body).toString('utf8'))
  return Value.Check(Body, value) ? value : null
}

const lineOf = (index: number, { type, at, actor, data }: EntryFacts): StoryLine => {
  const known = isKnown(type) ? lines[type] : null
  const [title, tone] = known ?? [type, '']
  return { index, at: instant(Date.parse(at)), actor, title, tone, more: moreOf(data) }
}

const lines: Readonly<Record<string, readonly [title: string, tone: StoryLine['tone']]>> = {
  'elevation.requested': ['Asked for', 'warn'],
  'approval.recorded': ['Approved by one', 'good'],
  'elevation.approved': ['Approved', 'good'],
  'elevation.denied': ['Denied', 'bad'],
  'elevation.cancelled': ['Withdrawn', ''],
  'elevation.lapsed': ['Lapsed', ''],
  'elevation.startable': ['May be started', 'good'],
  'issue.intent': ['Starting: what will be made is written down', 'busy'],
  'issue.takeover': ['Starting was taken over', 'warn'],
  'issue.failed': ['Could not be started', 'bad'],
  'session.issued': ['Running: the session was issued', 'good'],
  'session.vended': ['Credentials were fetched', 'good'],
  'elevation.ending': ['Ending: access is being taken away', 'busy'],
  'ending.retried': ['Ending was tried again', 'warn'],
  'access.removed': ['What was made is removed', ''],
  'session.denied': ['AWS was seen to refuse the session', 'good'],
  'elevation.stuck': ['Stuck while ending', 'bad'],
  'elevation.ended': ['Ended', ''],
  'grant.orphaned': ['A grant without its elevation was found', 'bad'],
  'attempt.refused': ['An attempt was refused', 'bad'],
  'query.allowed': ['A query was let through', 'good'],
  'query.refused': ['A query was refused', 'bad'],
  'query.ended': ['A query ended', ''],
  'breakglass.used': ['Glass was broken', 'bad'],
  'breakglass.reviewed': ['Reviewed', 'good']
} satisfies Partial<Record<EventType, readonly [string, StoryLine['tone']]>>

const isKnown = (type: string): boolean => Object.hasOwn(lines, type)

/** Members that are texts or numbers and short enough to be read at a glance. */
const shown: readonly (readonly [member: string, label: string])[] = [
  ['rule', 'rule'],
  ['via', 'from'],
  ['how', 'how'],
  ['cause', 'because'],
  ['why', 'why'],
  ['code', 'code'],
  ['verb', 'verb'],
  ['state', 'state'],
  ['notAfter', 'until'],
  ['bytesScanned', 'bytes scanned'],
  ['rows', 'rows']
]

const moreOf = (data: EntryFacts['data']): readonly string[] => {
  const parts = shown.flatMap(([member, label]) => {
    const value = data[member]
    const isShort = typeof value === 'number' || (typeof value === 'string' && value.length <= 80)
    return isShort ? [`${label} ${value}`] : []
  })
  return parts.length === 0 ? [] : [parts.join(' · ')]
}
