/**
 * A snapshot made ready for asking: principals as callers, policies as statements, and the places
 * where the classified tables lie. Whatever a gap hides is undecided, never absent. The broker's
 * own grants to sessions of its elevations are left out: they are what an elevation is.
 */
import { parseElevationId } from '../elevation/ids.ts'
import type { DataSet, Target } from '../elevation/target.ts'
import type { GrantFact, Statement } from '../iam/policy-document.ts'
import type { BucketFacts, Facts, GrantFacts, KeyFacts, WorkgroupFacts } from './facts.ts'
import { type Caller, type Readable, dateOf, outsider } from './side-doors-caller.ts'
import { callersOf, sessionsOf } from './side-doors-callers.ts'
import {
  type Ids,
  listOf,
  mayAllow,
  spelled,
  statementsOf,
  undecided
} from './side-doors-documents.ts'

export type KeyScene = {
  readonly arn: string
  readonly account: string
  readonly policy: Readable
  readonly grants: readonly GrantFact[]
}

/** How the objects of a place may be encrypted. */
export type Lock =
  | {
      /** no permission for a key is needed: it is S3's own, or AWS manages it for one account */
      readonly kind: 'open'
      readonly to: 'anybody' | 'account'
    }
  | {
      readonly kind: 'key'
      readonly key: KeyScene
      /** every object was written with the S3 Bucket Key on: one encryption context for all */
      readonly bucketKey: boolean
    }

/** Where a classified table lies. */
export type Place = {
  readonly target: Target
  readonly table: string
  readonly tableArn: string
  readonly account: string
  readonly region: string
  readonly partition: string
  readonly bucket: string
  /** whether a policy of the bucket allows anybody anything */
  readonly isShared: boolean
  readonly prefix: string
  /** names of objects to ask about */
  readonly objects: readonly string[]
  readonly locks: readonly Lock[]
  /** Glue tables that lead to these objects: `database`, `table` */
  readonly names: readonly (readonly [string, string])[]
}

export type Scene = {
  readonly callers: readonly Caller[]
  readonly byArn: ReadonlyMap<string, Caller>
  /** further sessions of a role that a grant or policy names */
  readonly sessions: ReadonlyMap<string, readonly Caller[]>
  readonly trusts: ReadonlyMap<string, Readable>
  readonly workgroups: readonly WorkgroupFacts[]
  readonly buckets: ReadonlyMap<string, Readable | null>
  readonly keys: ReadonlyMap<string, KeyScene>
  readonly places: readonly Place[]
}

export const sceneOf = (facts: Facts, targets: readonly Target[]): Scene => {
  const ids: Ids = new Map(facts.principals.map(({ id, arn }) => [id, arn]))
  const roles = new Set(targets.map((target) => target.role))
  const keys = new Map(
    facts.keys.map((key) => [key.arn, keyScene(key, { facts, ids, jitRoles: roles })])
  )
  const buckets = new Map(facts.buckets.map((one) => [one.name, bucketPolicy(one, facts, ids)]))
  const { callers, trusts } = callersOf(facts, ids)
  const policies = [...buckets.values(), ...[...keys.values()].map((key) => key.policy)]
  const named = namesIn([...policies.flatMap((one) => one ?? []), ...[...trusts.values()].flat()])
  const granted = [...keys.values()].flatMap((key) => key.grants.map((one) => one.granteePrincipal))
  const names = new Set([...named, ...granted])
  const here = new Set([...facts.accounts, ...callers.map((caller) => caller.account)])
  const outside = [...names].filter((name) => isElsewhere(name, here))
  const context = { 'aws:CurrentTime': dateOf(facts.at), 'aws:SecureTransport': 'true' }
  const all = [...callers, ...outside.map((name) => outsider(name, context))]
  const held = { facts, keys, ids, buckets }
  return {
    callers: all,
    byArn: new Map(all.map((caller) => [caller.arn, caller])),
    sessions: sessionsOf(callers, names),
    trusts,
    workgroups: facts.workgroups.filter(({ state }) => state === 'ENABLED'),
    buckets,
    keys,
    places: targets.flatMap((target) =>
      target.data.flatMap((set) =>
        set.tables.map((table) => placeOf(target, set, { ...held, table }))
      )
    )
  }
}

