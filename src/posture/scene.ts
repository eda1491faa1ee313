/**
 * What facts are judged against: the policy's targets and settings, the broker, the moment. And the
 * view of both that rules look at, with what belongs together found once, so that a thousand
 * workgroups and five hundred keys are judged in time that grows with their number.
 */
import type { Instant, Seconds } from '../elevation/ids.ts'
import { seconds } from '../elevation/ids.ts'
import type { Target } from '../elevation/target.ts'
import { keyArns, locationArns, workgroupArn } from '../iam/arns.ts'
import type { Policy, Posture } from '../policy/policy.ts'
import type { BucketFacts, Facts, Gap, KeyFacts, PrincipalFacts, TableFacts } from './facts.ts'
import { makeReadPolicy, type ReadPolicy } from './policy-text.ts'

export type Scene = {
  readonly targets: readonly Target[]
  readonly posture: Posture
  /** ARN of the broker's role; null = not known, then it is whoever alone a JIT role trusts */
  readonly broker: string | null
  /** no elevation is longer: an older grant of the broker's has outlived its own */
  readonly longestWindow: Seconds
  readonly now: Instant
}

/** The scene of a policy in force. Without rules nothing is longer than twelve hours. */
export const sceneOf = (
  { targets, posture, rules }: Policy,
  { broker, now }: { readonly broker: string | null; readonly now: Instant }
): Scene => ({
  targets: [...targets.values()],
  posture,
  broker,
  longestWindow: seconds(Math.max(twelveHours, ...rules.map(({ maxDuration }) => maxDuration))),
  now
})

const twelveHours = 43_200

/** A data or result location of a target. */
export type Place = {
  readonly target: Target
  readonly use: 'data' | 'results'
  readonly bucket: string
  readonly prefix: string
  /** the key declared for it */
  readonly key: string
  readonly bucketKey: boolean
}

export type View = {
  readonly facts: Facts
  readonly scene: Scene
  /** by ARN of the workgroup, key and role, and by name of the bucket */
  readonly targetsOf: (resource: string) => readonly Target[]
  /** by ARN, key id or alias, as AWS accepts it in the region and account of `near` */
  readonly keyNamed: (name: string, near: string) => KeyFacts | null
  readonly bucket: (name: string) => BucketFacts | null
  readonly principal: (arn: string) => PrincipalFacts | null
  readonly hasPrincipalId: (id: string) => boolean
  /** every location of every target, by bucket */
  readonly placesIn: (bucket: string) => readonly Place[]
  /** targets with data in this database of the account and region of `near` */
  readonly databaseOf: (database: string, near: string) => readonly Target[]
  /** the targets that declare the table by name, in its account and region */
  readonly declaring: (table: TableFacts) => readonly Target[]
  /** calls that were not answered about this resource or about all of its kind */
  readonly gapsOn: (resource: string, call: string) => readonly Gap[]
  readonly read: ReadPolicy
}

/** Finds what belongs together, once. */
export const viewOf = (facts: Facts, scene: Scene): View => {
  const byResource = new Map<string, Target[]>()
  const places = new Map<string, Place[]>()
  const databases = new Map<string, Target[]>()
  for (const target of scene.targets) {
    for (const one of resourcesOf(target)) push(byResource, one, target)
    for (const place of placesOf(target)) push(places, place.bucket, place)
    for (const name of new Set(target.data.map(({ database }) => database))) {
      push(databases, `${target.region} ${target.account} ${name}`, target)
    }
  }
  const keys = new Map(facts.keys.flatMap((key) => namesOf(key).map((name) => [name, key])))
  const buckets = new Map(facts.buckets.map((one) => [one.name, one]))
  const principals = new Map(facts.principals.map((one) => [one.arn, one]))
  const ids = new Set(facts.principals.map(({ id }) => id))
  const gaps = new Map<string, Gap[]>()
  for (const gap of facts.gaps) push(gaps, `${gap.call} ${gap.resource ?? ''}`, gap)
  const databaseOf: View['databaseOf'] = (database, near) =>
    databases.get(`${regionOf(near)} ${accountOf(near)} ${database}`) ?? []
  return {
    facts,
    scene,
    targetsOf: (resource) => byResource.get(resource) ?? [],
    keyNamed: (name, near) =>
      keys.get(name) ?? keys.get(`${regionOf(near)} ${accountOf(near)} ${name}`) ?? null,
    bucket: (name) => buckets.get(name) ?? null,
    principal: (arn) => principals.get(arn) ?? null,
    hasPrincipalId: (id) => ids.has(id),
    placesIn: (bucket) => places.get(bucket) ?? [],
    databaseOf,
    declaring: ({ arn, database, table }) =>
      databaseOf(database, arn).filter(({ data }) =>
        data.some((set) => set.database === database && set.tables.includes(table))
      ),
    gapsOn: (resource, call) => [
      ...(gaps.get(`${call} ${resource}`) ?? []),
      ...(gaps.get(`${call} ${resource.split(/[:/]/).at(-1) ?? ''}`) ?? []),
      ...(gaps.get(`${call} `) ?? [])
    ],
    read: makeReadPolicy()
  }
}

/** `arn:partition:service:region:account:rest` */
export const regionOf = (arn: string): string => arn.split(':')[3] ?? ''
export const accountOf = (arn: string): string => arn.split(':')[4] ?? ''

/** The data and result locations of a target. */
export const placesOf = (target: Target): readonly Place[] => [
  ...target.data.map(({ location, key, bucketKey }) => {
    return { target, use: 'data', ...location, key, bucketKey } as const
  }),
  ...(target.results.kind === 'bucket'
    ? [
        {
          target,
          use: 'results',
          ...target.results.location,
          key: target.results.key,
          bucketKey: target.results.bucketKey
        } as const
      ]
    : [])
]

/** `s3://BUCKET/PREFIX` */
export const printPlace = ({ bucket, prefix }: Pick<Place, 'bucket' | 'prefix'>): string =>
  `s3://${bucket}/${prefix}`

const resourcesOf = (target: Target): ReadonlySet<string> =>
  new Set([
    workgroupArn(target),
    target.role,
    ...keyArns(target),
    ...placesOf(target).flatMap((place) => [
      place.bucket,
      ...locationArns(target, place).slice(0, 1)
    ])
  ])

const namesOf = ({ arn, aliases }: KeyFacts): readonly string[] => {
  const here = `${regionOf(arn)} ${accountOf(arn)}`
  const [head = ''] = arn.split(':key/')
  const id = arn.slice(head.length + ':key/'.length)
  return [arn, `${here} ${id}`, ...aliases.flatMap((one) => [`${head}:${one}`, `${here} ${one}`])]
}

const push = <K, V>(lists: Map<K, V[]>, key: K, value: V): void => {
  const known = lists.get(key)
  if (known === undefined) lists.set(key, [value])
  else known.push(value)
}
