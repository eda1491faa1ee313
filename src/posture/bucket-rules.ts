/**
 * Rules on the buckets where targets have data or results, and on tables whose data lies elsewhere
 * than declared. Bucket encryption is a default: it says what new objects are written under, not
 * what old ones are. Source: S3 User Guide, "Setting default server-side encryption behavior".
 */
import { evaluate } from '../iam/evaluate.ts'
import type { Statement } from '../iam/policy-document.ts'
import { bucketEncryptionMend, bucketPolicyMend, tableMend } from './bucket-mend.ts'
import type { BucketFacts } from './facts.ts'
import { notEvaluated, rewrite } from './key-policy-rules.ts'
import { line } from './mend.ts'
import { isPublic, nameOf } from './policy-text.ts'
import { type BucketRule, type TableRule, found, nothing, unseen } from './rule.ts'
import { type View, printPlace } from './scene.ts'
import { isAwsAlias } from './workgroup-results-rules.ts'

const bucket = { judges: 'bucket', elsewhere: null } as const

export const bucketRules: readonly BucketRule[] = [
  {
    ...bucket,
    code: 'bucket_not_customer_key',
    severity: 'high',
    title: 'New objects are not written under a customer managed key',
    why:
      'What a producer writes without naming a key is then readable without one that can be ' +
      'granted or refused.',
    seenBy: {
      prowler: { rule: 's3_bucket_kms_encryption', sees: 'part' },
      config: { rule: 's3-default-encryption-kms', sees: 'part' }
    },
    find: (one, view) => {
      const { encryption } = one
      if (encryption === null) return found('its default encryption is not set')
      if (encryption.algorithm === 'AES256')
        return found('its default encryption is SSE-S3 (AES256)')
      const key = defaultKey(one, view)
      return encryption.key === null || isAwsAlias(encryption.key) || key?.manager === 'AWS'
        ? found('its default encryption is under the AWS managed key aws/s3')
        : nothing
    },
    mend: bucketEncryptionMend
  },
  {
    ...bucket,
    code: 'bucket_other_key',
    severity: 'medium',
    title: 'New objects are written under another key than declared',
    why: 'The broker grants the declared key: its sessions cannot read them.',
    seenBy: unseen,
    find: (one, view) => {
      const { encryption, name } = one
      if (encryption?.key === undefined || encryption.key === null || isAwsAlias(encryption.key))
        return nothing
      const key = defaultKey(one, view)
      const used = key?.arn ?? encryption.key
      const declared = [...new Set(view.placesIn(name).map((place) => place.key))].toSorted()
      return key?.manager === 'AWS' || declared.length === 0 || declared.includes(used)
        ? nothing
        : found(`its default key is ${used}, declared are ${declared.join(', ')}`)
    },
    mend: bucketEncryptionMend
  },
  {
    ...bucket,
    code: 'bucket_key_off',
    severity: 'medium',
    title: 'The S3 Bucket Key is off where a target relies on it',
    why:
      'A new object then has its own encryption context, and the grant for the bucket does ' +
      'not open it.',
    seenBy: unseen,
    find: ({ name, encryption }, view) => {
      const relying = view.placesIn(name).filter(({ bucketKey }) => bucketKey)
      return encryption !== null &&
        encryption.algorithm !== 'AES256' &&
        !encryption.bucketKey &&
        relying.length > 0
        ? found(
            `its Bucket Key is off, targets declare it for ${relying.map(printPlace).toSorted().join(', ')}`
          )
        : nothing
    },
    mend: bucketEncryptionMend
  },
  {
    ...bucket,
    code: 'bucket_region',
    severity: 'medium',
    title: 'The bucket is in another region than its target',
    why:
      'SSE-KMS takes keys of the bucket’s own region, and the data is not where the target ' +
      'says.',
    seenBy: unseen,
    find: ({ name, region }, view) => {
      const away = view
        .placesIn(name)
        .filter(({ target }) => region !== null && target.region !== region)
      const regions = [...new Set(away.map(({ target }) => target.region))].toSorted()
      return regions.length === 0
        ? nothing
        : found(`it is in ${region}, its targets in ${regions.join(', ')}`)
    },
    mend: ({ name }) => ({
      cli: [
        line('aws', 's3', 'mb', `s3://${name}-moved`),
        line('aws', 's3', 'sync', `s3://${name}`, `s3://${name}-moved`)
      ],
      cloudformation:
        '# A bucket stays in its region: make one in the target’s region and move the data.',
      terraform:
        '# A bucket stays in its region: make one in the target’s region and move the data.'
    })
  },
  {
    ...bucket,
    code: 'bucket_policy_wildcard',
    severity: 'critical',
    title: 'The bucket’s policy lets everybody read',
    why: 'Only the key stands between the objects and anybody at all.',
    seenBy: {
      prowler: { rule: 's3_bucket_public_access', sees: 'all' },
      config: { rule: 's3-bucket-public-read-prohibited', sees: 'all' }
    },
    find: (one, view) => {
      const open = openStatements(one, view)
      return open.length === 0
        ? nothing
        : found(`its policy lets identities of any account read (${open.join(', ')})`)
    },
    mend: bucketPolicyMend
  },
  {
    ...bucket,
    code: 'policy_not_evaluated',
    severity: 'high',
    title: 'The bucket’s policy cannot be evaluated',
    why: 'What it allows is not known, so nothing says that it is narrow.',
    seenBy: unseen,
    find: ({ policy }, { read }) => {
      const odd = policy === null ? [] : read(policy).odd
      return odd.length === 0 ? nothing : found(notEvaluated(odd))
    },
    mend: ({ name }) => ({
      cli: [
        line(
          'aws',
          's3api',
          'get-bucket-policy',
          '--bucket',
          name,
          '--query',
          'Policy',
          '--output',
          'text'
        )
      ],
      cloudformation: rewrite,
      terraform: rewrite
    })
  }
]

