/**
 * The composition root: configuration in, a running broker out. Everything is wired here, once; no
 * rule lives here. Rejects with `StartError` when policies, folder or ports are not usable.
 */
import { hostname } from 'node:os'
import { setTimeout as wait } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { AwsSettings } from './aws/answer.ts'
import { onFirstUse } from './aws/first-use.ts'
import { kmsGrants } from './aws/grants.ts'
import { stsIdentity } from './aws/identity.ts'
import { kmsKeyWrap } from './aws/key-wrap.ts'
import { stsSessions } from './aws/sessions.ts'
import type { Deps } from './broker/deps.ts'
import { makeAudit } from './broker/audit.ts'
import { makeBroker } from './broker/make-broker.ts'
import { orphanSearch } from './broker/orphans.ts'
import { policyChanged } from './broker/policy-changes.ts'
import { makePosture } from './broker/posture.ts'
import { makeReconciling } from './broker/reconciled.ts'
import { receiptedReviews } from './broker/record.ts'
import type { WorkFault } from './broker/work.ts'
import type { Config } from './config.ts'
import { instant, seconds } from './elevation/ids.ts'
import { type Limits, buildApp } from './http/app.ts'
import { makeAuth } from './http/auth.ts'
import { issuerKeys } from './http/issuer-keys.ts'
import { type ReadyCheck, buildOps } from './http/ops.ts'
import type { Reloaded } from './policy-watch.ts'
import { pagesOf, slackOf } from './edges.ts'
import { tellingEntries } from './start/entry-lines.ts'
import { startChecks } from './start/checks.ts'
import { StartError } from './start/error.ts'
import { figuresOf } from './start/figures.ts'
import { type Ledger, startLedger } from './start/ledger.ts'
import { startStore } from './start/personal.ts'
import { type Orphans, startOrphans } from './start/orphans.ts'
import { goodOrThrow, startPolicy, watchFolder } from './start/policy.ts'
import { readCompiled } from './start/compiled.ts'
import { type PostureParts, type PostureWatch, startPosture } from './start/posture.ts'
import { searchSideDoors } from './start/side-doors.ts'
import { startSearching } from './start/searching.ts'
import { startSinks } from './start/sinks.ts'
import type { Skew } from './start/skew.ts'
import { tellingAws } from './start/told-aws.ts'
import { systemView } from './start/system-view.ts'
import { startWatching } from './start/watched.ts'
import type { StartEngine } from './store/open.ts'
import type { Store } from './store/store.ts'
import type { Clock } from './ports.ts'
import { loopTurn, systemClock, systemIds } from './system.ts'
import { type Worker, startWorker } from './worker.ts'

type AwsPorts = Pick<Deps, 'sessions' | 'grants' | 'queries' | 'catalogs' | 'runs' | 'probes'>

export type Given = {
  readonly logger: Logger
  /** absent: endpoint from the configuration, credentials from the SDK's own chain */
  readonly aws?: AwsSettings
  /** how long an issuer is believed alive and a sweep waits; the demo shortens them */
  readonly timing?: {
    readonly leaseSeconds: number
    readonly settleSeconds: number
    /** between two looks for orphan grants */
    readonly orphanSeconds?: number
    /** from one snapshot of posture to the next that somebody wants, at least */
    readonly posturePauseSeconds?: number
  }
  readonly limits?: Partial<Limits>
  /** default: this machine's */
  readonly clock?: Clock
  /** stands in for AWS altogether, e.g. to measure the broker alone */
  readonly ports?: AwsPorts
  /** hears the named points of issuing and ending as they are reached */
  readonly reached?: NonNullable<Deps['reached']>
  /** stands in for the thread that the embedded store has */
  readonly engine?: StartEngine
}

export type Running = {
  readonly url: string
  readonly opsUrl: string
  readonly policyDigest: string
  /** looks at the policies now instead of at the next poll */
  readonly reload: () => Promise<Reloaded>
  /** Not ready from now on, and serving all the same, until whoever sends requests has seen it. */
  readonly drain: () => Promise<void>
  readonly close: () => Promise<void>
}

const timing = { leaseSeconds: 30, settleSeconds: 70 } as const
const orphanSeconds = 60
/** with the fourteen seconds that an answer may take and what is flushed: twenty until the end */
const drainMs = 4000
const catalogMaxAgeSeconds = 60

