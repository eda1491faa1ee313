/**
 * The SQL text behind what people are told in Slack: an outbox of messages, each looked at again
 * whenever its elevation changed, in order per place; the one process whose turn it is; requests
 * that were seen. A row is only a note of what was shown; nothing is decided on it.
 */
import { type ElevationId, type Instant, parseElevationId } from '../elevation/ids.ts'
import type {
  DueSlackMessage,
  Seen,
  SlackMessage,
  SlackMessages,
  SlackOutcome,
  SlackTurn,
  WantedSlackMessage
} from '../ports.ts'
import { damaged, integer, text, textOrNull } from './columns.ts'
import type { Engine, Query, Row, Step, Value } from './engine.ts'
import type { PeopleKeys } from './people-keys.ts'

/** The ports over `engine`. */
export const slackOver = (
  engine: Engine,
  people: PeopleKeys
): Seen & SlackTurn & SlackMessages => ({
  claim: async (key, until) => {
    const written = await engine.write({ steps: [forgetSeen(until), insertSeen(key, until)] })
    return written.kind === 'committed'
  },
  take: async (owner, now, until) => {
    const result = { text: 'select seq from slack_turn where id = 1', values: [] }
    const written = await engine.write({ steps: [takeTurn(owner, now, until)], result })
    return written.kind === 'conflict' ? null : integer(written.rows[0], 'seq')
  },
  give: async (owner) => {
    await engine.write({ steps: [giveTurn(owner)] })
  },
  changed: async (index, limit) => {
    const rows = await engine.read(entriesFrom(index, limit))
    const last = rows.at(-1)
    const elevations = [...new Set(rows.flatMap(mentioned))]
    return { elevations, next: last === undefined ? index : integer(last, 'seq') }
  },
  open: async (after, limit) => (await engine.read(openAfter(after, limit))).map(idOf),
  of: async (elevation) => (await engine.read(messagesOf(elevation))).map(messageIn),
  want: async (owner, wanted, next) => {
    const steps = [keepTurn(owner, next), ...wanted.map(insertWanted)]
    return (await engine.write({ steps })).kind === 'committed'
  },
  due: async (now, limit) => (await engine.read(dueMessages(now, limit))).map(dueIn),
  note: async (outcome) => {
    await engine.write({ steps: noteOf(outcome) })
  },
  word: async (elevation) => {
    const [row] = await engine.read(lastWord(elevation))
    return row === undefined ? null : ((await people.open(row))?.value ?? null)
  }
})

/** An hour earlier than what is claimed now is over by any clock that both claims were made by. */
const forgetSeen = (until: Instant): Step => ({
  text: 'delete from slack_seen where until < $1',
  values: [until - 3_600_000],
  ifNone: 'skip'
})

const insertSeen = (key: string, until: Instant): Step => ({
  text: 'insert into slack_seen (key, until) values ($1, $2) on conflict (key) do nothing',
  values: [key, until],
  ifNone: 'conflict'
})

const takeTurn = (owner: string, now: Instant, until: Instant): Step => ({
  text: `insert into slack_turn (id, seq, owner, until)
    values (1, (select coalesce(max(seq), 0) from ledger_outbox), $1, $2)
    on conflict (id) do update set owner = excluded.owner, until = excluded.until
      where slack_turn.owner = excluded.owner or slack_turn.until <= $3`,
  values: [owner, until, now],
  ifNone: 'conflict'
})

const giveTurn = (owner: string): Step => ({
  text: 'update slack_turn set until = 0 where id = 1 and owner = $1',
  values: [owner],
  ifNone: 'skip'
})

const keepTurn = (owner: string, next: number | null): Step =>
  next === null
    ? {
        text: 'update slack_turn set owner = $1 where id = 1 and owner = $1',
        values: [owner],
        ifNone: 'conflict'
      }
    : {
        text: 'update slack_turn set seq = $2 where id = 1 and owner = $1',
        values: [owner, next],
        ifNone: 'conflict'
      }

const entriesFrom = (index: number, limit: number): Query => ({
  text: 'select seq, elevation from ledger_outbox where seq > $1 order by seq limit $2',
  values: [index, limit]
})

const openAfter = (after: ElevationId | null, limit: number): Query => ({
  text: `select id as elevation from elevation
    where state in ('pending', 'approved', 'issuing', 'active', 'ending') and id > $1
    order by id limit $2`,
  values: [after ?? '', limit]
})

const messagesOf = (elevation: ElevationId): Query => ({
  text: 'select m.* from slack_message m where m.elevation = $1 order by m.key',
  values: [elevation]
})

