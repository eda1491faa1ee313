/**
 * Every name that enters a policy, a grant or an AWS call. Each kind has its own strict pattern;
 * none of them lets through `*`, `?`, `${`, quotes, control or non-ASCII characters or nothing at
 * all, because a prefix of `*` would be a policy of its own.
 * Sources: Athena, Glue, S3, IAM, KMS and STS API references; the patterns are narrower than AWS's.
 */
import type { DataSet, S3Location, Target } from '../elevation/target.ts'
import { partitionOf, regionFits } from './partition.ts'
import { printable, type UnsafeName } from './refusals.ts'

export type NameKind =
  | 'account'
  | 'region'
  | 'workgroup'
  | 'database'
  | 'table'
  | 'bucket'
  | 'prefix'
  | 'role'
  | 'key'
  | 'source identity'
  | 'external id'
  | 'assumed role id'

type Pattern = { readonly form: RegExp; readonly says: string }

const uuid = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}'
const arnForm = (rest: string): RegExp => new RegExp(`^arn:aws(?:-cn|-us-gov)?:${rest}$`)

const patterns: Readonly<Record<NameKind, Pattern>> = {
  account: { form: /^[0-9]{12}$/, says: 'twelve digits' },
  region: { form: /^[a-z]{2}(?:-[a-z]+)+-[1-9][0-9]?$/, says: 'a Region such as eu-west-1' },
  workgroup: { form: /^[a-zA-Z0-9._-]{1,128}$/, says: '1 to 128 of A-Z a-z 0-9 . _ -' },
  // Athena folds names to lower case and IAM does not: an upper-case name would never match
  database: { form: /^[a-z0-9_-]{1,255}$/, says: '1 to 255 of a-z 0-9 _ -' },
  table: { form: /^[a-z0-9_-]{1,255}$/, says: '1 to 255 of a-z 0-9 _ -' },
  bucket: {
    form: /^(?!.*\.\.)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/,
    says: '3 to 63 of a-z 0-9 . -, no two dots in a row'
  },
  prefix: {
    form: /^(?=.{0,512}$)(?:(?!\.{1,2}\/)[A-Za-z0-9!_.=,+@:-]+\/)*$/,
    says: 'nothing, or folders of A-Z a-z 0-9 ! _ . = , + @ : - each ending in /, 512 in all'
  },
  role: {
    form: arnForm('iam::[0-9]{12}:role/(?:[\\w+=,.@-]{1,64}/){0,8}[\\w+=,.@-]{1,64}'),
    says: 'the ARN of an IAM role'
  },
  key: {
    form: arnForm(`kms:[a-z0-9-]{1,32}:[0-9]{12}:key/(?:mrk-[0-9a-f]{32}|${uuid})`),
    says: 'the full ARN of a KMS key, not an alias'
  },
  'source identity': {
    form: /^(?!aws:)[\w+=,.@-]{2,64}$/,
    says: '2 to 64 of A-Z a-z 0-9 _ + = , . @ -'
  },
  'assumed role id': {
    form: /^[A-Z0-9]{16,32}:[\w+=,.@-]{2,64}$/,
    says: 'an AssumedRoleId such as AROA…:jit-…'
  },
  'external id': {
    form: /^[\w+=,.@:/-]{2,256}$/,
    says: '2 to 256 of A-Z a-z 0-9 _ + = , . @ : / -'
  }
}

/** Null when the name fits its kind. `where` says where it stands, e.g. `target.workgroup`. */
export const checkName = (kind: NameKind, value: string, where: string): UnsafeName | null => {
  const { form, says } = patterns[kind]
  return form.test(value) ? null : unsafe(where, value, `not a safe ${kind}: expected ${says}`)
}

/** Every unsafe name of the target, all at once; empty when it may enter a policy. */
export const checkTarget = (target: Target): readonly UnsafeName[] => {
  const own = [
    checkName('account', target.account, 'target.account'),
    checkName('region', target.region, 'target.region'),
    checkName('workgroup', target.workgroup, 'target.workgroup'),
    checkName('role', target.role, 'target.role'),
    ...target.data.flatMap((set, index) => checkDataSet(set, `target.data[${index}]`)),
    ...checkResults(target)
  ].filter((one) => one !== null)
  return own.length > 0 ? own : checkPlaces(target)
}

const checkDataSet = (set: DataSet, where: string): readonly (UnsafeName | null)[] => [
  checkName('database', set.database, `${where}.database`),
  ...set.tables.map((table, index) => checkName('table', table, `${where}.tables[${index}]`)),
  ...checkLocation(set.location, `${where}.location`),
  checkName('key', set.key, `${where}.key`)
]

const checkLocation = (location: S3Location, where: string): readonly (UnsafeName | null)[] => [
  checkName('bucket', location.bucket, `${where}.bucket`),
  checkName('prefix', location.prefix, `${where}.prefix`)
]

const checkResults = ({ results }: Target): readonly (UnsafeName | null)[] => {
  const where = 'target.results'
  const key = results.key === null ? [] : [checkName('key', results.key, `${where}.key`)]
  return results.kind === 'managed'
    ? key
    : [...checkLocation(results.location, `${where}.location`), ...key]
}

/** Names that are well formed but do not belong together: partition, Region and account. */
const checkPlaces = (target: Target): readonly UnsafeName[] => {
  const partition = partitionOf(target.role)
  if (partition === null || !regionFits(partition, target.region)) {
    const message = 'the Region is not in the partition of the role'
    return [unsafe('target.region', target.region, message)]
  }
  const role = target.role.split(':')[4] === target.account
  const keys = [
    ...target.data.map((set, index) => ({ key: set.key, where: `target.data[${index}].key` })),
    ...(target.results.key === null
      ? []
      : [{ key: target.results.key, where: 'target.results.key' }])
  ]
  const strays = keys.filter(({ key }) => !key.startsWith(`arn:${partition}:kms:${target.region}:`))
  return [
    ...(role ? [] : [unsafe('target.role', target.role, 'the role is not in the account')]),
    ...strays.map(({ key, where }) =>
      unsafe(where, key, 'the key is not in the partition and Region of the target')
    )
  ]
}

const unsafe = (where: string, value: string, message: string): UnsafeName => ({
  code: 'unsafe_name',
  where,
  value: printable(value),
  message: `${where}: ${message}`
})
