/**
 * Locks in SQL. Every statement that opens something, or keeps it open, carries `unlessLocked`, so
 * that a lock is seen in the very transaction and one that was committed before wins.
 */
import { type Lock, type LockScope, keysAgainst, lockKey, parseLockKey } from '../elevation/lock.ts'
import type { Elevation } from '../elevation/elevation.ts'
import { instant, parsePersonId } from '../elevation/ids.ts'
import type { Locks } from '../ports-endings.ts'
import { damaged, integer, text } from './columns.ts'
import type { Engine, Query, Row, Step, Value } from './engine.ts'
import type { WriteWith } from './queries.ts'
import { parseStored } from './rows.ts'
import type { Dialect } from './schema.ts'

/** The tables of locks and of sessions that were ended early; the timers, endings apart. */
export const lockTables = ({ integer: whole, text: words, table }: Dialect): string => `
create table access_lock (
  key ${words} not null primary key,
  person ${words} not null,
  at ${whole} not null,
  swept_at ${whole}
)${table};

create table ended_session (
  assumed_role_id ${words} not null primary key,
  role_arn ${words} not null,
  region ${words} not null,
  ended_at ${whole} not null,
  until ${whole} not null,
  proved_at ${whole}
)${table};
create index ended_session_role on ended_session (role_arn, until);
insert into ended_session (assumed_role_id, role_arn, region, ended_at, until)
  select assumed_role_id, role_arn, '', created_at, not_after + 1800000 from elevation
  where state in ('ending', 'ended') and assumed_role_id is not null;

create table role_turn (
  role_arn ${words} not null primary key,
  owner ${words} not null,
  until ${whole} not null
)${table};

drop index elevation_due;
create index elevation_due on elevation (due_at, id)
  where due_at is not null and state <> 'ending';
alter table elevation add column ending_step ${words};
update elevation set ending_step = 'remove' where state = 'ending';
create index elevation_ending on elevation (ending_step, due_at, id)
  where due_at is not null and state = 'ending';
create index elevation_open_target on elevation (target, id)
  where state in ('pending', 'approved', 'issuing', 'active');
`

/**
 * A queue of their own for what is taken away before the window is over. A version without it would
 * leave them be, and does not start on this schema.
 */
export const revokeQueue = `
update elevation set ending_step = 'revoke' where state = 'ending' and ending_step = 'remove';
`

/** The condition that no lock covers the elevation; `bind` gives a value its place in the text. */
export const unlessLocked = (elevation: Elevation, bind: (value: Value) => string): string => {
  const keys = keysAgainst(elevation)
  if (keys.length === 0) return '1 = 1'
  return `not exists (select 1 from access_lock where key in (${keys.map(bind).join(', ')}))`
}

/** The same for a row `e` of the table, once it is open. */
export const unlockedRow = `not exists (select 1 from access_lock
  where key in ('all', 'person:' || e.requester, 'target:' || e.target))`

/** The port over any engine; `select` reads elevations as `e`. */
export const locksOver = (engine: Engine, write: WriteWith, select: string): Locks => {
  const found = async (query: Query): Promise<readonly Lock[]> =>
    (await engine.read(query)).map(parse)
  return {
    lockOn: async (keys) => {
      const places = keys.map((_, at) => `$${at + 1}`).join(', ')
      const where = `where key in (${places}) order by at, key limit 1`
      return (await found({ text: `${columns} ${where}`, values: keys }))[0] ?? null
    },
    locks: () => found({ text: `${columns} order by at, key`, values: [] }),
    setLock: (lock, entries) => write([insert(lock)], entries),
    liftLock: (scope, entries) => write([remove(scope)], entries),
    unsweptLocks: () =>
      found({ text: `${columns} where swept_at is null order by at, key`, values: [] }),
    openUnder: async (scope, { limit, after }) => {
      const { where, values } = openIn(scope)
      const rows = await engine.read({
        text: `${select} where ${isOpen} and e.id > $1 ${where} order by e.id limit $2`,
        values: [after ?? '', limit, ...values]
      })
      return rows.map(parseStored)
    },
    lockSwept: async (scope, at) => {
      const sweep = 'update access_lock set swept_at = $2 where key = $1 and swept_at is null'
      const values = [lockKey(scope), at]
      await engine.write({ steps: [{ text: sweep, values, ifNone: 'skip' }] })
    }
  }
}

const columns = 'select key, person, at from access_lock'

const insert = ({ scope, by, at }: Lock): Step => ({
  text: `insert into access_lock (key, person, at) values ($1, $2, $3)
    on conflict (key) do nothing`,
  values: [lockKey(scope), by, at],
  ifNone: 'conflict'
})

const remove = (scope: LockScope): Step => ({
  text: 'delete from access_lock where key = $1',
  values: [lockKey(scope)],
  ifNone: 'conflict'
})

/** In the words of the indexes of what is open, so that what is over is not looked at. */
const isOpen = `e.state in ('pending', 'approved', 'issuing', 'active')`

const openIn = (
  scope: LockScope
): { readonly where: string; readonly values: readonly string[] } => {
  switch (scope.kind) {
    case 'all':
      return { where: '', values: [] }
    case 'person':
      return { where: 'and e.requester = $3', values: [scope.person] }
    case 'target':
      return { where: 'and e.target = $3', values: [scope.target] }
  }
}

const parse = (row: Row): Lock => {
  const scope = parseLockKey(text(row, 'key'))
  const by = parsePersonId(text(row, 'person'))
  if (scope === null || by === null) throw damaged('lock')
  return { scope, by, at: instant(integer(row, 'at')) }
}
