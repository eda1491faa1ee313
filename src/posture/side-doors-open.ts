/**
 * Who cannot read a place but may make it so: with a policy of a key or bucket of its own writing,
 * a grant of its own, permissions it writes for somebody it can act as. The rest of the path has to
 * be open already: who administers a key and reaches no object opens nothing.
 * Source: KMS API, PutKeyPolicy, CreateGrant; S3 API, PutBucketPolicy; IAM API, PutRolePolicy.
 */
import type { Statement } from '../iam/policy-document.ts'
import { type Caller, ask, mayTry } from './side-doors-caller.ts'
import { type Way, bestJoined, joined } from './side-doors-door.ts'
import type { Opened } from './side-doors-paths.ts'
import { type Reached, type Written, writtenBy } from './side-doors-reach.ts'
import type { KeyScene, Place, Scene } from './side-doors-scene.ts'

/** `change` names what `opened` and the caller's own permissions were changed to. */
type Reads = (
  caller: Caller,
  place: Place,
  supposed: { readonly opened: Opened; readonly change: string }
) => Way | null

/** Whom a caller can act as, changes allowed, and what was found out about them. */
export type Powers = {
  readonly everybody: readonly Reached[]
  readonly buckets: Map<string, readonly [Way | null]>
  readonly keys: Map<string, readonly [Way | null]>
  readonly written: Map<string, readonly [Written | null]>
  /** those of them that may make grants on a key at all */
  readonly granters: Map<string, readonly [readonly Reached[]]>
  /** those of them that may write permissions of anybody at all */
  readonly writers: readonly Reached[]
}

export const powersOf = (everybody: readonly Reached[]): Powers => ({
  everybody,
  buckets: new Map(),
  keys: new Map(),
  written: new Map(),
  granters: new Map(),
  writers: everybody.filter((one) => writes.some((action) => mayTry(one.as, action)))
})

const writes = [
  'iam:PutRolePolicy',
  'iam:AttachRolePolicy',
  'iam:PutUserPolicy',
  'iam:AttachUserPolicy'
]

/** The first way that needs something changed. */
export const couldOpen = (
  scene: Scene,
  place: Place,
  given: { readonly powers: Powers; readonly reads: Reads }
): Way | null => {
  const { powers, reads } = given
  const { everybody } = powers
  const bucket = once(powers.buckets, place.bucket, () =>
    firstOf(everybody, (one) => rewritesBucket(scene, one, place))
  )
  return bestJoined(
    everybody.flatMap((reader) => {
      const keys = opensKeys(powers, reader, place)
      const written = once(powers.written, reader.as.arn, () =>
        firstWritten(powers.writers, reader)
      )
      const changes: Change[] = [
        ...(bucket === null ? [] : [{ kind: 'bucket', way: bucket } as const]),
        ...(keys === null ? [] : [{ kind: 'keys', ...keys } as const]),
        ...(written === null ? [] : [{ kind: 'written', ...written } as const])
      ]
      // who needs no change and gets none has no way here
      if (changes.length === 0 && !reader.changes) return []
      const to = { reader, place, reads }
      // where all of them together open nothing, none does
      if (changes.length > 1 && after(changes, to) === null) return []
      const sets = subsetsOf(changes).filter((set) => set.length > 0 || reader.changes)
      return sets.map((set) => () => after(set, to))
    })
  )
}

const once = <T>(kept: Map<string, readonly [T]>, key: string, make: () => T): T => {
  const known = kept.get(key)
  if (known !== undefined) return known[0]
  const made = make()
  kept.set(key, [made])
  return made
}

type Change =
  | { readonly kind: 'bucket'; readonly way: Way }
  | ({ readonly kind: 'keys' } & OpenedKeys)
  | ({ readonly kind: 'written' } & Written)

/** Fewest first. */
const subsetsOf = (changes: readonly Change[]): readonly (readonly Change[])[] =>
  changes
    .reduce<readonly (readonly Change[])[]>(
      (sets, change) => [...sets, ...sets.map((set) => [...set, change])],
      [[]]
    )
    .toSorted((a, b) => a.length - b.length)

