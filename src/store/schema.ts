/**
 * The tables, as numbered migrations. A migration that was released never changes: its checksum is
 * kept in the database and compared at each start. What differs between engines is in `Dialect`.
 */
import { hash } from 'node:crypto'
import { consoleTables } from './console-sessions.ts'
import { findingTables } from './findings.ts'
import { keyUseTables } from './key-uses.ts'
import { searchTables } from './ledger-search.ts'
import { lockTables, revokeQueue } from './locks.ts'
import { sideDoorTables } from './side-doors.ts'

export type Dialect = {
  readonly bytes: string
  readonly integer: string
  /** compared and sorted byte by byte, as ids and ledger keys are */
  readonly text: string
  /** after the closing bracket of a table: `strict` where types are not enforced by themselves */
  readonly table: string
  /** triggers that keep what may never change from changing, whoever writes */
  readonly immutable: string
  /**
   * the same for a terminal elevation, whose words may go once the requester has no key any more
   */
  readonly erasable: string
  /** what lets statements read members of an entry's bytes, where that needs something */
  readonly readable: string
}

export type Migration = {
  readonly number: number
  readonly text: string
  /** SHA-256 of the text, hex */
  readonly checksum: string
}

/** Every migration of this version, ascending from 1. */
export const migrations = (dialect: Dialect): readonly Migration[] =>
  [
    firstTables(dialect),
    standing(dialect),
    slack(dialect),
    log(dialect),
    sinks(dialect),
    personal(dialect),
    queries(dialect),
    lockTables(dialect),
    claims(dialect),
    extensions(dialect),
    consoleTables(dialect),
    searchTables(dialect),
    findingTables(dialect),
    sideDoorTables(dialect),
    keyUseTables(dialect),
    revokeQueue
  ].map((text, at) => ({ number: at + 1, text, checksum: hash('sha256', text) }))

/** The table that says which migrations a database has; made before the first of them. */
export const migrationTable = ({ integer, text, table }: Dialect): string =>
  `create table if not exists schema_migration (
  number ${integer} not null primary key,
  checksum ${text} not null,
  applied_at ${integer} not null
)${table}`

/** What caps count, and who reviewed a break-glass elevation. */
const standing = ({ integer, text, table }: Dialect): string => `
alter table elevation add column window_seconds ${integer} not null default 0;
alter table elevation add column window_at ${integer} not null default 0;
alter table elevation add column approved_by ${text} not null default 'people';
create index elevation_standing on elevation (requester, target, window_at);
create index elevation_open on elevation (requester, state, target)
  where state in ('pending', 'approved', 'issuing', 'active');
create index elevation_break_glass on elevation (requester, id) where approved_by = 'break_glass';

create table asker (
  person ${text} not null primary key,
  version ${integer} not null check (version >= 1)
)${table};

create table review (
  elevation ${text} not null primary key references elevation (id),
  person ${text} not null,
  at ${integer} not null
)${table};
`

/** What people were told in Slack, whose turn it is to tell them, and which requests were seen. */
const slack = ({ integer, text, table }: Dialect): string => `
create table slack_turn (
  id ${integer} not null primary key check (id = 1),
  seq ${integer} not null check (seq >= 0),
  owner ${text} not null,
  until ${integer} not null
)${table};

create table slack_message (
  elevation ${text} not null references elevation (id),
  key ${text} not null,
  place ${text} not null,
  ord ${integer} not null,
  due_at ${integer} not null,
  wanted ${integer} not null check (wanted >= 1),
  sent ${integer} not null check (sent between 0 and wanted),
  attempts ${integer} not null,
  channel ${text},
  ts ${text},
  digest ${text},
  gave_up ${text},
  primary key (elevation, key)
)${table};
create index slack_message_waiting on slack_message (place, ord, due_at, attempts)
  where wanted > sent;

create table slack_place (
  place ${text} not null primary key,
  channel ${text} not null,
  not_before ${integer} not null
)${table};

create table slack_seen (
  key ${text} not null primary key,
  until ${integer} not null
)${table};
create index slack_seen_until on slack_seen (until);
`

/**
 * The tree over the entries: its head with the signed checkpoint, and the hash tiles that are full.
 * A bundle is not kept: its entries lie in ledger_outbox.
 */
const log = ({ bytes, integer, text, table }: Dialect): string => `
create table ledger_head (
  id ${integer} not null primary key check (id = 1),
  version ${integer} not null check (version >= 1),
  size ${integer} not null check (size >= 1),
  root ${bytes} not null check (length(root) = 32),
  frontier ${bytes} not null,
  edge ${bytes} not null,
  signed ${integer} not null check (signed between 0 and size),
  checkpoint ${bytes} check ((checkpoint is null) = (signed = 0))
)${table};

create table ledger_tile (
  path ${text} not null primary key,
  bytes ${bytes} not null check (length(bytes) = 8192)
)${table};
`

