/** The PostgreSQL store: the contract every engine keeps, two replicas, and what a server can do. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, readdirSync } from 'node:fs'
import { type Socket, connect, createServer } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'
import { Client } from 'pg'
import t, { type Test } from 'tap'
import { instant, parseQueryId } from '../src/elevation/ids.ts'
import { dueRows } from '../src/store/due.ts'
import type { Engine, Query } from '../src/store/engine.ts'
import { openStore } from '../src/store/open.ts'
import { wrapUnder } from '../src/store/personal-key.ts'
import { type Look, clockFrom } from '../src/store/postgres-clock.ts'
import { postgresDialect } from '../src/store/postgres-dialect.ts'
import { migrations } from '../src/store/schema.ts'
import { selectElevation } from '../src/store/statements.ts'
import { type Store, storeOver } from '../src/store/store.ts'
import { active, approved, at, ended, ending, idOf, issuing, pending, person } from './fixtures-elevation.ts'
import { testWrap } from './fakes/key-wrap.ts'
import { findPostgres, openReplica, startCluster, withoutPostgres } from './fixtures-postgres.ts'
import { scriptOf } from './place.ts'
import { entry, insert, storeContract } from './store-contract.ts'
import { row, storeQueriesContract } from './store-queries-contract.ts'
import { searchContract } from './store-search-contract.ts'
import { findingsContract } from './store-findings-contract.ts'
import { consoleContract } from './store-console-contract.ts'
import { slackContract } from './store-slack-contract.ts'

const look = (offset: number, wallOffset: number, took = 1): Look => ({ offset, wallOffset, took })

t.test('the clock of a database', async (t) => {
  const cases: readonly (readonly [string, readonly Look[], number, number])[] = [
    ['is its own, not the host\'s', [look(5000, 0)], 6000, 0],
    ['is followed where it drifts', [look(0, 0), look(40, 0)], 1040, 40],
    ['that jumps ahead alone is not followed', [look(0, 0), look(3_600_000, 0)], 1000, 3_600_000],
    ['that jumps back alone is not followed', [look(0, 0), look(-3_600_000, 0)], 1000, -3_600_000],
    ['is kept while the host\'s jumps', [look(0, 0), look(0, 3_600_000)], 1000, 0],
    ['is ahead of a host that was suspended', [look(0, 0), look(3_600_000, 3_600_000)], 3_601_000, 3_600_000],
    ['is not believed where it took long to answer', [look(0, 0), look(900, 0, 2000)], 1000, 0]
  ]
  for (const [name, [first, ...later], now, skew] of cases) {
    if (first === undefined) throw new Error('bad fixture')
    const clock = clockFrom(first, { wall: () => 0, monotonic: () => 1000.5 })
    for (const one of later) clock.see(one)
    t.strictSame([clock.now(), clock.skewMilliseconds()], [now, skew], name)
  }
  const back = clockFrom(look(500, 0), { wall: () => 0, monotonic: () => 1000 })
  t.equal(back.now(), 1500)
  back.see(look(0, 0))
  t.equal(back.now(), 1500, 'it never goes back')
})

const withServer = async (t: Test, bin: string): Promise<void> => {
  const cluster = await startCluster(bin)
  t.teardown(cluster.stop)
  const { sql, url } = cluster

  // few, since a server that starts after a crash syncs every file of every database
  const databases: string[] = []
  for (let n = 0; n < 3; n++) databases.push(await cluster.migrated())
  /** A database with empty tables; it is another one's again soon. */
  const cleared = async (): Promise<string> => {
    const [name = ''] = databases.splice(0, 1)
    databases.push(name)
    await cluster.clear(name)
    return name
  }

  await t.test('what was erased is in no file of a table', async (t) => {
    const database = await cleared()
    const store = await openReplica(cluster, database)
    t.teardown(() => store.close())
    const words = 'the-words-that-have-to-go'
    const files = async () => {
      await sql(database, 'checkpoint')
      const [found] = await sql(database, `select oid from pg_database where datname = '${database}'`)
      const folder = join(cluster.folder, 'data', 'base', String(found?.['oid']))
      return readdirSync(folder).filter((name) => readFileSync(join(folder, name)).includes(words))
    }
    const over = ended(idOf(1))
    await insert(store, { ...over, ask: { ...over.ask, reason: words } })
    await insert(store, { ...ended(idOf(2)), ask: { ...over.ask, requester: person('bob'), reason: 'kept' } })
    t.ok((await files()).length > 0, 'before')
    t.match(await store.erase(person('alice'), entry('pii.erased:alice:1', null, null)), { kind: 'erased' })
    t.strictSame(await files(), [])
    t.match(await store.get(idOf(1)), { elevation: { ask: { reason: '[erased]', ticket: null } } })
    t.match(await store.get(idOf(2)), { elevation: { ask: { reason: 'kept' } } })
    t.match(await store.erase(person('alice'), entry('pii.erased:alice:2', null, null)), { kind: 'nothing' })
  })

  await t.test('the contracts', async (t) => {
    // a test has at most three stores open at a time
    const opened: Store[] = []
    t.teardown(() => Promise.all(opened.map((store) => store.close())))
    const open = async (): Promise<Store> => {
      if (opened.length === databases.length) await opened.shift()?.close()
      const store = await openReplica(cluster, await cleared())
      opened.push(store)
      return store
    }
    await t.test('of every engine', (t) => storeContract(t, open))
    await t.test('of queries', (t) => storeQueriesContract(t, open))
    await t.test('of findings', (t) => findingsContract(t, open))
    await t.test('of sessions', (t) => consoleContract(t, open))
    await t.test('of what was shown', (t) => slackContract(t, open))
    await t.test('of searches', (t) => searchContract(t, open))
  })

  /** Two replicas on one database. */
  const twoReplicas = async (t: Test) => {
    const database = await cleared()
    const stores = [await openReplica(cluster, database), await openReplica(cluster, database)] as const
    t.teardown(() => Promise.all(stores.map((store) => store.close())))
    return { database, stores }
  }

  await t.test('500 elevations started on two replicas at once are started once each', async (t) => {
    const { stores } = await twoReplicas(t)
    const ids = Array.from({ length: 500 }, (_, n) => idOf(n))
    await Promise.all(ids.map((id, n) => insert(stores[n % 2 === 0 ? 0 : 1], approved(id))))
    const start = (store: Store, by: string) =>
      ids.map((id) =>
        store.commit({ elevation: issuing(id), expectedVersion: 1, entries: [entry(`${id}:2:${by}`, id)] })
      )
    const [a, b] = stores
    const all = await Promise.all([...start(a, 'a'), ...start(b, 'b')])
    t.equal(all.filter(({ kind }) => kind === 'committed').length, 500)
    const rows = await a.list({ limit: 1000 })
    t.ok(rows.every(({ version, ledger }) => version === 2 && ledger.length === 2))
    const entries = await b.entries(0, 2000)
    t.strictSame(entries.map(({ index }) => index), Array.from({ length: 1000 }, (_, n) => n))
  })

  await t.test('a query begins before an end that another replica commits, or not at all', async (t) => {
    const { stores: [a, b] } = await twoReplicas(t)
    const ids = Array.from({ length: 60 }, (_, n) => idOf(n))
    for (const id of ids) await insert(a, active(id))
    const raced = await Promise.all(
      ids.flatMap((id, n) => {
        const queryId = parseQueryId(idOf(1000 + n))
        if (queryId === null) throw new Error('bad fixture')
        const query = row(1, { id: queryId, elevation: id })
        // so that neither is always asked first, and they meet
        const [first, second] = n % 2 === 0 ? [0, n % 7] : [n % 5, 0]
        return [
          pause(first).then(() => a.beginQuery(query, [entry(`q:${id}`, id)], at(3))),
          pause(second).then(() =>
            b.commit({ elevation: ending(id), expectedVersion: 1, entries: [entry(`e:${id}`, id)] })
          )
        ]
      })
    )
    const order = ids.map((_, n) => {
      const [query, end] = [raced[2 * n], raced[2 * n + 1]]
      if (end?.kind !== 'committed') throw new Error('the end has nothing in its way')
      if (query?.kind !== 'committed') return 'refused'
      return (query.indexes[0] ?? 0) < (end.indexes[0] ?? 0) ? 'before' : 'after'
    })
    t.notOk(order.includes('after'))
    t.comment(`${order.filter((one) => one === 'before').length} of ${ids.length} began`)
  })

  await t.test('the turn in Slack and a request seen belong to one replica', async (t) => {
    const { stores: [a, b] } = await twoReplicas(t)
    const claims = await Promise.all(
      Array.from({ length: 100 }, (_, n) => (n % 2 ? a : b).slack.claim(`k${n >> 1}`, at(10)))
    )
    t.equal(claims.filter(Boolean).length, 50)
    const turns = await Promise.all([a.slack.take('a', at(0), at(1)), b.slack.take('b', at(0), at(1))])
    t.equal(turns.filter((one) => one === null).length, 1)
  })

  await t.test('a plan that is kept claims due rows by an index, however many rows there are', async (t) => {
    const { database, stores: [store] } = await twoReplicas(t)
    // what is due was made first, as it is with ids that sort by time
    for (let n = 0; n < 20; n++) await insert(store, active(idOf(n), at(10)))
    const asked: Query[] = []
    const engine: Engine = {
      read: async () => [{}],
      write: async ({ steps, result }) => {
        asked.push(...steps, ...(result ? [result] : []))
        return { kind: 'conflict' }
      },
      purge: async () => {},
      close: async () => {},
      clock: { now: () => at(10), skewMilliseconds: () => 0 }
    }
    const client = new Client({ connectionString: url(database, 'owner') })
    await client.connect()
    try {
      await client.query(`set search_path = sallyport; set plan_cache_mode = force_generic_plan;
        insert into work_claim select id, 'somebody', 5 from elevation;
        insert into elevation select (jsonb_populate_record(e, jsonb_build_object(
          'id', 'Z' || lpad(n::text, 25, '0'), 'due_at', e.due_at + n))).*
        from elevation e, generate_series(1, 20000) n where e.id = '${idOf(1)}';
        analyze elevation; analyze work_claim`)
      for (const condition of [`e.state <> 'ending'`, `e.state = 'ending' and e.ending_step = 'remove'`]) {
        await dueRows(engine, { select: selectElevation, condition })(at(10), 5)
      }
      t.equal(asked.length, 6)
      for (const [n, { text, values }] of asked.entries()) {
        await client.query(`prepare asked_${n} as ${text}`)
        const given = values.map((value) => (typeof value === 'string' ? `'${value}'` : String(value)))
        const { rows } = await client.query(`explain (format json) execute asked_${n}(${given.join(', ')})`)
        const plan = JSON.stringify(rows)
        const found = plan.split('"Relation Name":"elevation"').slice(1)
        for (const node of found) t.match(node.split('"Plans"')[0], /"(Index|Recheck) Cond"/, text)
      }
    } finally {
      await client.end()
    }
  })

  await t.test('what is due is one replica\'s until it is done, or too long under way', async (t) => {
    const { stores: [a, b] } = await twoReplicas(t)
    const ids = Array.from({ length: 200 }, (_, n) => idOf(n))
    await Promise.all(ids.map((id, n) => insert(a, active(id, at(10 + n)))))
    const found: string[] = []
    const work = async (store: Store): Promise<void> => {
      for (;;) {
        const rows = await store.due(at(500), 10)
        if (rows.length === 0) return
        for (const { elevation, version } of rows) {
          found.push(elevation.id)
          await store.commit({ elevation: ended(elevation.id), expectedVersion: version, entries: [] })
        }
      }
    }
    await Promise.all([work(a), work(b)])
    t.strictSame(found.toSorted(), ids)
    for (const one of [active(idOf(900), at(10)), ending(idOf(901), at(10))]) await insert(a, one)
    const looks: readonly ((store: Store, minute: number) => Promise<readonly unknown[]>)[] = [
      (store, minute) => store.due(at(minute), 10),
      (store, minute) => store.dueEndings('revoke', at(minute), 10)
    ]
    for (const look of looks) {
      const count = async (store: Store, minute: number) => (await look(store, minute)).length
      t.equal(await count(a, 500), 1)
      t.equal(await count(a, 500), 1, 'its own again')
      t.equal(await count(b, 500), 0)
      t.equal(await count(b, 501), 1, 'taken over')
      t.equal(await count(a, 501), 0)
    }
  })

  await t.test('the tree has one head, whichever replica seals', async (t) => {
    const { stores } = await twoReplicas(t)
    const head = { size: 1, root: new Uint8Array(32), frontier: new Uint8Array(32), edge: [new Uint8Array(32)] }
    const checkpoint = Buffer.from('checkpoint')
    const grown = await Promise.all(stores.map((store) => store.log.grow({ head, tiles: [], checkpoint }, null)))
    t.equal(grown.filter(Boolean).length, 1)
    const again = await Promise.all(
      stores.map((store) => store.log.grow({ head: { ...head, size: 2 }, tiles: [], checkpoint }, 1))
    )
    t.equal(again.filter(Boolean).length, 1)
    t.match(await stores[0].log.head(), { version: 2, size: 2, signed: 2, checkpoint })
  })

  await t.test('the broker\'s role adds to the ledger and can do nothing else to it', async (t) => {
    const database = await cleared()
    const store = await openReplica(cluster, database)
    t.teardown(() => store.close())
    await insert(store, pending(idOf(1)))
    await insert(store, ended(idOf(2)))
    const client = new Client(url(database))
    await client.connect()
    t.teardown(() => client.end())
    await client.query('set search_path = sallyport')
    const denied = [
      'update ledger_outbox set seq = 9 where seq = 2',
      'delete from ledger_outbox where seq = 2',
      'truncate ledger_outbox cascade',
      `update ledger_tile set bytes = ''`,
      'delete from ledger_tile',
      'delete from review',
      'delete from elevation',
      'truncate elevation cascade',
      'delete from ledger_head',
      `insert into schema_migration values (99, 'x', 0)`,
      'alter table ledger_outbox disable trigger all',
      'drop trigger ledger_outbox_gap on ledger_outbox',
      'set session_replication_role = replica',
      'drop table ledger_outbox cascade',
      'create table mine (n int)',
      'create or replace function rewrite_erased() returns void language sql as $$ $$'
    ]
    for (const text of denied) await t.rejects(client.query(text), { code: '42501' }, text)
    const refused = [
      `update elevation set state = 'active' where id = '${idOf(2)}'`,
      `update elevation set body = '{}' where id = '${idOf(2)}'`,
      `insert into ledger_outbox values (9, 'gap', null, '\\x00', decode(repeat('00', 32), 'hex'))`
    ]
    for (const text of refused) await t.rejects(client.query(text), { code: 'P0001' }, text)
    await t.rejects(client.query(`update elevation set state = 'odd' where id = '${idOf(1)}'`), { code: '23514' })

    await t.test('its owner is kept from it by triggers', async (t) => {
      const owner = new Client(url(database, 'owner'))
      await owner.connect()
      t.teardown(() => owner.end())
      await owner.query('set search_path = sallyport')
      for (const text of [...denied.slice(0, 3), ...denied.slice(6, 8), ...refused]) {
        await t.rejects(owner.query(text), { code: 'P0001' }, text)
      }
    })
  })

  await t.test('text is compared byte by byte, whatever the language of the database', async (t) => {
    const database = await cleared()
    const found = await sql(database, `select c.relname, a.attname from pg_attribute a
      join pg_class c on c.oid = a.attrelid join pg_collation l on l.oid = a.attcollation
      where c.relnamespace = 'sallyport'::regnamespace and c.relkind = 'r' and l.collname <> 'C'`)
    t.strictSame(found, [])
    t.strictSame(await sql(database, `select 'a' < 'B' as language`), [{ language: true }])
  })

  await t.test('what is due is found by its index', async (t) => {
    const database = await cleared()
    await sql(database, `set search_path = sallyport; set session_replication_role = replica;
      insert into elevation (id, state, version, requester, target, due_at, created_at, body)
        select lpad(n::text, 26, '0'), 'active', 1, 'alice', 'claims-pii', 1000000 + n, 0, '{}'
        from generate_series(1, 50000) n;
      analyze elevation`)
    const asked: Query[] = []
    const spy: Engine = {
      read: async (query) => {
        asked.push(query)
        return []
      },
      write: async () => ({ kind: 'conflict' }),
      purge: async () => {},
      close: async () => {}
    }
    await storeOver(spy, () => 0, testWrap).due(instant(1_000_100), 100)
    const client = new Client(url(database))
    await client.connect()
    t.teardown(() => client.end())
    await client.query('set search_path = sallyport')
    const [due] = asked
    const plan = await client.query<{ readonly 'QUERY PLAN': string }>(`explain ${due?.text}`, [...(due?.values ?? [])])
    const text = plan.rows.map((line) => line['QUERY PLAN']).join('\n')
    t.match(text, /Index Scan using elevation_due/)
    t.notMatch(text, /Seq Scan on elevation/)
  })

  await t.test('a database that cannot be trusted is refused, with what to do', async (t) => {
    const folder = t.testdir()
    const refusal = async (database: string, owner: string | null = null) =>
      openStore({
        folder,
        database: { url: url(database), ownerUrl: owner && url(database, owner) }
      }).then(
        async (store) => {
          await store.close()
          return 'opened'
        },
        (error: { readonly code: string; readonly message: string }) => `${error.code}: ${error.message}`
      )
    /** Of new connections, which have what the server itself has read. */
    const inEffect = async (name: string, value: string) => {
      await sql('postgres', 'select pg_reload_conf()')
      await until(async () => (await sql('postgres', `show ${name}`))[0]?.[name] === value)
    }
    const setting = async (name: string) => {
      await sql('postgres', `alter system set ${name} = off`)
      await inEffect(name, 'off')
    }
    const reset = async (name: string) => {
      await sql('postgres', `alter system reset ${name}`)
      await inEffect(name, 'on')
    }
    const filled = await cluster.migrated()
    for (const name of ['fsync', 'full_page_writes', 'synchronous_commit']) {
      await setting(name)
      t.match(await refusal(filled), new RegExp(`^unavailable: .*${name} is off.*set ${name} = on`), name)
      await reset(name)
    }
    await sql(filled, 'alter role app set synchronous_commit = off')
    t.match(await refusal(filled), /^unavailable: .*synchronous_commit is off.*for the role/)
    await sql(filled, 'alter role app reset synchronous_commit')
    t.equal(await refusal(filled), 'opened')

    await sql(filled, `insert into sallyport.schema_migration values (99, 'x', 0)`)
    t.match(await refusal(filled), /^newer_schema: /)
    await sql(filled, `delete from sallyport.schema_migration where number = 99`)
    await sql(filled, `update sallyport.schema_migration set checksum = 'x' where number = 1`)
    t.match(await refusal(filled), /^corrupt: /)

    const foreign = await cluster.empty()
    await sql(foreign, 'create schema sallyport; create table sallyport.theirs (n int)')
    t.match(await refusal(foreign, 'owner'), /^corrupt: .*belongs to something else/)

    const ascii = 'ascii'
    await sql('postgres', `create database ${ascii} owner owner encoding 'SQL_ASCII' template template0 locale_provider libc locale 'C'`)
    t.match(await refusal(ascii, 'owner'), /^unavailable: .*SQL_ASCII, not UTF8/)

    const fresh = await cluster.empty()
    t.match(await refusal(fresh), /^not_writable: .*SALLYPORT_DATABASE_OWNER_URL/)
    t.equal(await refusal(fresh, 'owner'), 'opened')
    t.equal(await refusal(fresh, 'owner'), 'opened', 'made is made')
    t.match(await refusal('nowhere'), /^unavailable: .*does not exist/)
    const same = openStore({
      folder: t.testdir(),
      database: { url: url(fresh, 'owner'), ownerUrl: url(fresh, 'owner') }
    })
    await t.rejects(same, { code: 'exposed' })
  })

  await t.test('replicas that start together on an empty database make its tables once', async (t) => {
    const database = await cluster.empty()
    const places = { url: url(database), ownerUrl: url(database, 'owner') }
    const folder = t.testdir()
    const stores = await Promise.all(
      Array.from({ length: 4 }, () => openStore({ folder, database: places, timeoutMilliseconds: 60_000 }))
    )
    const indexes = await Promise.all(stores.map((store, n) => insert(store, pending(idOf(n)))))
    t.equal(indexes.filter(({ kind }) => kind === 'committed').length, 4)
    const applied = await sql(database, 'select number from sallyport.schema_migration order by number')
    t.equal(applied.length, migrations(postgresDialect).length)
    await Promise.all(stores.map((store) => store.close()))
    // the one of another folder has another key
    await t.rejects(
      openStore({ folder: join(folder, 'other'), keyWrap: wrapUnder(new Uint8Array(32)), database: { ...places, ownerUrl: null } }),
      { code: 'corrupt', message: /locked by another key/ }
    )
  })

  await t.test('one role may be owner and broker', async (t) => {
    const database = await cluster.empty()
    const store = await openStore({ folder: t.testdir(), database: { url: url(database, 'owner'), ownerUrl: null } })
    t.match(await insert(store, pending(idOf(1))), { kind: 'committed' })
    await store.close()
  })

  await t.test('decisions can go by the database\'s clock', async (t) => {
    const store = await openReplica(cluster, await cleared())
    t.teardown(() => store.close())
    const [found] = await sql('postgres', 'select extract(epoch from clock_timestamp()) * 1000 as at')
    t.ok(Math.abs(Number(found?.['at']) - (store.clock?.now() ?? 0)) < 1000)
  })

  await t.test('connections that the server ends are made again', async (t) => {
    const database = await cleared()
    const store = await openReplica(cluster, database)
    t.teardown(() => store.close())
    for (let n = 0; n < 3; n++) {
      await Promise.all(Array.from({ length: 10 }, () => store.list({ limit: 1 })))
      await sql(database, `select pg_terminate_backend(pid) from pg_stat_activity where usename = 'app' and datname = '${database}'`)
      const reads = Array.from({ length: 10 }, () => store.list({ limit: 9 }))
      t.match(await insert(store, pending(idOf(n))), { indexes: [n] })
      for (const read of await Promise.all(reads)) t.ok(read.length === n || read.length === n + 1)
      t.equal((await store.list({ limit: 9 })).length, n + 1)
    }
  })

  await t.test('a writer that holds the lock is waited for only so long, and nothing is written', async (t) => {
    const database = await cleared()
    const store = await openReplica(cluster, database, { timeoutMilliseconds: 300 })
    t.teardown(() => store.close())
    const holder = new Client(url(database))
    await holder.connect()
    await holder.query('begin; select pg_advisory_xact_lock(7305331, 1)')
    await t.rejects(insert(store, pending(idOf(1))), { code: 'overloaded' })
    t.equal((await store.list({ limit: 1 })).length, 0, 'reads wait for nobody')
    await holder.end()
    t.match(await insert(store, pending(idOf(1))), { indexes: [0] })
  })

  await t.test('a connection that is lost on the way', async (t) => {
    const database = await cleared()
    const proxy = await startProxy(cluster.port)
    t.teardown(proxy.close)
    const store = await openStore({
      folder: t.testdir(),
      keyWrap: testWrap,
      timeoutMilliseconds: 400,
      database: { url: url(database).replace(`:${cluster.port}/`, `:${proxy.port}/`), ownerUrl: null }
    })
    t.teardown(() => store.close())
    t.match(await insert(store, pending(idOf(1))), { indexes: [0] })

    await t.test('before the commit: the change is made once, on another connection', async (t) => {
      proxy.onNext('begin isolation', 'cut before')
      t.match(await insert(store, pending(idOf(2))), { indexes: [1] })
      proxy.onNext('commit\0', 'cut before')
      await t.rejects(insert(store, pending(idOf(3))), { code: 'timeout' })
      t.equal(await store.get(idOf(3)), null, 'nobody can know, and it was not')
    })
    await t.test('after the commit: it may have been made, and was', async (t) => {
      proxy.onNext('commit\0', 'cut after')
      await t.rejects(insert(store, pending(idOf(4))), { code: 'timeout' })
      t.match(await store.get(idOf(4)), { version: 1, ledger: [2] })
    })
    await t.test('a network that swallows everything: answered in time, and well again by itself', async (t) => {
      proxy.onNext('commit\0', 'swallow')
      const from = performance.now()
      await t.rejects(insert(store, pending(idOf(5))), { code: 'timeout' })
      const waited = performance.now() - from
      t.ok(waited < 1500, `answered after ${Math.round(waited)} ms`)
      const other = await openReplica(cluster, database)
      t.teardown(() => other.close())
      t.match(await insert(other, pending(idOf(6))), { kind: 'committed' }, 'another replica goes on')
      await until(() => insert(store, pending(idOf(7))).then(() => true, () => false))
      const entries = await other.entries(0, 100)
      t.ok(entries.every(({ index }, place) => index === place))
      t.equal(await other.get(idOf(5)), null, 'what the server never had')
    })
  })

  await t.test('a replica that is stopped, killed or cut off keeps nobody, and loses nothing told', async (t) => {
    const database = await cleared()
    const store = await openReplica(cluster, database, { timeoutMilliseconds: 500 })
    t.teardown(() => store.close())
    const told = new Map<number, number>()
    const folder = t.testdir()
    const writers = [0, 1_000_000].map((first) => startWriter(url(database), folder, first, told))
    await until(() => told.size >= 40)
    let own = 2_000_000
    /** How long until one change of our own is in, in milliseconds. */
    const writable = async (): Promise<number> => {
      const from = performance.now()
      for (;;) {
        const done = await insert(store, pending(idOf(own++))).catch(() => null)
        if (done?.kind === 'committed') return performance.now() - from
      }
    }
    for (let round = 0; round < 3; round++) {
      writers[0]?.child.kill('SIGSTOP')
      const waited = await writable()
      t.ok(waited < 4000, `writable after ${Math.round(waited)} ms beside a stopped replica`)
      writers[0]?.child.kill('SIGCONT')
      await pause(50)
    }
    writers[1]?.child.kill('SIGKILL')
    t.ok((await writable()) < 4000)
    const before = told.size
    await cluster.crash()
    t.ok((await writable()) < 10_000, 'after a crash of the server')
    const left = writers[0]?.child
    const isOver = (): boolean => left?.exitCode !== null || left.signalCode !== null
    await until(() => told.size > before + 20 || isOver())
    t.notOk(isOver(), `the replica that is left goes on: ${left?.exitCode} ${left?.signalCode}`)
    writers[0]?.child.kill('SIGKILL')
    await Promise.all(writers.map(({ gone }) => gone))
    // with time enough to read it all
    const reader = await openReplica(cluster, database)
    t.teardown(() => reader.close())
    const entries = await reader.entries(0, 1_000_000)
    t.ok(entries.every(({ index }, place) => index === place), `${entries.length} entries without a gap`)
    const rows = await reader.list({ limit: 1_000_000 })
    const indexOf = new Map(rows.map(({ elevation, ledger }) => [elevation.id, ledger[0]]))
    t.strictSame([...told].filter(([n, index]) => indexOf.get(idOf(n)) !== index), [], `${told.size} told`)
    t.equal(rows.length, entries.length)
  })
}