const after = (
  set: readonly Change[],
  given: { readonly reader: Reached; readonly place: Place; readonly reads: Reads }
): readonly Way[] | null => {
  const { reader, place, reads } = given
  const written = set.find((one) => one.kind === 'written')
  const keys = set.find((one) => one.kind === 'keys')
  const as = written?.as ?? reader.as
  const changed = set.some((one) => one.kind === 'bucket')
  const way = reads(as, place, {
    opened: {
      ...(changed ? { bucket: [givesTo(as, 'bucket policy as changed')] } : {}),
      ...(keys === undefined ? {} : { keys: keys.keys })
    },
    change: `${written?.change ?? ''} ${changed ? 'bucket' : ''} ${keys?.change ?? ''}`
  })
  return way === null ? null : [reader.way, ...set.map((one) => one.way), way]
}

const givesTo = (caller: Caller, Sid: string): Statement => ({
  Sid,
  Effect: 'Allow',
  Principal: { AWS: caller.principal.arn },
  Action: '*',
  Resource: '*'
})

const firstOf = (
  everybody: readonly Reached[],
  make: (caller: Caller) => Way | null
): Way | null =>
  bestJoined(
    everybody.map((one) => () => {
      const way = make(one.as)
      return way === null ? null : [one.way, way]
    })
  )

const rewritesBucket = (scene: Scene, caller: Caller, place: Place): Way | null =>
  ask(caller, {
    action: 's3:PutBucketPolicy',
    resource: `arn:${place.partition}:s3:::${place.bucket}`,
    policy: scene.buckets.get(place.bucket) ?? null,
    owner: place.account
  })

type OpenKey = {
  readonly way: Way
  readonly arn: string
  readonly by: Pick<KeyScene, 'policy' | 'grants'>
  readonly with: 'policy' | 'grant'
}

/** `change` is the same for the same reader, key and kind of change, whoever makes it. */
type OpenedKeys = {
  readonly way: Way
  readonly keys: NonNullable<Opened['keys']>
  readonly change: string
}

const opensKeys = (
  { everybody, keys, granters }: Powers,
  reader: Reached,
  place: Place
): OpenedKeys | null => {
  const opened = place.locks.flatMap((lock): readonly OpenKey[] => {
    if (lock.kind === 'open') return []
    const { key } = lock
    const policy = once(keys, key.arn, () => firstOf(everybody, (one) => rewritesKey(one, key)))
    if (policy !== null) {
      const changed = [givesTo(reader.as, 'key policy as changed')]
      const by = { policy: changed, grants: key.grants }
      return [{ way: policy, arn: key.arn, by, with: 'policy' }]
    }
    const those = once(granters, key.arn, () => everybody.filter((one) => mayGrant(one.as, key)))
    const grant = firstOf(those, (one) => grantsTo(one, key, reader.as))
    const own = {
      grantId: 'of its own',
      keyArn: key.arn,
      granteePrincipal: reader.as.principal.arn,
      operations: ['Decrypt']
    }
    const by = { policy: key.policy, grants: [...key.grants, own] }
    return grant === null ? [] : [{ way: grant, arn: key.arn, by, with: 'grant' }]
  })
  const [first] = opened
  if (first === undefined) return null
  const { way, arn, by } = first
  return { way, keys: new Map([[arn, by]]), change: `${first.with} ${arn}` }
}

const rewritesKey = (caller: Caller, key: KeyScene): Way | null =>
  ask(caller, {
    action: 'kms:PutKeyPolicy',
    resource: key.arn,
    policy: key.policy,
    grants: key.grants,
    owner: key.account
  })

/** Cheap: whether anything could let it make a grant on the key at all. */
const mayGrant = (caller: Caller, key: KeyScene): boolean =>
  ask(caller, {
    action: 'kms:CreateGrant',
    resource: key.arn,
    policy: key.policy,
    grants: key.grants,
    owner: key.account,
    chosen: /^kms:(?:Grant|Retiring)/i
  }) !== null

/** A grant of Decrypt to a session that no elevation has: the broker's fence denies it. */
const grantsTo = (caller: Caller, key: KeyScene, reader: Caller): Way | null =>
  ask(caller, {
    action: 'kms:CreateGrant',
    resource: key.arn,
    policy: key.policy,
    grants: key.grants,
    owner: key.account,
    chosen: /^kms:(?:RetiringPrincipal|GrantConstraintType)$/i,
    context: {
      'kms:GranteePrincipal': reader.principal.arn,
      'kms:GrantOperations': ['Decrypt'],
      'kms:GrantIsForAWSResource': 'false'
    }
  })

const firstWritten = (writers: readonly Reached[], reader: Reached): Written | null => {
  for (const one of writers) {
    const written = writtenBy(one.as, reader.as)
    if (written !== null) return { ...written, way: joined([one.way, written.way]) }
  }
  return null
}
