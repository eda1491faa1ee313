/**
 * The document of one target. Names and ARNs enter IAM policies, so their alphabets are narrow;
 * which of them contradict each other is judged in `targets.ts`.
 */
import { type Static, Type } from 'typebox'
import { closed, column, flag, id, qualifiedTable, ref, some, table, text } from './forms.ts'

const roleArn = text(
  'The IAM role whose sessions are issued',
  '^arn:aws(?:-cn|-us-gov)?:iam::[0-9]{12}:role/' +
    '(?:[A-Za-z0-9+=,.@_-]+/)*[A-Za-z0-9+=,.@_-]{1,64}$',
  'the ARN of an IAM role',
  640
)
const key = (title: string) =>
  text(
    title,
    '^arn:aws(?:-cn|-us-gov)?:kms:[a-z0-9-]+:[0-9]{12}:key/(?:mrk-[0-9a-f]{32}|[0-9a-f-]{36})$',
    'the full ARN of a KMS key (no alias)'
  )
const location = (title: string) =>
  text(
    title,
    '^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/(?:[A-Za-z0-9._=+@-]+/)*$',
    's3://BUCKET/PREFIX/ of A-Z a-z 0-9 . _ = + @ -, with a slash at the end',
    600
  )

const DataSetDocument = Type.Object(
  {
    database: table('The Glue database'),
    tables: some('Its tables', table('A table'), 'a list of at least one table'),
    location: location('Where the objects of all these tables lie'),
    key: key('The key the objects are encrypted under'),
    bucketKey: flag('true only if every object was written with the S3 Bucket Key on')
  },
  { ...closed, description: 'a mapping of database, tables, location, key and bucketKey' }
)

const ResultsDocument = Type.Object(
  {
    location: Type.Optional(location('Where results are written, never among the data')),
    bucketKey: Type.Optional(flag('Whether they are written with the S3 Bucket Key; default no')),
    key: Type.Optional(key('The key results are encrypted under')),
    managed: Type.Optional(
      Type.Literal(true, { title: 'Athena keeps the results', description: 'true, or left out' })
    )
  },
  { ...closed, title: 'Where results go', description: 'a mapping of location and key, or managed' }
)

const columnClasses = Type.Record(
  column('A column'),
  text('Its class', '^[a-z][a-z0-9-]{0,62}$', 'a class of a-z 0-9 -, such as direct or quasi'),
  { ...closed, description: 'a mapping of columns to classes' }
)

/** One Athena workgroup. */
export const TargetDocument = Type.Object(
  {
    target: id('The id that people ask for'),
    account: text('The AWS account, in quotes', '^[0-9]{12}$', 'twelve digits in quotes'),
    region: text('The region', '^[a-z]{2}(?:-gov)?-[a-z]+-[0-9]$', 'a region such as eu-west-1'),
    workgroup: text(
      'The Athena workgroup',
      '^[A-Za-z0-9._-]{1,128}$',
      '1 to 128 of A-Z a-z 0-9 . _ -'
    ),
    role: roleArn,
    classification: text(
      'What is in it',
      '^[a-z][a-z0-9-]{0,62}$',
      'a word of a-z 0-9 -, such as pii'
    ),
    owner: ref('Who answers for it'),
    alerts: Type.Optional(
      text(
        'The Slack channel where findings on it are told; left out: nowhere',
        '^[CG][A-Z0-9]{2,20}$',
        'a Slack channel id such as C0123ABC'
      )
    ),
    data: Type.Array(DataSetDocument, {
      title: 'What can be read through it',
      description: 'a list of at least one data set',
      minItems: 1,
      maxItems: 100
    }),
    results: ResultsDocument,
    columns: Type.Optional(
      Type.Record(qualifiedTable('A table of the data'), columnClasses, {
        ...closed,
        title: 'Classes of columns; those left out are unclassified, not absent',
        description: 'a mapping of database.table to columns'
      })
    )
  },
  {
    ...closed,
    title: 'A target',
    description: 'a mapping: one Athena workgroup with its role, keys, data, results and columns'
  }
)

export type TargetDocument = Static<typeof TargetDocument>
