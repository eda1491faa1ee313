/**
 * A broker whose ledger has a story in it, for those who read it: asked, decided, used, erased; its
 * console without anybody's sign-in page; and years of entries that nobody had to wait for.
 */
import { readFileSync } from 'node:fs'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FastifyInstance, FastifyPluginAsync } from 'fastify'
import { pino } from 'pino'
import type { Test } from 'tap'
import typescript from 'typescript'
import { type Audit, makeAudit } from '../src/broker/audit.ts'
import type { Broker } from '../src/broker/broker.ts'
import type { Deps } from '../src/broker/deps.ts'
import { makeBroker } from '../src/broker/make-broker.ts'
import { makePosture } from '../src/broker/posture.ts'
import { makeConsole } from '../src/console/console.ts'
import { digestOf as secretDigest, newSecret } from '../src/console/cookie.ts'
import { type ElevationId, type PersonId, instant } from '../src/elevation/ids.ts'
import type { ReadModule } from '../src/evidence/bundle.ts'
import { buildApp } from '../src/http/app.ts'
import type { Auth } from '../src/http/auth.ts'
import { type Entry, makeEntry } from '../src/ledger/entry.ts'
import { digestOf } from '../src/policy/digest.ts'
import type { SystemView } from '../src/ports-system.ts'
import type { Store } from '../src/store/store.ts'
import { systemIds } from '../src/system.ts'
import type { FakeAws } from './fakes/aws.ts'
import { type SealedLog, sealedLog } from './fakes/sealed-log.ts'
import { alice, ask, bob, byCli, dave, depsOver, eve, examplePolicy, got, roomy, sam } from './fixtures-broker.ts'
import { openHere } from './fixtures-store.ts'
import { root } from './place.ts'

export const hostile = `</script><img src=x onerror=alert(1)> "quoted" 'single' {{x}}`

export type AuditScene = {
  readonly store: Store
  readonly deps: Deps
  readonly broker: Broker
  readonly audit: Audit
  readonly log: SealedLog
  readonly aws: FakeAws
  /** approved, started and being ended */
  readonly used: ElevationId
  /** its requester's data were erased */
  readonly erased: ElevationId
  readonly advance: (seconds: number) => void
  readonly now: () => number
}

export const auditScene = async (t: Pick<Test, 'teardown'>): Promise<AuditScene> => {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-audit-'))
  let now = Date.UTC(2026, 10, 21, 10)
  const advance = (length: number): void => {
    now += length * 1000
  }
  const allowed = roomy(await examplePolicy())
  const policy = { ...allowed, digest: digestOf(allowed) }
  const store = openHere(join(folder, 'store'), () => now)
  const log = sealedLog('log.example/ledger', store)
  const { deps, aws } = depsOver({ store, now: () => now, policy: () => policy }, { log })
  const broker = makeBroker(deps, () => {})
  t.teardown(async () => {
    await store.close()
    rmSync(folder, { recursive: true })
  })
  const submit = async (who: typeof alice, reason: string): Promise<ElevationId> => {
    const made = got(await broker.submit(byCli(who), { ...ask, reason }))
    advance(60)
    return made.elevation.elevation.id
  }
  const erased = await submit(dave, 'something that will be erased')
  got(await broker.cancel(dave, erased))
  got(await broker.erase(byCli(sam), { of: dave, reason: 'asked for by the person' }))
  advance(60)
  const used = await submit(alice, hostile)
  got(await broker.approve(byCli(bob), used))
  advance(60)
  got(await broker.activate(byCli(alice), used))
  advance(60)
  await broker.get(eve, used)
  got(await broker.end(alice, used))
  advance(60)
  return { store, deps, broker, audit: makeAudit(deps, store.search), log, aws, used, erased, advance, now: () => now }
}

/** Modules as the compiler writes them, of the sources as they are now. */
export const readSource: ReadModule = (path) => {
  const file = join(root, 'src', path.replace(/\.js$/, '.ts'))
  const { ModuleKind, ScriptTarget, transpileModule } = typescript
  const compilerOptions = {
    target: ScriptTarget.ES2023,
    module: ModuleKind.ESNext,
    verbatimModuleSyntax: true
  }
  return transpileModule(readFileSync(file, 'utf8'), { compilerOptions }).outputText
}

const byName: Auth = async (authorization) => {
  const name = /^Bearer ([a-z-]+)$/.exec(authorization ?? '')?.[1]
  return name === undefined
    ? { ok: false, code: 'unauthenticated', error: null, detail: 'Send a bearer token.' }
    : { ok: true, subject: name, signIn: { authAt: null, acr: null, amr: [] } }
}