/** The gap that hides what a call would have told of a resource, or of all of them. */
export const gapOf = (facts: Facts, call: string, resource: string): string | null => {
  const gap = facts.gaps.find(
    (one) => one.call === call && (one.resource === null || one.resource === resource)
  )
  return gap === undefined ? null : `${gap.call} answered ${gap.code}`
}

const keyScene = (
  key: KeyFacts,
  given: { readonly facts: Facts; readonly ids: Ids; readonly jitRoles: ReadonlySet<string> }
): KeyScene => {
  const { facts, ids, jitRoles } = given
  const source = { label: 'key policy', kind: 'resource', ids } as const
  const gap = gapOf(facts, 'kms:GetKeyPolicy', key.arn)
  const policy = key.policy === null || gap !== null
    ? undecided(source, gap ?? 'a key policy that was not read')
    : statementsOf(key.policy, source)
  const unread = gapOf(facts, 'kms:ListGrants', key.arn)
  const grants = key.grants === null || unread !== null
    ? mayAllow({ ...source, label: 'grants' }, unread ?? 'grants that were not read', 'kms:Decrypt')
    : []
  return {
    arn: key.arn,
    account: key.arn.split(':')[4] ?? '',
    policy: [...policy, ...grants],
    grants: (key.grants ?? [])
      .map((grant) => grantOf(key.arn, grant, ids))
      .filter((grant, at) => !isElevation(key.grants?.[at]?.name ?? null, grant, jitRoles))
  }
}

const grantOf = (keyArn: string, grant: GrantFacts, ids: Ids): GrantFact => ({
  grantId: grant.id,
  keyArn,
  granteePrincipal: spelled(grant.grantee, ids),
  operations: grant.operations,
  ...(grant.constraints && { constraints: grant.constraints })
})

/** `jit/ULID/…` for the session `jit-ULID` of a declared role. */
const isElevation = (
  name: string | null,
  { granteePrincipal, operations }: GrantFact,
  jitRoles: ReadonlySet<string>
): boolean => {
  const [jit, id = ''] = (name ?? '').split('/')
  const [, account, role, session] =
    /^arn:[a-z-]+:sts::([0-9]{12}):assumed-role\/([^/]+)\/(.+)$/.exec(granteePrincipal) ?? []
  return (
    jit === 'jit' &&
    parseElevationId(id) !== null &&
    session === `jit-${id}` &&
    operations.every((one) => one === 'Decrypt') &&
    [...jitRoles].some((arn) => arn.split(':')[4] === account && arn.endsWith(`/${role}`))
  )
}

const bucketPolicy = (bucket: BucketFacts, facts: Facts, ids: Ids): Readable | null => {
  const source = { label: `bucket ${bucket.name}`, kind: 'resource', ids } as const
  const gap = gapOf(facts, 's3:GetBucketPolicy', bucket.name)
  if (gap !== null) return undecided(source, gap)
  return bucket.policy === null ? null : statementsOf(bucket.policy, source)
}

