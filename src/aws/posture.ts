/**
 * The collector: what AWS says about workgroups, keys, buckets, tables and principals in the
 * Regions of the targets, with the caller's own credentials and only by reading. What it was not
 * told is a gap. Only the caller's account can be listed; of others what their policies tell of
 * single keys.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { AthenaClient } from '@aws-sdk/client-athena'
import { GlueClient } from '@aws-sdk/client-glue'
import { IAMClient } from '@aws-sdk/client-iam'
import { KMSClient } from '@aws-sdk/client-kms'
import { S3Client } from '@aws-sdk/client-s3'
import type { Target } from '../elevation/target.ts'
import type { BucketFacts, Facts, Gap, TableFacts, WorkgroupFacts } from '../posture/facts.ts'
import { type AwsSettings, clientSettings } from './answer.ts'
import { perRegion, regionOf } from './clients.ts'
import { stsIdentity } from './identity.ts'
import { bucketOf, bucketsNamed } from './posture-buckets.ts'
import type { Timing } from './posture-budget.ts'
import { keysIn, keysNamed } from './posture-keys.ts'
import { principalsOf } from './posture-principals.ts'
import { type Progress, type Scan, startScan } from './posture-scan.ts'
import { tablesIn } from './posture-tables.ts'
import { type Place, workgroupsIn } from './posture-workgroups.ts'

export type { Progress } from './posture-scan.ts'

export type CollectAsk = {
  /** their Regions are collected, and their keys and buckets whatever else there is */
  readonly targets: readonly Target[]
  /** epoch milliseconds, when collecting begins */
  readonly at: number
  readonly signal: AbortSignal
  readonly progress?: (progress: Progress) => void
  /** the most entries that a page is asked for; absent = what AWS allows */
  readonly mostPerPage?: number
  /** absent = the machine's */
  readonly timing?: Timing
}

export type Collected =
  | { readonly ok: true; readonly facts: Facts }
  /** `unreachable`: AWS does not answer; `nobody`: it does not accept who asks */
  | { readonly ok: false; readonly code: 'unreachable' | 'nobody'; readonly name: string }
  /** the signal was aborted */
  | { readonly ok: false; readonly code: 'stopped' }

/** The snapshot, gaps included. Never throws for what AWS answers or does not. */
export const collectFacts = async (settings: AwsSettings, ask: CollectAsk): Promise<Collected> => {
  const region = ask.targets[0]?.region
  if (region === undefined) return { ok: true, facts: emptyFacts(ask.at) }
  const identity = stsIdentity(settings, region)
  try {
    const self = await identity.ask()
    if (ask.signal.aborted) return { ok: false, code: 'stopped' }
    if (!self.ok) {
      const code = self.kind === 'denied' ? 'nobody' : 'unreachable'
      return { ok: false, code, name: self.name }
    }
    const [, partition = 'aws', , , account = ''] = self.value.split(':')
    return { ok: true, facts: await collect(settings, ask, { partition, account }) }
  } catch (error) {
    if (ask.signal.aborted) return { ok: false, code: 'stopped' }
    throw error
  } finally {
    identity.close()
  }
}

type Home = Pick<Place, 'partition' | 'account'>

const collect = async (settings: AwsSettings, ask: CollectAsk, home: Home): Promise<Facts> => {
  const { targets, signal, progress, mostPerPage, timing = machine } = ask
  const scan = startScan({
    signal,
    timing,
    ...(progress === undefined ? {} : { progress }),
    ...(mostPerPage === undefined ? {} : { mostPerPage })
  })
  const clients = openClients(settings)
  const own = targets.filter((target) => target.account === home.account)
  const regions = [...new Set(own.map((target) => target.region))]
  try {
    const [iamRegion = ''] = regions
    const [perPlace, principals] = await Promise.all([
      Promise.all(regions.map((region) => collectIn(scan, clients, { ...home, region }))),
      regions.length === 0 ? [] : principalsOf(scan, clients.iam.in(iamRegion))
    ])
    const workgroups = perPlace.flatMap((one) => one.workgroups)
    const tables = perPlace.flatMap((one) => one.tables)
    const listed = perPlace.flatMap((one) => one.listed)
    const names = bucketNames(targets, workgroups, tables)
    const anyRegion = iamRegion || (targets[0]?.region ?? '')
    const buckets = await bucketsNamed(scan, clients.s3.in(anyRegion), names)
    const named = keyNames({ targets, workgroups, buckets, listed })
    const others = await keysNamed(scan, (arn) => clients.kms.in(regionOf(arn)), named)
    return {
      version: 1,
      at: new Date(ask.at).toISOString(),
      accounts: regions.length === 0 ? [] : [home.account],
      gaps: sorted([...scan.gaps, ...elsewhere(targets, home)], gapName),
      workgroups: sorted(workgroups, ({ arn }) => arn),
      keys: sorted([...perPlace.flatMap((one) => one.keys), ...others], ({ arn }) => arn),
      buckets: sorted(buckets, ({ name }) => name),
      tables: sorted(tables, ({ arn }) => arn),
      principals: sorted(principals, ({ arn }) => arn)
    }
  } finally {
    clients.close()
  }
}

