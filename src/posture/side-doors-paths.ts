/**
 * What one caller can read as it stands: the objects themselves, or a query of Athena, which asks
 * Glue, S3 and KMS with the caller's own permissions, hop by hop.
 * Source: Athena User Guide, "Use CalledVia context keys for Athena", "Access to encrypted data";
 * S3 User Guide, "Using SSE-KMS", "Reducing the cost of SSE-KMS with Bucket Keys".
 */
import { dnsSuffix, partitionOf } from '../iam/partition.ts'
import type { WorkgroupFacts } from './facts.ts'
import {
  type Caller,
  type Context,
  type Readable,
  allowedTo,
  ask,
  filled,
  mayTry,
  namedFor
} from './side-doors-caller.ts'
import { listOf } from './side-doors-documents.ts'
import { type Way, allOf, bestOf, joined } from './side-doors-door.ts'
import type { KeyScene, Place, Scene } from './side-doors-scene.ts'

/** Policies as they would be after somebody changed them; absent = as they are. */
export type Opened = {
  readonly bucket?: Readable
  /** by key ARN: policy, and one more grant */
  readonly keys?: ReadonlyMap<string, Pick<KeyScene, 'policy' | 'grants'>>
}

/** The objects, without Athena: somebody who knows or lists their names. */
export const readsObjects = (
  scene: Scene,
  caller: Caller,
  place: Place,
  opened: Opened = {}
): Way | null => objects({ scene, caller, place, opened }, direct)

/** A query in some workgroup of the same account and region. */
export const readsByAthena = (
  scene: Scene,
  caller: Caller,
  place: Place,
  opened: Opened = {}
): Way | null => {
  // a catalog of another account also needs the policy of that catalog, which no snapshot has
  if (caller.account !== place.account || !mayTry(caller, 'athena:StartQueryExecution')) return null
  const look: Look = { scene, caller, place, opened }
  return allOf([
    () => objects(look, viaAthena),
    () => lists(look),
    () => bestOf(place.names.map((name) => () => knows(look, name))),
    () => runs(look)
  ])
}

type Look = {
  readonly scene: Scene
  readonly caller: Caller
  readonly place: Place
  readonly opened: Opened
}

const direct: Context = { 'aws:ViaAWSService': 'false' }
const athena = 'athena.amazonaws.com'
const viaAthena: Context = {
  'aws:ViaAWSService': 'true',
  'aws:CalledVia': [athena],
  'aws:CalledViaFirst': athena,
  'aws:CalledViaLast': athena
}

const bucketArn = ({ partition }: Place, bucket: string): string =>
  `arn:${partition}:s3:::${bucket}`

/** Any object of the place, with a key that opens it. */
const objects = (look: Look, context: Context): Way | null => {
  const { caller, place } = look
  return bestOf(
    objectArns(look).map((arn) => () => {
      // the key first: its answer is the same for every object of a bucket
      const opened = bestOf(place.locks.map((lock) => () => {
        if (lock.kind === 'open') {
          return lock.to === 'anybody' || caller.account === place.account ? nothing : null
        }
        const ofBucket = bucketArn(place, place.bucket)
        const contexts = lock.bucketKey ? [ofBucket] : [ofBucket, arn]
        return decrypts(look, { key: lock.key, contexts, context })
      }))
      const got = opened === null ? null : getsObject(look, arn, context)
      return opened === null || got === null ? null : joined([got, opened])
    })
  )
}

/** No permission needed. */
const nothing: Way = { certainty: 'certain', hops: [], unknown: [] }

/** Fixed names, and those that the caller's own policies point at within the place. */
const objectArns = ({ caller, place, opened }: Look): readonly string[] => {
  const bucket = bucketArn(place, place.bucket)
  const within = `${bucket}/${place.prefix}`
  if (opened.bucket === undefined && !isNear(caller, place, bucket)) return []
  const fixed = place.objects.map((name) => `${bucket}/${name}`)
  const pointed = namedFor(caller, 's3:GetObject').filter((one) => one.startsWith(within))
  return [...new Set([...fixed, ...pointed])]
}

/** Whether any policy could be about objects of the bucket; a `*` may stand for anything. */
const isNear = (caller: Caller, place: Place, bucket: string): boolean =>
  place.isShared ||
  allowedTo(caller, 's3:GetObject').some(
    ({ Effect, Resource }) =>
      Effect === 'Allow' && listOf(Resource ?? '*').some((one) => couldBe(one, `${bucket}/`))
  )

const couldBe = (pattern: string, begin: string): boolean => {
  const literal = pattern.split(/[*?$]/, 1)[0] ?? ''
  return literal.startsWith(begin) || begin.startsWith(literal)
}

const bucketPolicyOf = ({ scene, place, opened }: Look, bucket: string): Readable | null => {
  if (bucket === place.bucket && opened.bucket !== undefined) return opened.bucket
  const policy = scene.buckets.get(bucket)
  return policy === undefined ? notRead : policy
}

/** A bucket that the snapshot does not have: its policy may say anything. */
const notRead: Readable = [
  Object.assign(
    { Sid: 'bucket policy', Effect: 'Allow', Principal: '*', Action: '*', Resource: '*' } as const,
    { 'a bucket that was not read': true }
  )
]

const getsObject = (look: Look, resource: string, context: Context): Way | null =>
  ask(look.caller, {
    action: 's3:GetObject',
    resource,
    context: regional(look.place, context),
    policy: bucketPolicyOf(look, look.place.bucket),
    owner: look.place.account,
    supposed: look.opened.bucket !== undefined
  })