const placeOf = (
  target: Target,
  set: DataSet,
  given: {
    readonly facts: Facts
    readonly keys: ReadonlyMap<string, KeyScene>
    readonly buckets: ReadonlyMap<string, Readable | null>
    readonly ids: Ids
    readonly table: string
  }
): Place => {
  const { facts, table } = given
  const [, partition = 'aws'] = target.role.split(':')
  const glue = `arn:${partition}:glue:${target.region}:${target.account}:table`
  const tableArn = `${glue}/${set.database}/${table}`
  const declared = `s3://${set.location.bucket}/${set.location.prefix}`
  const own = facts.tables.find((one) => one.arn === tableArn)?.location ?? null
  const narrower = own !== null && slashed(own).startsWith(declared) ? slashed(own) : declared
  const prefix = narrower.slice(`s3://${set.location.bucket}/`.length)
  const policy = given.buckets.get(set.location.bucket)
  const others = facts.tables.filter(
    ({ arn, location }) =>
      arn.startsWith(`${glue}/`) && location !== null && isNested(slashed(location), narrower)
  )
  return {
    target,
    table: `${set.database}.${table}`,
    tableArn,
    account: target.account,
    region: target.region,
    partition,
    bucket: set.location.bucket,
    isShared: policy === undefined || (policy ?? []).some((one) => one.Effect === 'Allow'),
    prefix,
    objects: [
      ...(narrower === declared ? [`${prefix}${table}/part-0`] : []),
      `${prefix}part-0`
    ],
    locks: locksOf(set, given),
    names: [
      [set.database, table],
      ...others
        .filter(({ arn }) => arn !== tableArn)
        .map((one): readonly [string, string] => [one.database, one.table])
    ]
  }
}

const slashed = (location: string): string => (location.endsWith('/') ? location : `${location}/`)
const isNested = (a: string, b: string): boolean => a.startsWith(b) || b.startsWith(a)

/** The declared key, and what the bucket encrypts new objects with where that is something else. */
const locksOf = (
  set: DataSet,
  given: { readonly facts: Facts; readonly keys: ReadonlyMap<string, KeyScene>; readonly ids: Ids }
): readonly Lock[] => {
  const standing = given.facts.buckets.find((one) => one.name === set.location.bucket)?.encryption
  const other = standing === undefined || standing === null || standing.key === set.key
    ? []
    : [standing.algorithm === 'AES256' || standing.key === null
        ? ({ kind: 'open', to: standing.algorithm === 'AES256' ? 'anybody' : 'account' } as const)
        : lockOf(standing.key, false, given)]
  return [lockOf(set.key, set.bucketKey, given), ...other].filter((lock) => lock !== null)
}

/** Null: a key that opens nothing for anybody now. */
const lockOf = (
  arn: string,
  bucketKey: boolean,
  given: { readonly facts: Facts; readonly keys: ReadonlyMap<string, KeyScene>; readonly ids: Ids }
): Lock | null => {
  const facts = given.facts.keys.find((one) => one.arn === arn || one.arn.endsWith(`/${arn}`))
  if (facts?.manager === 'AWS') return { kind: 'open', to: 'account' }
  if (facts !== undefined && facts.state !== 'Enabled') return null
  const key = given.keys.get(facts?.arn ?? arn)
  if (key !== undefined) return { kind: 'key', key, bucketKey }
  const source = { label: 'key policy', kind: 'resource', ids: given.ids } as const
  const policy = undecided(source, 'a key that was not read')
  const unread = { arn, account: arn.split(':')[4] ?? '', policy, grants: [] }
  return { kind: 'key', key: unread, bucketKey }
}

/** Every AWS principal that resource policies name. */
const namesIn = (statements: readonly Statement[]): readonly string[] =>
  statements.flatMap(({ Effect, Principal }) => {
    if (Effect !== 'Allow' || Principal === undefined) return []
    if (typeof Principal === 'string') return [Principal]
    return listOf(Principal['AWS'] ?? []).map((one) =>
      /^[0-9]{12}$/.test(one) ? `arn:aws:iam::${one}:root` : one
    )
  })

const isElsewhere = (name: string, here: ReadonlySet<string>): boolean => {
  if (name === '*') return true
  const account = /^arn:[a-z-]+:(?:iam|sts)::([0-9]{12}):/.exec(name)?.[1]
  return account !== undefined && account !== '000000000000' && !here.has(account)
}
