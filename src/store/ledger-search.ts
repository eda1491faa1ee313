/**
 * The index over the ledger by which auditors find entries: one row per entry with its time, type,
 * actor and target, filled after the entry was committed, so that no commit waits for it. It says
 * nothing that the entry does not say, and can be dropped and filled again.
 */
import { parseElevationId } from '../elevation/ids.ts'
import type {
  EntryFilter,
  EntryPlace,
  FoundEntries,
  LedgerSearch,
  Span,
  Unused
} from '../ports-search.ts'
import { damaged, integer, text } from './columns.ts'
import type { Engine, Query, Row, Value } from './engine.ts'
import { parseLedgerRow } from './rows.ts'
import type { Dialect } from './schema.ts'

/**
 * `at` is text as in the entry: of one length, so that it sorts as time does. An index holds what
 * the other conditions look at, so that looking through it reads no rows.
 */
export const searchTables = ({ integer: whole, text: words, table, readable }: Dialect): string => `
${readable}
create table ledger_fact (
  seq ${whole} not null primary key references ledger_outbox (seq),
  at ${words} not null,
  type ${words} not null,
  actor ${words} not null,
  target ${words}
)${table};
create index ledger_fact_at on ledger_fact (at, seq);
create index ledger_fact_type on ledger_fact (type, at, seq, actor);
create index ledger_fact_actor on ledger_fact (actor, at, seq, type, target);
create index ledger_fact_target on ledger_fact (target, at, seq, type, actor)
  where target is not null;
`

/** Rows of one condition that are looked at for the others, so that a page costs no more. */
const mostLookedAt = 5000

export const searchOver = (engine: Engine): LedgerSearch => {
  const bounds = async (): Promise<{ readonly size: number; readonly indexed: number }> => {
    const [row] = await engine.read(boundsOf)
    return { size: integer(row, 'size'), indexed: integer(row, 'indexed') }
  }
  const takeIn = async (limit: number): Promise<number> => {
    const before = await bounds()
    if (before.indexed >= before.size) return 0
    await engine.write({ steps: [{ ...takeInto(limit), ifNone: 'skip' }] })
    return (await bounds()).indexed - before.indexed
  }
  const entriesAt = async (indexes: readonly number[]) =>
    indexes.length === 0 ? [] : (await engine.read(rowsAt(indexes))).map(parseLedgerRow)
  return {
    takeIn,
    entriesAt,
    find: async (filter, { after, limit }): Promise<FoundEntries> => {
      await takeIn(takenPerFind)
      const conditions = conditionsOf(filter)
      const found = await engine.read(page(filter, conditions, { after, limit: limit + 1 }))
      const places = found.map(parsePlace)
      const next = await placeAfter({ places, limit }, () =>
        conditions.length < 2 ? null : engine.read(lastLookedAt(filter, conditions, after))
      )
      const rows = await entriesAt(places.slice(0, limit).map(({ index }) => index))
      const byIndex = new Map(rows.map((row) => [row.index, row]))
      return {
        rows: places.slice(0, limit).flatMap(({ index }) => byIndex.get(index) ?? []),
        next,
        ...(await bounds())
      }
    },
    perDay: async (types, from) =>
      (await engine.read(countsPerDay(types, from))).map((row) => ({
        type: text(row, 'type'),
        day: text(row, 'day'),
        count: integer(row, 'found')
      })),
    perActor: async (types, from) =>
      (await engine.read(countsPerActor(types, from))).map((row) => ({
        type: text(row, 'type'),
        actor: text(row, 'actor'),
        count: integer(row, 'found')
      })),
    spans: async (of) => (await engine.read(spansOf(of))).flatMap(parseSpan),
    unused: async (of) => (await engine.read(unusedOf(of))).map(parseUnused)
  }
}

/** What a find takes into the index first: all there is but after a long time without any find. */
const takenPerFind = 2000

/** After a full page its last; after a short one where looking ended, or null at the end. */
const placeAfter = async (
  { places, limit }: { readonly places: readonly EntryPlace[]; readonly limit: number },
  looked: () => Promise<readonly Row[]> | null
): Promise<EntryPlace | null> => {
  if (places.length > limit) return places[limit - 1] ?? null
  const [last] = (await looked()) ?? []
  return last === undefined ? null : parsePlace(last)
}

const boundsOf: Query = {
  text: `select (select coalesce(max(seq), 0) from ledger_outbox) as size,
    (select coalesce(max(seq), 0) from ledger_fact) as indexed`,
  values: []
}

const takeInto = (limit: number): Query => ({
  text: `insert into ledger_fact (seq, at, type, actor, target)
    select seq, json_extract(body, '$.at'), json_extract(body, '$.type'),
      json_extract(body, '$.actor'), json_extract(body, '$.target')
    from ledger_outbox where seq > (select coalesce(max(seq), 0) from ledger_fact)
    order by seq limit $1
    on conflict (seq) do nothing`,
  values: [limit]
})

const rowsAt = (indexes: readonly number[]): Query => ({
  text: `select seq - 1 as idx, body, leaf from ledger_outbox
    where seq in (${indexes.map((_, n) => `$${n + 1}`).join(', ')}) order by seq`,
  values: indexes.map((index) => index + 1)
})

type Condition = readonly [column: 'actor' | 'target' | 'type', value: string]

