/**
 * Which KMS grants an elevation needs, and what CreateGrant is sent for each. A grant names the
 * session, allows Decrypt and nothing else, and is bound to one bucket where every object of that
 * bucket shares the bucket's encryption context (S3 Bucket Key). Where some do not, a grant cannot
 * be bound to anything, and one unbound grant per key then makes bound ones of that key useless:
 * they are left out. The session policy's encryption-context Deny stays the fence there.
 * Source: KMS API, CreateGrant; S3 User Guide, "Reducing the cost of SSE-KMS with Bucket Keys".
 */
import type { PlannedGrant } from '../elevation/elevation.ts'
import type { ElevationId } from '../elevation/ids.ts'
import type { Target } from '../elevation/target.ts'
import { bucketArn as arnOfBucket } from './arns.ts'
import { sessionArn } from './assume-role.ts'
import { checkName } from './names.ts'
import type { IamResult } from './refusals.ts'
import { bucketsOf, select, type Selection } from './selection.ts'

/** CreateGrantCommandInput as it is sent; lists are mutable only because the SDK's types are. */
export type CreateGrantParameters = {
  readonly KeyId: string
  /** optional in the SDK's types; a grant without it would be for a service */
  readonly GranteePrincipal: string
  readonly RetiringPrincipal: string
  readonly Operations: ['Decrypt']
  readonly Constraints?: { readonly EncryptionContextEquals: { readonly 'aws:s3:arn': string } }
  readonly Name: string
}

export type GrantsAsk = {
  readonly elevation: ElevationId
  readonly target: Target
  /** `database.table`, at least one, all of them the target's */
  readonly tables: readonly string[]
}

type Purpose = 'data' | 'results'
type Need = {
  readonly purpose: Purpose
  readonly keyArn: string
  readonly bucketArn: string | null
}

/** The grants of the asked tables and of the results, in the target's order, names unique. */
export const planGrants = (ask: GrantsAsk): IamResult<readonly PlannedGrant[]> => {
  const selected = select(ask.target, ask.tables)
  if (!selected.ok) return selected
  const needs = withoutRedundant(needsOf(selected.value))
  return {
    ok: true,
    value: needs.map(({ keyArn, bucketArn }, index) => ({
      name: `jit/${ask.elevation}/${purposeOf(needs, index)}`,
      keyArn,
      bucketArn
    }))
  }
}

/** The same planned grant always gives the same bytes, so a retry finds the grant already made. */
export const createGrantParameters = (ask: {
  readonly grant: PlannedGrant
  readonly elevation: ElevationId
  readonly roleArn: string
  /** role ARN, not the broker's session: it retires grants and finds its own */
  readonly brokerRoleArn: string
}): IamResult<CreateGrantParameters> => {
  const { grant, elevation, roleArn, brokerRoleArn } = ask
  const unsafe = [
    checkName('key', grant.keyArn, 'grant.keyArn'),
    checkName('role', roleArn, 'target.role'),
    checkName('role', brokerRoleArn, 'brokerRoleArn')
  ].filter((one) => one !== null)
  if (unsafe.length > 0) return { ok: false, refusals: unsafe }
  return {
    ok: true,
    value: {
      KeyId: grant.keyArn,
      GranteePrincipal: sessionArn(roleArn, elevation),
      RetiringPrincipal: brokerRoleArn,
      Operations: ['Decrypt'],
      ...(grant.bucketArn === null
        ? {}
        : { Constraints: { EncryptionContextEquals: { 'aws:s3:arn': grant.bucketArn } } }),
      Name: grant.name
    }
  }
}

const needsOf = (selection: Selection): readonly Need[] => {
  const { target, data } = selection
  const buckets = bucketsOf(selection)
  const boundTo = (name: string): string | null => {
    const shared = buckets.some((bucket) => bucket.name === name && bucket.bucketKey)
    return shared ? arnOfBucket(target, name) : null
  }
  const { results } = target
  return [
    ...data.map((set): Need => {
      return { purpose: 'data', keyArn: set.key, bucketArn: boundTo(set.location.bucket) }
    }),
    ...resultNeed(results, boundTo)
  ]
}

/** The encryption context of managed results is not documented: a grant for it cannot be bound. */
const resultNeed = (
  results: Target['results'],
  boundTo: (bucket: string) => string | null
): readonly Need[] => {
  if (results.kind === 'bucket') {
    const bound = boundTo(results.location.bucket)
    return [{ purpose: 'results', keyArn: results.key, bucketArn: bound }]
  }
  return results.key === null
    ? []
    : [{ purpose: 'results', keyArn: results.key, bucketArn: null }]
}

/** One need per key and bucket, the first one; an unbound need covers its key alone. */
const withoutRedundant = (needs: readonly Need[]): readonly Need[] => {
  const unbound = needs.filter((need) => need.bucketArn === null).map((need) => need.keyArn)
  const kept = needs.filter((need) => need.bucketArn === null || !unbound.includes(need.keyArn))
  return kept.filter(
    (need, index) =>
      kept.findIndex(
        (other) => other.keyArn === need.keyArn && other.bucketArn === need.bucketArn
      ) === index
  )
}

/** `data`, or `data-1`, `data-2` where there are several; likewise `results`. */
const purposeOf = (needs: readonly Need[], index: number): string => {
  const purpose = needs[index]?.purpose ?? 'data'
  const before = needs.slice(0, index).filter((need) => need.purpose === purpose).length
  const all = needs.filter((need) => need.purpose === purpose).length
  return all === 1 ? purpose : `${purpose}-${before + 1}`
}
