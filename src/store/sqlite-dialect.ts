/**
 * SQLite's side of the schema. The insert triggers answer `insert or replace`, which deletes the
 * row in its way without firing a delete trigger (sqlite.org/lang_conflict.html, REPLACE).
 */
import type { Dialect } from './schema.ts'

export const sqliteDialect: Dialect = {
  bytes: 'blob',
  integer: 'integer',
  text: 'text',
  table: ' strict',
  immutable: `
create trigger elevation_terminal before update on elevation
  when old.state in ('ended', 'denied', 'cancelled', 'lapsed', 'failed')
  begin select raise(abort, 'a terminal elevation cannot change'); end;
create trigger elevation_delete before delete on elevation
  begin select raise(abort, 'an elevation cannot be deleted'); end;
create trigger elevation_replace before insert on elevation
  when exists (select 1 from elevation where id = new.id)
  begin select raise(ignore); end;
create trigger ledger_outbox_update before update on ledger_outbox
  begin select raise(abort, 'a ledger entry cannot change'); end;
create trigger ledger_outbox_delete before delete on ledger_outbox
  begin select raise(abort, 'a ledger entry cannot be deleted'); end;
create trigger ledger_outbox_replace before insert on ledger_outbox
  when exists (select 1 from ledger_outbox where key = new.key)
  begin select raise(ignore); end;
create trigger ledger_outbox_gap before insert on ledger_outbox
  when new.seq <> (select coalesce(max(seq), 0) + 1 from ledger_outbox)
  begin select raise(abort, 'ledger numbers are consecutive'); end;
`,
  erasable: `
drop trigger elevation_terminal;
create trigger elevation_terminal before update on elevation
  when old.state in ('ended', 'denied', 'cancelled', 'lapsed', 'failed') and not (
    not exists (select 1 from person_key where person = old.requester)
    and new.body = json_set(old.body, '$.ask.reason', '[erased]', '$.ask.ticket', null)
    and (new.rowid, new.id, new.state, new.version, new.requester, new.target, new.due_at,
        new.role_arn, new.assumed_role_id, new.not_after, new.created_at, new.window_seconds,
        new.window_at, new.approved_by)
      is (old.rowid, old.id, old.state, old.version, old.requester, old.target, old.due_at,
        old.role_arn, old.assumed_role_id, old.not_after, old.created_at, old.window_seconds,
        old.window_at, old.approved_by))
  begin select raise(abort, 'a terminal elevation cannot change'); end;
`,
  // json_extract reads text in bytes too (sqlite.org/json1.html, section 3.1)
  readable: ''
}