/** Starts the broker: policies, folder, worker, both listeners. Ready when it resolves. */
export const startBroker = async (config: Config, given: Given): Promise<Running> => {
  const policy = await startPolicy(config.policies, given.logger)
  const { awsEndpointUrl: endpoint } = config
  let skew: Skew | null = null
  const awsSettings: AwsSettings = {
    ...(endpoint === null ? {} : { endpoint }),
    ...given.aws,
    heard: (time) => skew?.heard(time)
  }
  const store = await startStore(config, {
    kms: (key) => kmsKeyWrap(awsSettings, key),
    ...(given.engine ? { engine: given.engine } : {})
  })
  const clock = given.clock ?? clockOf(store)
  const ledger = await startLedger(config, { store, clock, logger: given.logger })
  const aws = awsPorts(awsSettings)
  const [target] = policy.targets.values()
  const watched = startWatching({
    store,
    now: () => clock.now(),
    identity: given.ports || !target ? null : stsIdentity(awsSettings, target.region)
  })
  const { meters } = watched
  skew = watched.skew
  const { sure } = watched.skew
  const checks = startChecks()
  const { leaseSeconds, settleSeconds } = given.timing ?? timing
  const writing = { ...store, ...store.posture }
  const told = { ...store, ...tellingEntries(writing, { logger: given.logger, meters }) }
  const deps: Deps = {
    elevations: told,
    standings: store,
    reviews: receiptedReviews(told, ledger.log),
    worklist: store,
    locks: told,
    endings: store,
    queryRows: told,
    checks,
    posture: store.posture,
    ledger: told,
    log: ledger.log,
    upkeep: ledger.upkeep,
    ...tellingAws(given.ports ?? aws.ports, { called: meters.awsCalled, sure }),
    policy: () => policies.policy(),
    clock,
    ids: systemIds,
    turn: loopTurn,
    settings: {
      // in a container every start may have the same host and pid
      owner: `${hostname()}:${process.pid}:${systemIds.entry()}`,
      brokerRoleArn: config.brokerRoleArn,
      leaseSeconds,
      settleSeconds,
      catalogMaxAgeSeconds
    },
    meters,
    ...(given.reached ? { reached: given.reached } : {})
  }
  let worker: Worker | null = null
  let orphans: Orphans | null = null
  let posture: PostureWatch | null = null
  // held back, nothing is decided, ended or told before an operator has accepted the ledger
  const begin = async (): Promise<void> => {
    if (worker !== null) return
    await policyChanged(deps, { from: null, to: policy })
    worker = startWorker(deps, {
      failed: (faults) => {
        meters.workFailed()
        tellFaults(given.logger, faults)
      },
      time: watched.skew
    })
    if (given.ports) return
    const betweenMs = 1000 * (given.timing?.orphanSeconds ?? orphanSeconds)
    posture = watchPosture(config, awsSettings, {
      deps,
      findings: { ...store.posture, keepFindings: told.keepFindings },
      logger: given.logger,
      judged: searchSideDoors({ store: store.posture, policy: deps.policy, logger: given.logger }),
      ...pauseOf(given)
    })
    orphans = startOrphans(
      orphanSearch(deps, watched.counting(aws.retirable)),
      given.logger,
      betweenMs
    )
  }
  if (ledger.held() === null) await begin()
  const policies = watchFolder(config.policies, { deps, policy, logger: given.logger })
  const sinks = startSinks(config, {
    store: { ...store.sinks, count: () => store.log.count() },
    now: () => clock.now(),
    logger: given.logger
  })
  const close = async (): Promise<void> => {
    await Promise.all([app.close(), ops.close()])
    await slack?.stop()
    await policies.stop()
    await Promise.all([worker?.stop(), orphans?.stop(), posture?.stop()])
    watched.stop()
    aws.close()
    await checks.close()
    await ledger.stop()
    await searching.stop()
    await sinks.stop()
    await store.close()
  }
  const { issuer, audience, jwksUrl } = config.oidc
  const now = () => clock.now()
  const keys = issuerKeys({ issuer, jwksUrl, now })
  const broker = makeBroker(deps, () => worker?.wake())
  const audit = makeAudit(deps, store.search)
  const searching = startSearching({ search: store.search, logger: given.logger })
  const slack = await slackOf(config, { broker, deps, store, logger: given.logger })
  const checked: readonly ReadyCheck[] = [
    { name: 'store', check: () => store.check() },
    { name: 'ledger', check: ledger.check },
    { name: 'policy', check: async () => goodOrThrow(policies) },
    ...watched.checks,
    ...witnessCheck(ledger)
  ]
  const system = systemView({ checks: checked, store, ledger, now })
  const looking = makePosture(deps, {
    store: store.posture,
    wake: config.postureIntervalMs === null ? null : () => posture?.wake()
  })
  const auditing = { audit, system, posture: looking, read: readCompiled }
  const pages = await pagesOf(config, { broker, deps, store, logger: given.logger }, auditing)
  const app = await buildApp({
    broker,
    audit,
    posture: looking,
    reconciling: makeReconciling(deps, { ...store.posture, keepFindings: told.keepFindings }),
    auth: makeAuth({
      issuer,
      audience,
      keys,
      now,
      maxTokenAge: seconds(86_400)
    }),
    logger: given.logger,
    requestId: () => systemIds.entry(),
    held: ledger.held,
    answered: meters.answered,
    ...(given.limits ? { limits: given.limits } : {}),
    ...(slack?.plugin ? { slack: slack.plugin } : {}),
    ...(pages === null ? {} : { console: pages })
  })
  const ops = buildOps({
    logger: given.logger,
    checks: checked,
    meters,
    metrics: [
      ...figuresOf({
        store,
        ledger,
        skew: watched.skew,
        now,
        keysGoodAt: keys.goodAt,
        slack: () => slack?.counts() ?? null,
        grantsOnKeys: watched.grantsOnKeys,
        isPolicyGood: () => policies.state().kind === 'good',
        isWatching: config.postureIntervalMs !== null && !given.ports
      }),
      sinks.metrics
    ]
  })
  try {
    const url = await app.listen({ host: config.host, port: config.port })
    const opsUrl = await ops.listen({ host: config.host, port: config.opsPort })
    const startSlack = (): void => {
      slack?.start()
      if (slack) ledger.listen(slack.anchor)
    }
    if (ledger.held() === null) startSlack()
    else {
      ledger.whenAccepted(async () => {
        await begin()
        startSlack()
      })
    }
    const drain = async (): Promise<void> => {
      watched.drain()
      await wait(drainMs)
    }
    return { url, opsUrl, policyDigest: policy.digest, reload: policies.reload, drain, close }
  } catch (cause) {
    await close()
    throw new StartError('unavailable', [cannotListen(config, cause)], { cause })
  }
}