const firstTables = ({ bytes, integer, text, table, immutable }: Dialect): string => `
create table elevation (
  id ${text} not null primary key check (length(id) = 26),
  state ${text} not null check (state in ('pending', 'approved', 'issuing', 'active', 'ending',
    'ended', 'denied', 'cancelled', 'lapsed', 'failed')),
  version ${integer} not null check (version >= 1),
  requester ${text} not null,
  target ${text} not null,
  due_at ${integer},
  role_arn ${text},
  assumed_role_id ${text},
  not_after ${integer},
  created_at ${integer} not null,
  body ${text} not null
)${table};
create index elevation_due on elevation (due_at, id) where due_at is not null;
create index elevation_requester on elevation (requester, id);
create index elevation_target on elevation (target, id);
create index elevation_state on elevation (state, id);
create index elevation_session on elevation (role_arn, not_after) where assumed_role_id is not null;

create table ledger_outbox (
  seq ${integer} not null primary key check (seq >= 1),
  key ${text} not null unique,
  elevation ${text},
  body ${bytes} not null check (length(body) between 1 and 16384),
  leaf ${bytes} not null check (length(leaf) = 32)
)${table};
create index ledger_outbox_elevation on ledger_outbox (elevation, seq) where elevation is not null;

create table opening (
  entry_key ${text} not null references ledger_outbox (key),
  name ${text} not null,
  salt ${text} not null,
  value ${text} not null,
  primary key (entry_key, name)
)${table};

create table idempotency (
  person ${text} not null,
  key ${text} not null,
  body_hash ${text} not null,
  elevation ${text} not null references elevation (id),
  created_at ${integer} not null,
  primary key (person, key)
)${table};

create table heartbeat (
  id ${integer} not null primary key check (id = 1),
  at ${integer} not null
)${table};
${immutable}`

/** Up to where each log sink has had the entries: the index of the first that it has not had. */
const sinks = ({ integer, text, table }: Dialect): string => `
create table sink_cursor (
  sink ${text} not null primary key,
  seq ${integer} not null check (seq >= 0)
)${table};
`

/**
 * A key per person, and openings locked by it. Rows from before are in the clear in opening_plain;
 * the start moves them into opening, locked, and none is written there any more. A row in
 * purge_due: files may hold still what was erased, or locked, last.
 */
const personal = ({ bytes, integer, text, table, erasable }: Dialect): string => `
create table person_key (
  person ${text} not null primary key,
  wrapped ${bytes} not null,
  made_at ${integer} not null
)${table};

alter table opening rename to opening_plain;
create table opening (
  entry_key ${text} not null references ledger_outbox (key),
  name ${text} not null,
  person ${text} not null,
  sealed ${bytes} not null,
  primary key (entry_key, name)
)${table};
create index opening_person on opening (person);

create table purge_due (
  id ${integer} not null primary key check (id = 1)
)${table};
${erasable}`

/** Brokered queries. No text of one is here: it is an opening of its entry, under the requester. */
const queries = ({ integer, text, table }: Dialect): string => `
create table query (
  id ${text} not null primary key check (length(id) = 26),
  elevation ${text} not null references elevation (id),
  requester ${text} not null,
  text_hash ${text} not null,
  cursor_key ${text} not null,
  client_token ${text},
  verdict ${text} not null,
  region ${text} not null,
  athena_id ${text},
  state ${text} not null check (state in ('starting', 'queued', 'running', 'succeeded', 'failed',
    'cancelled')),
  at ${integer} not null,
  look_at ${integer} not null,
  finished_at ${integer},
  bytes_scanned ${integer} not null check (bytes_scanned >= 0),
  milliseconds ${integer} not null check (milliseconds >= 0),
  row_count ${integer},
  failure ${text}
)${table};
create unique index query_token on query (elevation, client_token) where client_token is not null;
create index query_elevation on query (elevation, id);
create index query_open on query (look_at, id) where state in ('starting', 'queued', 'running');
`

/** Which process works on a due elevation, and until when nobody else does. */
const claims = ({ integer, text, table }: Dialect): string => `
create table work_claim (
  elevation ${text} not null primary key references elevation (id),
  owner ${text} not null,
  until ${integer} not null
)${table};
create index work_claim_until on work_claim (until);
create index work_claim_owner on work_claim (owner, until);
`

/** Which elevation an ask extends. */
const extensions = ({ text }: Dialect): string => `
alter table elevation add column extends_id ${text};
create index elevation_extends on elevation (extends_id) where extends_id is not null;
`