const collectIn = async (scan: Scan, clients: Clients, place: Place) => {
  const { region } = place
  const [workgroups, tables, keys] = await Promise.all([
    workgroupsIn(scan, clients.athena.in(region), place),
    tablesIn(scan, clients.glue.in(region), place),
    keysIn(scan, clients.kms.in(region))
  ])
  return { workgroups, tables, ...keys }
}

type Clients = ReturnType<typeof openClients>

/** One try each: it is the scan that asks again, within its budget. */
const openClients = (settings: AwsSettings) => {
  const of = (region: string) => ({
    ...clientSettings(settings, region),
    maxAttempts: 1,
    retryMode: 'standard'
  })
  const athena = perRegion((region) => new AthenaClient(of(region)))
  const glue = perRegion((region) => new GlueClient(of(region)))
  const iam = perRegion((region) => new IAMClient(of(region)))
  const kms = perRegion((region) => new KMSClient(of(region)))
  const s3 = perRegion(
    (region) =>
      new S3Client({
        ...of(region),
        followRegionRedirects: true,
        forcePathStyle: settings.endpoint !== undefined
      })
  )
  const close = (): void => {
    for (const clients of [athena, glue, iam, kms, s3]) clients.close()
  }
  return { athena, glue, iam, kms, s3, close }
}

const bucketNames = (
  targets: readonly Target[],
  workgroups: readonly WorkgroupFacts[],
  tables: readonly TableFacts[]
): readonly string[] => {
  const names = [
    ...targets.flatMap(({ data, results }) => [
      ...data.map((set) => set.location.bucket),
      ...(results.kind === 'bucket' ? [results.location.bucket] : [])
    ]),
    ...workgroups.map(({ results }) => bucketOf(results.location)),
    ...tables.map(({ location }) => bucketOf(location))
  ]
  return [...new Set(names.filter((name) => name !== null))]
}

type Pointing = {
  readonly targets: readonly Target[]
  readonly workgroups: readonly WorkgroupFacts[]
  readonly buckets: readonly BucketFacts[]
  readonly listed: readonly string[]
}

/** ARNs of keys that something points to and that were not listed. */
const keyNames = ({ targets, workgroups, buckets, listed }: Pointing): readonly string[] => {
  const known = new Set(listed)
  const named = [
    ...targets.flatMap(({ data, results }) => [...data.map(({ key }) => key), results.key]),
    ...workgroups.flatMap(({ results, managedResults }) => [results.key, managedResults?.key]),
    ...buckets.map(({ encryption }) => encryption?.key)
  ]
  const arns = named.flatMap((name) => (name && keyArn.test(name) ? name : []))
  return [...new Set(arns)].filter((arn) => !known.has(arn))
}

const keyArn = /^arn:[a-z-]+:kms:[a-z0-9-]+:\d{12}:key\/[A-Za-z0-9-]+$/

/** Targets of accounts that these credentials cannot list. */
const elsewhere = (targets: readonly Target[], home: Home): readonly Gap[] =>
  targets
    .filter(({ account }) => account !== home.account)
    .map(({ account, region, workgroup }) => ({
      call: 'athena:GetWorkGroup',
      resource: `arn:${home.partition}:athena:${region}:${account}:workgroup/${workgroup}`,
      code: 'OtherAccount',
      message: `Account ${home.account} asks; Athena answers its own account only.`
    }))

const gapName = ({ call, resource, code }: Gap): string => [call, resource ?? '', code].join(' ')

const sorted = <T>(items: readonly T[], by: (item: T) => string): readonly T[] =>
  items.toSorted((a, b) => Number(by(a) > by(b)) - Number(by(a) < by(b)))

const emptyFacts = (at: number): Facts => ({
  version: 1,
  at: new Date(at).toISOString(),
  accounts: [],
  gaps: [],
  workgroups: [],
  keys: [],
  buckets: [],
  tables: [],
  principals: []
})

const machine: Timing = {
  now: () => performance.now(),
  wait: (milliseconds, signal) => pause(milliseconds, undefined, { signal }),
  random: () => Math.random()
}