export const tableRules: readonly TableRule[] = [
  {
    judges: 'table',
    code: 'table_elsewhere',
    severity: 'high',
    elsewhere: null,
    title: 'A table’s data lies elsewhere than the target declares',
    why:
      'What is read is not what was declared and classified: another bucket, another key, ' +
      'other people.',
    seenBy: unseen,
    find: (table, view) =>
      view.declaring(table).flatMap((target) => {
        const set = target.data.find(
          ({ database, tables }) => database === table.database && tables.includes(table.table)
        )
        if (set === undefined) return []
        const declared = printPlace(set.location)
        const isInside =
          table.location !== null && `${table.location}/`.replace(/\/+$/, '/').startsWith(declared)
        return isInside
          ? []
          : [
              {
                part: target.id,
                targets: [target],
                shows: `its data lies in ${table.location ?? 'no place'}, the target declares ${declared}`
              }
            ]
      }),
    mend: tableMend
  }
]

/** The default key of a bucket, where it was read. */
export const defaultKey = ({ name, region, encryption }: BucketFacts, view: View) => {
  const [place] = view.placesIn(name)
  const near = `arn:aws:s3:${region ?? place?.target.region ?? ''}:${place?.target.account ?? ''}:`
  return encryption?.key === undefined || encryption.key === null
    ? null
    : view.keyNamed(encryption.key, near)
}

/** Allows of reading that let somebody in whom nobody knows. */
const openStatements = ({ name, policy }: BucketFacts, view: View): readonly string[] => {
  if (policy === null) return []
  const { document } = view.read(policy)
  const paths = view.placesIn(name).map(({ prefix }) => `arn:aws:s3:::${name}/${prefix}object`)
  return document.Statement.flatMap((statement, at) =>
    isPublic(statement) && paths.some((path) => letsAnybody(path, document.Statement))
      ? [nameOf(statement, at)]
      : []
  )
}

const stranger = '000000000000'
const strangerRole = `arn:aws:iam::${stranger}:role/anybody`

const letsAnybody = (path: string, statements: readonly Statement[]): boolean => {
  const context = {
    'aws:SecureTransport': 'true',
    'aws:PrincipalArn': strangerRole,
    'aws:PrincipalAccount': stranger
  }
  const principal = {
    kind: 'session',
    arn: `arn:aws:sts::${stranger}:assumed-role/anybody/session`,
    roleArn: strangerRole,
    account: stranger
  } as const
  const { decision } = evaluate(
    { principal, action: 's3:GetObject', resource: path, context },
    { identity: [], resource: { Version: '2012-10-17', Statement: statements } }
  )
  return decision === 'allow'
}