/** A process that adds what it was told to `told`. */
const startWriter = (url: string, folder: string, first: number, told: Map<number, number>) => {
  const script = scriptOf('postgres-writer')
  const child = spawn(process.execPath, [...process.execArgv, script, folder, url, String(first)], {
    stdio: ['ignore', 'pipe', 'inherit']
  })
  createInterface({ input: child.stdout }).on('line', (line) => {
    const [n, index] = line.split(' ').map(Number)
    if (n === undefined || index === undefined) throw new Error(`not an acknowledgement: ${line}`)
    told.set(n, index)
  })
  return { child, gone: once(child, 'close') }
}

type Trick = 'cut before' | 'cut after' | 'swallow'

/** Passes everything on to the server, but for one trick on the next bytes that hold a word. */
const startProxy = async (port: number) => {
  let next: { readonly word: string; readonly trick: Trick } | null = null
  const open = new Set<Socket>()
  const server = createServer((client) => {
    const upstream = connect(port, '127.0.0.1')
    let trick: Trick | null = null
    const end = (): void => {
      client.destroy()
      upstream.destroy()
    }
    for (const one of [client, upstream]) {
      open.add(one)
      one.on('error', end)
      one.on('close', end)
    }
    client.on('data', (bytes) => {
      if (next !== null && bytes.includes(next.word)) {
        trick = next.trick
        next = null
      }
      if (trick === 'cut before') end()
      else if (trick !== 'swallow') upstream.write(bytes)
    })
    upstream.on('data', (bytes) => {
      if (trick === 'cut after') end()
      else if (trick !== 'swallow') client.write(bytes)
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const at = server.address()
  if (at === null || typeof at === 'string') throw new Error('no port')
  return {
    port: at.port,
    onNext: (word: string, trick: Trick) => {
      next = { word, trick }
    },
    close: async () => {
      for (const one of open) one.destroy()
      server.close()
      await once(server, 'close')
    }
  }
}

const until = async (isSo: () => boolean | Promise<boolean>): Promise<void> => {
  while (!(await isSo())) await pause(20)
}

const bin = findPostgres()
if (bin === null) withoutPostgres('everything of the PostgreSQL store')
else t.test('PostgreSQL', { timeout: 240_000 }, (t) => withServer(t, bin))
