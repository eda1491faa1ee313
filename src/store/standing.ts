/**
 * What caps count, in SQL: a person's open elevations and the windows of the last day. An ask and a
 * start are committed against the standing they were decided on (`asker.version`), so that two at
 * the same instant cannot both be the last that a cap allows.
 */
import type { Elevation } from '../elevation/elevation.ts'
import {
  type ElevationId,
  type Instant,
  type PersonId,
  parseElevationId
} from '../elevation/ids.ts'
import type { Change, StandingOf, StandingRow } from '../ports.ts'
import { integer } from './columns.ts'
import type { Query, Row, Step } from './engine.ts'

const unused = `'denied', 'cancelled', 'lapsed', 'failed'`
/** In the words of the index `elevation_open`, so that what is over is not looked at. */
const isOpen = `state in ('pending', 'approved', 'issuing', 'active')`
/**
 * Which windows are added up. Of what is not used yet only a scheduled one says when it will be:
 * its `window_at` is its start, and lies after the ask; once issued it is the window's end.
 */
const isNear = `(case
  when state not in ('pending', 'approved') then window_at > $5
  when window_at = created_at then window_at > $4
  else window_at + window_seconds * 1000 > $5 and window_at < $6 end)`

/** One row with every count. */
export const standingOf = (of: StandingOf): Query => ({
  text: `select
    (select count(*) from elevation
      where requester = $1 and ${isOpen} and state = 'pending' and id <> $3) as pending,
    (select count(*) from elevation where requester = $1 and target = $2 and id not in ($3, $7)
      and ${isOpen}) as open,
    (select count(*) from elevation where requester = $1 and target = $2 and id not in ($3, $7)
      and ${isOpen} and state in ('issuing', 'active')) as running,
    (select coalesce(sum(window_seconds), 0) from elevation
      where requester = $1 and target = $2 and ${isNear} and id <> $3
        and state not in (${unused})) as seconds,
    (select count(*) from elevation
      where requester = $1 and target = $2 and ${isNear} and id <> $3
        and approved_by = 'rule' and state not in (${unused})) as auto,
    (select e.id from elevation e where e.requester = $1 and e.approved_by = 'break_glass'
      and e.state not in (${unused})
      and not exists (select 1 from review r where r.elevation = e.id)
      order by e.id desc limit 1) as unreviewed,
    (select e.id from elevation e where e.extends_id = $7 and e.id <> $3
      and e.state not in (${unused}) order by e.id desc limit 1) as extended,
    coalesce((select version from asker where person = $1), 0) as version`,
  values: [
    of.person,
    of.target,
    of.except ?? '',
    of.since,
    of.around.from,
    of.around.to,
    of.beside ?? ''
  ]
})

export const parseStanding = (row: Row | undefined): StandingRow => ({
  pending: integer(row, 'pending'),
  open: integer(row, 'open'),
  running: integer(row, 'running'),
  seconds: integer(row, 'seconds'),
  auto: integer(row, 'auto'),
  unreviewed: idIn(row?.['unreviewed']),
  extended: idIn(row?.['extended']),
  version: integer(row, 'version')
})

/** Elevations of `requester` that somebody approved; who and when is for the reader to look at. */
export const approvedOf = (requester: PersonId, since: Instant): Query => ({
  text: `select e.id, e.state, e.version, e.body, null as ledger from elevation e
    where e.requester = $1 and e.version > 1 and e.approved_by = 'people'
      and (e.window_at > $2 or e.state in ('pending', 'approved'))`,
  values: [requester, since]
})

export const raiseStanding = ({ person, version }: NonNullable<Change['standing']>): Step =>
  version === 0
    ? {
        text: 'insert into asker (person, version) values ($1, 1) on conflict (person) do nothing',
        values: [person],
        ifNone: 'conflict'
      }
    : {
        text: 'update asker set version = version + 1 where person = $1 and version = $2',
        values: [person, version],
        ifNone: 'conflict'
      }

export const insertReview = (review: {
  readonly elevation: ElevationId
  readonly by: PersonId
  readonly at: Instant
}): Step => ({
  text: `insert into review (elevation, person, at) values ($1, $2, $3)
    on conflict (elevation) do nothing`,
  values: [review.elevation, review.by, review.at],
  ifNone: 'conflict'
})

/** `people`, or what stood in for them. */
export const approvedBy = ({ ask, terms }: Elevation): 'people' | 'rule' | 'break_glass' => {
  if (ask.breakGlass) return 'break_glass'
  return terms.quorum === 0 ? 'rule' : 'people'
}

const idIn = (value: Row[string] | undefined): ElevationId | null =>
  typeof value === 'string' ? parseElevationId(value) : null