const lists = (look: Look): Way | null =>
  ask(look.caller, {
    action: 's3:ListBucket',
    resource: bucketArn(look.place, look.place.bucket),
    context: regional(look.place, { ...viaAthena, 's3:prefix': look.place.prefix }),
    policy: bucketPolicyOf(look, look.place.bucket),
    owner: look.place.account,
    supposed: look.opened.bucket !== undefined
  })

const regional = ({ region }: Place, context: Context): Context => ({
  ...context,
  'aws:RequestedRegion': region
})

/** Under any of the encryption contexts: objects of both kinds may lie there. */
const decrypts = (
  look: Look,
  of: {
    readonly key: KeyScene
    readonly contexts: readonly string[]
    readonly context: Context
    readonly action?: string
  }
): Way | null => {
  const { arn, account } = of.key
  const opened = look.opened.keys?.get(arn)
  const { policy, grants } = opened ?? of.key
  const [, , , region = ''] = arn.split(':')
  const via = `s3.${region}.${dnsSuffix(partitionOf(arn) ?? 'aws')}`
  return bestOf(
    of.contexts.map((context) => () =>
      ask(look.caller, {
        action: of.action ?? 'kms:Decrypt',
        resource: arn,
        policy,
        grants,
        owner: account,
        supposed: opened !== undefined,
        context: {
          ...of.context,
          'aws:ViaAWSService': 'true',
          'aws:RequestedRegion': region,
          'kms:ViaService': via,
          'kms:EncryptionContext:aws:s3:arn': context,
          'kms:EncryptionContextKeys': ['aws:s3:arn']
        }
      })
    )
  )
}

/** The table and its ancestors; Athena's documents also want `database/default`. */
const knows = (look: Look, [database, table]: readonly [string, string]): Way | null => {
  const { caller, place } = look
  const glue = `arn:${place.partition}:glue:${place.region}:${place.account}`
  const may = (action: string, rest: string) => (): Way | null =>
    ask(caller, { action, resource: `${glue}:${rest}`, context: regional(place, viaAthena) })
  const way = allOf([
    may('glue:GetTable', `table/${database}/${table}`),
    may('glue:GetTable', `database/${database}`),
    may('glue:GetTable', 'catalog'),
    may('glue:GetDatabase', `database/${database}`),
    may('glue:GetDatabase', 'catalog')
  ])
  if (way === null) return null
  const first = { ...way, hops: way.hops.slice(0, 1) }
  const standard = may('glue:GetDatabase', 'database/default')()
  if (standard?.certainty === 'certain') return first
  return { ...first, certainty: 'possible', unknown: [...first.unknown, noDefault] }
}

const noDefault = 'glue:GetDatabase on database/default is not allowed, which Athena may need'

const runs = (look: Look): Way | null => {
  const { scene, caller, place } = look
  const here = `:${place.region}:${place.account}:`
  const context = regional(place, direct)
  const may = (action: string, { arn: resource }: WorkgroupFacts) => (): Way | null =>
    ask(caller, { action, resource, context })
  return bestOf(
    scene.workgroups.filter((one) => one.arn.includes(here) && isOwn(one)).map((workgroup) => () =>
      allOf([
        may('athena:StartQueryExecution', workgroup),
        may('athena:GetQueryResults', workgroup),
        () => keepsResults(look, workgroup)
      ])
    )
  )
}

/** Whether its queries run with the caller's permissions. */
const isOwn = ({ engine, executionRole, identityCenter }: WorkgroupFacts): boolean =>
  engine === 'sql' && executionRole === null && !identityCenter

/** Results have to be written and read; where the workgroup leaves it open, anywhere. */
const keepsResults = (look: Look, workgroup: WorkgroupFacts): Way | null => {
  if (workgroup.managedResults !== null) return nothing
  const { results, enforced } = workgroup
  const named = results.encryption === 'SSE_KMS' ? (results.key ?? '') : ''
  const key = look.scene.keys.get(named) ?? null
  const declared = results.location === null
    ? []
    : [() => keepsAt(look, { at: results.location ?? '', key })]
  if (enforced) return bestOf(declared)
  const elsewhere = namedFor(look.caller, 's3:PutObject')
    .map((arn) => (arn === '*' ? `${bucketArn(look.place, 'a-bucket-of-its-own')}/` : arn))
    .flatMap((arn) => /:::([^/]+)\/(.*)$/.exec(arn)?.slice(1, 3).join('/') ?? [])
    .map((at) => () => keepsAt(look, { at: `s3://${at}`, key: null }))
  return bestOf([...declared, ...elsewhere])
}

const keepsAt = (
  look: Look,
  results: { readonly at: string; readonly key: KeyScene | null }
): Way | null => {
  const { caller, place, scene } = look
  const [, bucket = '', prefix = ''] = /^s3:\/\/([^/]+)\/?(.*)$/.exec(results.at) ?? []
  const file = prefix === '' || prefix.endsWith('/') ? 'result.csv' : ''
  const arn = `${bucketArn(place, bucket)}/${prefix}${file}`
  // a bucket of its own needs no policy that the snapshot would have
  const policy = scene.buckets.has(bucket) ? bucketPolicyOf(look, bucket) : null
  const { key } = results
  const may = (action: string) => (): Way | null =>
    ask(caller, { action, resource: filled(arn), context: regional(place, viaAthena), policy })
  const contexts = [bucketArn(place, bucket), arn]
  const uses = (action: string) => (): Way | null =>
    key === null ? nothing : decrypts(look, { key, contexts, context: viaAthena, action })
  const way = allOf([
    may('s3:PutObject'),
    may('s3:GetObject'),
    uses('kms:GenerateDataKey'),
    uses('kms:Decrypt')
  ])
  return way === null ? null : joined([{ ...way, hops: way.hops.slice(0, 1) }])
}