/** The one that leaves the fewest comes first; only the broker itself acts all the time. */
const conditionsOf = ({ actor, target, type }: EntryFilter): readonly Condition[] => {
  const byActor: readonly Condition[] = actor === undefined ? [] : [['actor', actor]]
  const isBroker = actor === 'broker'
  return [
    ...(isBroker ? [] : byActor),
    ...(target === undefined ? [] : ([['target', target]] as const)),
    ...(type === undefined ? [] : ([['type', type]] as const)),
    ...(isBroker ? byActor : [])
  ]
}

const newestFirst = 'order by at desc, seq desc'

/** Rows of the first condition within the time, from `after` on, newest first. */
const near = (
  { from, to }: EntryFilter,
  first: Condition | undefined,
  after: EntryPlace | null
): { readonly where: string; readonly values: readonly Value[] } => {
  const values: Value[] = []
  const bind = (value: Value): string => `$${values.push(value)}`
  const conditions = [
    ...(first === undefined ? [] : [`${first[0]} = ${bind(first[1])}`]),
    ...(from === undefined ? [] : [`at >= ${bind(from)}`]),
    ...(to === undefined ? [] : [`at < ${bind(to)}`]),
    ...(after === null ? [] : [`(at, seq) < (${bind(after.at)}, ${bind(after.index + 1)})`])
  ]
  return { where: conditions.length === 0 ? '' : `where ${conditions.join(' and ')}`, values }
}

const page = (
  filter: EntryFilter,
  [first, ...rest]: readonly Condition[],
  { after, limit }: { readonly after: EntryPlace | null; readonly limit: number }
): Query => {
  const { where, values } = near(filter, first, after)
  if (rest.length === 0) {
    return {
      text: `select at, seq - 1 as idx from ledger_fact ${where} ${newestFirst}
        limit $${values.length + 1}`,
      values: [...values, limit]
    }
  }
  const others = rest.map(([column], n) => `${column} = $${values.length + n + 1}`)
  return {
    text: `select at, seq - 1 as idx from
      (select ${['at', 'seq', ...rest.map(([column]) => column)].join(', ')}
        from ledger_fact ${where} ${newestFirst}
        limit ${mostLookedAt}) as near
      where ${others.join(' and ')} ${newestFirst} limit $${values.length + rest.length + 1}`,
    values: [...values, ...rest.map(([, value]) => value), limit]
  }
}

/** The last row that a page of several conditions looked at; none where it came to the end. */
const lastLookedAt = (
  filter: EntryFilter,
  [first]: readonly Condition[],
  after: EntryPlace | null
): Query => {
  const { where, values } = near(filter, first, after)
  return {
    text: `select at, seq - 1 as idx from ledger_fact ${where} ${newestFirst}
      limit 1 offset ${mostLookedAt - 1}`,
    values
  }
}

const among = (types: readonly string[], from: number): string =>
  `type in (${types.map((_, n) => `$${n + from}`).join(', ')})`

const countsPerDay = (types: readonly string[], from: string): Query => ({
  text: `select type, substr(at, 1, 10) as day, count(*) as found from ledger_fact
    where ${among(types, 2)} and at >= $1 group by type, substr(at, 1, 10) order by 1, 2`,
  values: [from, ...types]
})

const countsPerActor = (types: readonly string[], from: string): Query => ({
  text: `select type, actor, count(*) as found from ledger_fact
    where ${among(types, 2)} and at >= $1 group by type, actor order by 1, 3 desc, 2`,
  values: [from, ...types]
})

const spansOf = ({ first, last, since, limit }: Parameters<LedgerSearch['spans']>[0]): Query => ({
  text: `select o.elevation, d.at as ended, (select f.at
        from ledger_outbox b join ledger_fact f on f.seq = b.seq
        where b.elevation = o.elevation and f.type = $1 order by b.seq limit 1) as began
    from ledger_fact d join ledger_outbox o on o.seq = d.seq
    where d.${among(last, 4)} and d.at >= $2 order by d.at desc, d.seq desc limit $3`,
  values: [first, since, limit, ...last]
})

const unusedOf = (of: Parameters<LedgerSearch['unused']>[0]): Query => ({
  text: `select o.elevation, d.at, e.requester, e.target
    from ledger_fact d join ledger_outbox o on o.seq = d.seq join elevation e on e.id = o.elevation
    where d.type = $1 and d.at >= $2
      and e.state in (${of.states.map((_, n) => `$${n + 4 + of.without.length}`).join(', ')})
      and not exists (select 1 from ledger_outbox b join ledger_fact f on f.seq = b.seq
        where b.elevation = o.elevation and f.${among(of.without, 4)})
    order by d.at desc, d.seq desc limit $3`,
  values: [of.had, of.since, of.limit, ...of.without, ...of.states]
})

const parsePlace = (row: Row): EntryPlace => ({ at: text(row, 'at'), index: integer(row, 'idx') })

const elevationIn = (row: Row) => {
  const id = parseElevationId(text(row, 'elevation'))
  if (id === null) throw damaged('elevation')
  return id
}

/** One whose beginning is older than the index is left out. */
const parseSpan = (row: Row): readonly Span[] =>
  row['began'] === null
    ? []
    : [{ elevation: elevationIn(row), from: text(row, 'began'), to: text(row, 'ended') }]

const parseUnused = (row: Row): Unused => ({
  elevation: elevationIn(row),
  requester: text(row, 'requester'),
  target: text(row, 'target'),
  at: text(row, 'at')
})