/** A message that moved to another place has not been shown there. */
const insertWanted = (one: WantedSlackMessage): Step => ({
  text: `insert into slack_message (elevation, key, place, ord, due_at, wanted, sent, attempts)
    values ($1, $2, $3, $4, $5, 1, 0, 0)
    on conflict (elevation, key) do update set
      wanted = slack_message.wanted + 1,
      ord = case when slack_message.wanted > slack_message.sent
        then slack_message.ord else excluded.ord end,
      due_at = case when slack_message.attempts > 0 and slack_message.place = excluded.place
        then slack_message.due_at else excluded.due_at end,
      channel = case when slack_message.place = excluded.place then slack_message.channel end,
      ts = case when slack_message.place = excluded.place then slack_message.ts end,
      digest = case when slack_message.place = excluded.place then slack_message.digest end,
      place = excluded.place`,
  values: [one.elevation, one.key, one.place, one.order, one.from],
  ifNone: 'conflict'
})

/**
 * One that is tried again keeps its place's others waiting, so that their order holds; one whose
 * time has not come keeps nobody.
 */
const dueMessages = (now: Instant, limit: number): Query => ({
  text: `with first as (
      select place, min(ord) as ord from slack_message
      where wanted > sent and (attempts > 0 or due_at <= $1) group by place
    )
    select m.*, p.channel as conversation from first f
      join slack_message m on m.place = f.place and m.ord = f.ord and m.wanted > m.sent
      left join slack_place p on p.place = m.place
    where m.due_at <= $1 and coalesce(p.not_before, 0) <= $1
    order by m.ord, m.elevation, m.key limit $2`,
  values: [now, limit]
})

const noteOf = (outcome: SlackOutcome): readonly Step[] => {
  const { wanted } = outcome
  switch (outcome.kind) {
    case 'shown': {
      const { posted, digest, next, place } = outcome
      const set = 'sent = $4, attempts = 0, gave_up = null, channel = $5, ts = $6, digest = $7'
      const values = [wanted, posted.channel, posted.ts, digest]
      return [update(outcome, set, values), pace(place, posted.channel, next)]
    }
    case 'nothing':
      return [update(outcome, 'sent = $4, attempts = 0', [wanted])]
    case 'gone': {
      const set = 'sent = $4, attempts = 0, channel = null, ts = null, digest = null'
      return [update(outcome, set, [wanted])]
    }
    case 'gave_up': {
      const set = 'sent = $4, attempts = 0, gave_up = $5, digest = $6'
      return [update(outcome, set, [wanted, outcome.code, outcome.digest])]
    }
    case 'retry':
      return [update(outcome, 'attempts = attempts + 1, due_at = $4', [outcome.at])]
  }
}

const update = (
  { elevation, key, place }: SlackOutcome,
  set: string,
  values: readonly Value[]
): Step => ({
  text: `update slack_message set ${set} where elevation = $1 and key = $2 and place = $3`,
  values: [elevation, key, place, ...values],
  ifNone: 'skip'
})

const pace = (place: string, channel: string, next: Instant): Step => ({
  text: `insert into slack_place (place, channel, not_before) values ($1, $2, $3)
    on conflict (place) do update set channel = excluded.channel, not_before = excluded.not_before`,
  values: [place, channel, next],
  ifNone: 'conflict'
})

/** The first entry's reason is why it was asked. */
const lastWord = (elevation: ElevationId): Query => ({
  text: `select o.entry_key, o.name, o.person, o.sealed, k.wrapped
    from ledger_outbox l join opening o on o.entry_key = l.key
      join person_key k on k.person = o.person
    where l.elevation = $1 and o.name = 'reason'
      and l.seq > (select min(seq) from ledger_outbox where elevation = $1)
    order by l.seq desc limit 1`,
  values: [elevation]
})

const messageIn = (row: Row): SlackMessage => {
  const channel = textOrNull(row, 'channel')
  const ts = textOrNull(row, 'ts')
  return {
    elevation: idOf(row),
    key: text(row, 'key'),
    place: text(row, 'place'),
    posted: channel === null || ts === null ? null : { channel, ts },
    digest: textOrNull(row, 'digest'),
    wanted: integer(row, 'wanted'),
    sent: integer(row, 'sent'),
    attempts: integer(row, 'attempts'),
    gaveUp: textOrNull(row, 'gave_up')
  }
}

const dueIn = (row: Row): DueSlackMessage => ({
  ...messageIn(row),
  conversation: textOrNull(row, 'conversation')
})

const mentioned = (row: Row): readonly ElevationId[] =>
  textOrNull(row, 'elevation') === null ? [] : [idOf(row)]

const idOf = (row: Row): ElevationId => {
  const id = parseElevationId(text(row, 'elevation'))
  if (id === null) throw damaged('elevation')
  return id
}
