/** Changes of a bucket's default encryption and policy, and of where a table says its data lies. */
import type { BucketFacts, TableFacts } from './facts.ts'
import type { Mend } from './finding.ts'
import { type Fields, cloudformation, flow, line, terraform } from './mend.ts'
import { isPublic } from './policy-text.ts'
import type { Shown } from './rule.ts'
import { type View, printPlace, regionOf } from './scene.ts'

/** The key of the first declared location, data before results, with the S3 Bucket Key. */
export const bucketEncryptionMend = ({ name }: BucketFacts, view: View): Mend => {
  const places = view.placesIn(name).toSorted((a, b) => a.use.localeCompare(b.use))
  const key = places[0]?.key ?? ''
  const rule: Fields = {
    ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: key },
    BucketKeyEnabled: true
  }
  return {
    cli: [
      line(
        'aws',
        's3api',
        'put-bucket-encryption',
        '--bucket',
        name,
        '--server-side-encryption-configuration',
        { Rules: [rule] }
      )
    ],
    cloudformation: cloudformation('AWS::S3::Bucket', {
      BucketName: name,
      BucketEncryption: {
        ServerSideEncryptionConfiguration: [
          {
            BucketKeyEnabled: true,
            ServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: key }
          }
        ]
      }
    }),
    terraform: terraform('aws_s3_bucket_server_side_encryption_configuration', {
      bucket: name,
      rule: {
        bucket_key_enabled: true,
        apply_server_side_encryption_by_default: {
          sse_algorithm: 'aws:kms',
          kms_master_key_id: key
        }
      }
    })
  }
}

/** The policy without what lets everybody in, and S3's own block against such policies. */
export const bucketPolicyMend = ({ name, policy }: BucketFacts, view: View): Mend => {
  const { document } = view.read(policy ?? '')
  const left = { ...document, Statement: document.Statement.filter((one) => !isPublic(one)) }
  const text = JSON.stringify(left)
  const isEmpty = left.Statement.length === 0
  return {
    cli: [
      line(
        'aws',
        's3api',
        'put-public-access-block',
        '--bucket',
        name,
        '--public-access-block-configuration',
        'BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true'
      ),
      isEmpty
        ? line('aws', 's3api', 'delete-bucket-policy', '--bucket', name)
        : line('aws', 's3api', 'put-bucket-policy', '--bucket', name, '--policy', text)
    ],
    cloudformation: isEmpty
      ? '# Take the AWS::S3::BucketPolicy of the bucket out of the template.'
      : cloudformation('AWS::S3::BucketPolicy', { Bucket: name, PolicyDocument: flow(left) }),
    terraform: isEmpty
      ? '# Take the aws_s3_bucket_policy of the bucket out of the configuration.'
      : terraform('aws_s3_bucket_policy', { bucket: name, policy: text })
  }
}

/** The declared place; where the table is right, the target's document is what has to change. */
export const tableMend = (table: TableFacts, _: View, { targets = [] }: Shown): Mend => {
  const [target] = targets
  const set = target?.data.find(
    ({ database, tables }) => database === table.database && tables.includes(table.table)
  )
  const location = set === undefined ? '' : printPlace(set.location)
  const input = { Name: table.table, StorageDescriptor: { Location: location } }
  return {
    cli: [
      line(
        'aws',
        'athena',
        'start-query-execution',
        '--region',
        regionOf(table.arn),
        '--work-group',
        target?.workgroup ?? '',
        '--query-string',
        `ALTER TABLE \`${table.database}\`.\`${table.table}\` SET LOCATION '${location}'`
      )
    ],
    cloudformation: cloudformation('AWS::Glue::Table', {
      DatabaseName: table.database,
      TableInput: input
    }),
    terraform: terraform('aws_glue_catalog_table', {
      name: table.table,
      database_name: table.database,
      storage_descriptor: { location }
    })
  }
}