export const system: SystemView = {
  checks: [
    { name: 'store', isGood: true, isAdvice: false, why: null },
    { name: 'policy', isGood: false, isAdvice: false, why: 'rules/claims.yaml:7 <b>unknown key</b>' },
    { name: 'witness', isGood: false, isAdvice: true, why: 'no answer in time' }
  ],
  ledger: { entries: 11, signed: 11, key: 'log.example/ledger+3a26352c+AQ==', held: null, unanchoredSince: null },
  work: {
    open: { pending: 1, approved: 0, issuing: 0, active: 0, ending: 1 },
    dueSince: null,
    issuingSince: null,
    endingSince: null,
    pastEnd: 0,
    slackWaiting: 0,
    slackSince: null
  },
  schema: 11
}

/** The API and the console over the scene; `Bearer NAME` is NAME, and so is the cookie of `cookieOf`. */
export const auditApp = async (
  t: Pick<Test, 'teardown'>,
  scene: AuditScene,
  {
    origin = 'http://127.0.0.1:9',
    wrap = (plugin) => plugin
  }: { readonly origin?: string; readonly wrap?: (plugin: FastifyPluginAsync) => FastifyPluginAsync } = {}
): Promise<{ readonly app: FastifyInstance; readonly cookieOf: (person: PersonId) => Promise<string> }> => {
  const { store, deps, broker, audit } = scene
  const logger = pino({ level: 'silent' })
  const now = () => deps.clock.now()
  const app = await buildApp({
    broker,
    audit,
    auth: byName,
    logger,
    requestId: () => systemIds.entry(),
    limits: { perPerson: 1_000_000, perAddress: 1_000_000 },
    console: wrap(makeConsole({
      broker,
      policy: deps.policy,
      sessions: store.console,
      elevations: store,
      wordOf: (id) => store.slack.word(id),
      changed: (index, limit) => store.slack.changed(index, limit),
      entryCount: () => store.log.count(),
      entriesAt: (indexes) => store.search.entriesAt(indexes),
      url: `${origin}/console`,
      issuers: [],
      now,
      logger,
      auditing: {
        audit,
        posture: makePosture(deps, { store: store.posture, wake: null }),
        system: async () => system,
        read: readSource
      }
    }))
  })
  t.teardown(() => app.close())
  return {
    app,
    cookieOf: async (person) => {
      const secret = newSecret()
      const session = { person, subject: person, authAt: now(), acr: null, amr: [], madeAt: now() }
      const far = instant(scene.now() + 8 * 3_600_000)
      await store.console.open(secretDigest(secret), { ...session, endsAt: far }, far)
      return secret
    }
  }
}

const minutes = 60_000

/** Eleven weeks of asks, decisions and ends before the scene; the same each time. */
export const history = (before: number): readonly Entry[] => {
  const entries: Entry[] = []
  let n = 0
  const add = (type: string, at: number, actor: string, elevation: string | null): void => {
    n += 1
    const id = `0199f0c4-7a10-4c3e-9d21-${String(n).padStart(12, '0')}`
    const about = { elevation, target: 'claims-pii', policy: null, data: {} }
    entries.push(makeEntry(id, { id, type, at: new Date(at).toISOString(), actor, ...about }, []))
  }
  for (let week = 11; week >= 1; week--) {
    for (let ask = 0; ask < 3 + ((week * 7) % 9); ask++) {
      const at = before - week * 7 * 1440 * minutes + ask * 400 * minutes
      const elevation = `01J${String(week * 100 + ask).padStart(23, '0')}`
      const decided = at + (1 + ((ask * ask * 13) % 300)) * minutes
      add('elevation.requested', at, ask % 3 === 0 ? 'dave' : 'alice', elevation)
      if (ask % 5 === 4) {
        add('elevation.denied', decided, 'carol', elevation)
        continue
      }
      add('approval.recorded', decided, ask % 4 === 1 ? 'carol' : 'bob', elevation)
      add('elevation.approved', decided, 'broker', elevation)
      if (ask % 3 === 2) add('query.refused', decided + 5 * minutes, 'alice', elevation)
      if (ask % 4 === 3) add('attempt.refused', decided + 6 * minutes, 'eve', null)
      add('elevation.ending', decided + 60 * minutes, 'broker', elevation)
      add('session.denied', decided + 60 * minutes + ((ask * 17) % 90) * 1000, 'broker', elevation)
    }
  }
  return entries
}