/** Replicas of one database decide by its clock. */
const clockOf = ({ clock }: Store): Clock =>
  clock === null ? systemClock : { now: () => instant(clock.now()) }

/** What a dead witness is: told, and no reason to take no more requests. */
const witnessCheck = ({ checkWitness }: Ledger): readonly ReadyCheck[] =>
  checkWitness === null ? [] : [{ name: 'witness', check: checkWitness, isAdvice: true }]

const tellFaults = (logger: Logger, faults: readonly WorkFault[]): void => {
  for (const { elevation, cause } of faults) {
    const { name, message, stack } = cause instanceof Error ? cause : new Error('not an error')
    logger.error({ event: 'work_failed', elevation, name, message, stack })
  }
}

const pauseOf = ({ timing: given }: Given): Pick<PostureParts, 'pauseMs'> =>
  given?.posturePauseSeconds === undefined ? {} : { pauseMs: 1000 * given.posturePauseSeconds }

/** Null where it is off. */
const watchPosture = (
  { postureIntervalMs: intervalMs, brokerRoleArn }: Config,
  settings: AwsSettings,
  parts: Pick<PostureParts, 'deps' | 'findings' | 'logger' | 'judged' | 'pauseMs'>
): PostureWatch | null => {
  if (intervalMs === null) return null
  const { clock, policy } = parts.deps
  const collect: PostureParts['collector']['collect'] = async (signal) => {
    // five clients of AWS that nothing but a scan needs
    const { collectSnapshot } = await import('./aws/posture-snapshot.ts')
    const targets = [...policy().targets.values()]
    return collectSnapshot(settings, { targets, at: clock.now(), signal, brokerRoleArn })
  }
  return startPosture({ ...parts, collector: { collect }, intervalMs, random: Math.random })
}

const awsPorts = (settings: AwsSettings) => {
  const sessions = stsSessions(settings)
  const grants = kmsGrants(settings)
  const { close, ...later } = onFirstUse(settings)
  return {
    ports: { sessions, grants, ...later },
    retirable: grants,
    close: () => {
      for (const port of [sessions, grants, { close }]) port.close()
    }
  }
}

const cannotListen = (config: Config, cause: unknown): string => {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown'
  const where = `${config.host}, port ${config.port} and ${config.opsPort}`
  return code === 'EADDRINUSE'
    ? `a port is taken (${where}); set SALLYPORT_PORT and SALLYPORT_OPS_PORT to free ones`
    : `cannot listen on ${where}: ${code}`
}
