/**
 * PostgreSQL's side of the schema. A table's owner can drop a trigger, so the broker's own role is
 * to be another (postgres-schema.ts); triggers refuse `truncate` too, which fires no row trigger.
 */
import type { Dialect } from './schema.ts'

const refusing = (name: string, message: string): string => `
create function ${name}() returns trigger language plpgsql as $$
begin raise exception '${message}'; end $$;
`

const words = (row: string): string =>
  `json_set(${row}.body, '$.ask.reason', '[erased]', '$.ask.ticket', null)`

export const postgresDialect: Dialect = {
  bytes: 'bytea',
  integer: 'bigint',
  text: 'text collate "C"',
  table: '',
  immutable: `
${refusing('refuse_terminal', 'a terminal elevation cannot change')}
${refusing('refuse_elevation_delete', 'an elevation cannot be deleted')}
${refusing('refuse_entry_update', 'a ledger entry cannot change')}
${refusing('refuse_entry_delete', 'a ledger entry cannot be deleted')}
create function refuse_gap() returns trigger language plpgsql as $$
begin
  if new.seq <> (select coalesce(max(seq), 0) + 1 from sallyport.ledger_outbox) then
    raise exception 'ledger numbers are consecutive';
  end if;
  return new;
end $$;
create trigger elevation_terminal before update on elevation for each row
  when (old.state in ('ended', 'denied', 'cancelled', 'lapsed', 'failed'))
  execute function refuse_terminal();
create trigger elevation_delete before delete on elevation for each row
  execute function refuse_elevation_delete();
create trigger elevation_truncate before truncate on elevation
  execute function refuse_elevation_delete();
create trigger ledger_outbox_update before update on ledger_outbox for each row
  execute function refuse_entry_update();
create trigger ledger_outbox_delete before delete on ledger_outbox for each row
  execute function refuse_entry_delete();
create trigger ledger_outbox_truncate before truncate on ledger_outbox
  execute function refuse_entry_delete();
create trigger ledger_outbox_gap before insert on ledger_outbox for each row
  execute function refuse_gap();
`,
  // json_set as SQLite has it, so that the statement that erases words is one text; and what
  // rewrites the tables that had them, as their owner, since rows that go stay in a file till then
  erasable: `
create function json_set(
  body text, path text, value text, other_path text, other_value text
) returns text language sql immutable as $$
  select jsonb_set(
    jsonb_set(body::jsonb, string_to_array(substr(path, 3), '.'),
      coalesce(to_jsonb(value), 'null')),
    string_to_array(substr(other_path, 3), '.'), coalesce(to_jsonb(other_value), 'null')
  )::text
$$;
create function terminal_changes() returns trigger language plpgsql
  set search_path = sallyport, pg_temp as $$
begin
  if not exists (select 1 from person_key where person = old.requester)
    and new.body = ${words('old')}
    and to_jsonb(new) - 'body' = to_jsonb(old) - 'body' then
    return new;
  end if;
  raise exception 'a terminal elevation cannot change';
end $$;
drop trigger elevation_terminal on elevation;
drop function refuse_terminal();
create trigger elevation_terminal before update on elevation for each row
  when (old.state in ('ended', 'denied', 'cancelled', 'lapsed', 'failed'))
  execute function terminal_changes();
create function rewrite_erased() returns void language plpgsql security definer
  set search_path = sallyport, pg_temp as $$
declare
  one record;
begin
  for one in
    select i.indrelid::regclass as tab, c.relname as idx
    from pg_catalog.pg_index i
      join pg_catalog.pg_class c on c.oid = i.indexrelid
      join pg_catalog.pg_class r on r.oid = i.indrelid
    where i.indisprimary and r.relnamespace = 'sallyport'::regnamespace
      and r.relname in ('elevation', 'idempotency', 'opening', 'opening_plain', 'person_key',
        'query', 'slack_message')
    order by r.relname
  loop
    execute format('cluster %s using %I', one.tab, one.idx);
  end loop;
end $$;
`,
  // json_extract as SQLite has it, of bytes and one member
  readable: `
create function json_extract(body bytea, path text) returns text language sql immutable as $$
  select convert_from(body, 'UTF8')::json ->> substr(path, 3)
$$;
`
}
