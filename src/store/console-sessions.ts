/**
 * The SQL text behind the console's sessions. Ids and states are digests; whoever is signed in is
 * found by the digest of what their browser holds. A row that is over counts as none, and goes when
 * the next one comes.
 */
import type { ConsoleSession, ConsoleSessions, SignInTurn } from '../ports-console.ts'
import { type Instant, type PersonId, instant, parsePersonId } from '../elevation/ids.ts'
import { damaged, integer, integerOrNull, text, textOrNull } from './columns.ts'
import type { Engine, Query, Row, Step } from './engine.ts'
import type { Dialect } from './schema.ts'

/** Who is signed in to the console, and who has gone to sign in. */
export const consoleTables = ({ integer: whole, text: words, table }: Dialect): string => `
create table console_session (
  digest ${words} not null primary key check (length(digest) = 64),
  person ${words} not null,
  subject ${words} not null,
  auth_at ${whole},
  acr ${words},
  amr ${words} not null,
  made_at ${whole} not null,
  idle_at ${whole} not null,
  ends_at ${whole} not null
)${table};
create index console_session_person on console_session (person, made_at);
create index console_session_ends on console_session (ends_at);

create table console_sign_in (
  state ${words} not null primary key check (length(state) = 64),
  browser ${words} not null,
  issuer ${words} not null,
  nonce ${words} not null,
  verifier ${words} not null,
  back_to ${words} not null,
  max_age ${whole},
  until ${whole} not null
)${table};
create index console_sign_in_until on console_sign_in (until);
`

/** The port over `engine`. */
export const consoleSessionsOver = (engine: Engine): ConsoleSessions => ({
  open: async (digest, session, idleAt) => {
    await engine.write({ steps: [forgetOver(session.madeAt), insert(digest, session, idleAt)] })
  },
  use: async (digest, now, idleAt) => {
    const [row] = await engine.read(find(digest, now))
    if (row === undefined) return null
    // a write for each request would be one too many
    if (idleAt - integer(row, 'idle_at') > graceMilliseconds) {
      await engine.write({ steps: [keep(digest, now, idleAt)] })
    }
    return sessionIn(row)
  },
  sessionsOf: async (person, now) =>
    (await engine.read(allOf(person, now))).map((row) => ({
      ...sessionIn(row),
      digest: text(row, 'digest')
    })),
  close: async (digest, person) => {
    const end = 'delete from console_session where digest = $1 and person = $2'
    await engine.write({ steps: [{ text: end, values: [digest, person], ifNone: 'skip' }] })
  },
  closeAll: async (person) => {
    const end = 'delete from console_session where person = $1'
    await engine.write({ steps: [{ text: end, values: [person], ifNone: 'skip' }] })
  },
  begin: async (state, turn) => {
    await engine.write({ steps: [forgetTurns(turn.until), insertTurn(state, turn)] })
  },
  take: async (state, now) => {
    const [row] = await engine.read(findTurn(state, now))
    if (row === undefined) return null
    const gone = 'delete from console_sign_in where state = $1'
    // two may have read it; one takes it away
    const taken = await engine.write({
      steps: [{ text: gone, values: [state], ifNone: 'conflict' }]
    })
    return taken.kind === 'committed' ? turnIn(row) : null
  }
})

/** How much later it may be idle than was asked for last. */
const graceMilliseconds = 60_000

const forgetOver = (now: Instant): Step => ({
  text: 'delete from console_session where ends_at <= $1 or idle_at <= $1',
  values: [now],
  ifNone: 'skip'
})

const insert = (digest: string, session: ConsoleSession, idleAt: Instant): Step => ({
  text: `insert into console_session
    (digest, person, subject, auth_at, acr, amr, made_at, idle_at, ends_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict (digest) do nothing`,
  values: [
    digest,
    session.person,
    session.subject,
    session.authAt,
    session.acr,
    JSON.stringify(session.amr),
    session.madeAt,
    idleAt,
    session.endsAt
  ],
  ifNone: 'conflict'
})

const find = (digest: string, now: Instant): Query => ({
  text: 'select * from console_session where digest = $1 and ends_at > $2 and idle_at > $2',
  values: [digest, now]
})

const keep = (digest: string, now: Instant, idleAt: Instant): Step => ({
  text: `update console_session set idle_at = $3
    where digest = $1 and idle_at > $2 and idle_at < $3`,
  values: [digest, now, idleAt],
  ifNone: 'skip'
})

const allOf = (person: PersonId, now: Instant): Query => ({
  text: `select * from console_session where person = $1 and ends_at > $2 and idle_at > $2
    order by made_at desc, digest limit 100`,
  values: [person, now]
})

/** A turn lasts less than an hour, so these were over an hour before this one will be. */
const forgetTurns = (until: Instant): Step => ({
  text: 'delete from console_sign_in where until <= $1',
  values: [until - 3_600_000],
  ifNone: 'skip'
})

const insertTurn = (state: string, turn: SignInTurn): Step => ({
  text: `insert into console_sign_in
    (state, browser, issuer, nonce, verifier, back_to, max_age, until)
    values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (state) do nothing`,
  values: [
    state,
    turn.browser,
    turn.issuer,
    turn.nonce,
    turn.verifier,
    turn.backTo,
    turn.maxAge,
    turn.until
  ],
  ifNone: 'conflict'
})

const findTurn = (state: string, now: Instant): Query => ({
  text: 'select * from console_sign_in where state = $1 and until > $2',
  values: [state, now]
})

const sessionIn = (row: Row): ConsoleSession => {
  const person = parsePersonId(text(row, 'person'))
  if (person === null) throw damaged('person')
  const authAt = integerOrNull(row, 'auth_at')
  return {
    person,
    subject: text(row, 'subject'),
    authAt: authAt === null ? null : instant(authAt),
    acr: textOrNull(row, 'acr'),
    amr: textsIn(text(row, 'amr')),
    madeAt: instant(integer(row, 'made_at')),
    endsAt: instant(integer(row, 'ends_at'))
  }
}

const textsIn = (json: string): readonly string[] => {
  const value: unknown = JSON.parse(json)
  if (!Array.isArray(value)) throw damaged('amr')
  return value.filter((one: unknown): one is string => typeof one === 'string')
}

const turnIn = (row: Row): SignInTurn => ({
  browser: text(row, 'browser'),
  issuer: text(row, 'issuer'),
  nonce: text(row, 'nonce'),
  verifier: text(row, 'verifier'),
  backTo: text(row, 'back_to'),
  maxAge: integerOrNull(row, 'max_age'),
  until: instant(integer(row, 'until'))
})
