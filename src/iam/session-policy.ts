/**
 * The session policy of one elevation: one workgroup, the asked tables with every Glue ancestor,
 * their data only through Athena, the result prefix, the keys, and two Denies that hold whatever
 * else is granted: encryption contexts of other buckets, and everything from `notAfter` on.
 * Refused: unsafe names, and more than 2,048 characters (it is never widened to fit).
 * Source: STS API, AssumeRole; Athena User Guide, "Fine-grained access to Glue resources",
 * "CalledVia"; S3 User Guide, "Using SSE-KMS".
 */
import { instant, type Instant } from '../elevation/ids.ts'
import type { S3Location, Target } from '../elevation/target.ts'
import { bucketArn, catalogArns, keyArns, locationArns, unique, workgroupArn } from './arns.ts'
import type { PolicyDocument, Statement } from './policy-document.ts'
import type { IamResult, PolicyTooLarge } from './refusals.ts'
import { bucketsOf, select, type Selection } from './selection.ts'
import {
  endStatement,
  readSessionPolicy,
  sessionPolicyLimit,
  type SessionPolicy
} from './session-policy-text.ts'

export type SessionPolicyAsk = {
  readonly target: Target
  /** `database.table`, at least one, all of them the target's */
  readonly tables: readonly string[]
  readonly notAfter: Instant
}

export type MadeSessionPolicy = SessionPolicy & { readonly document: PolicyDocument }

/** The policy to send, ending at `notAfter` rounded down to the second, or every reason why not. */
export const sessionPolicy = (ask: SessionPolicyAsk): IamResult<MadeSessionPolicy> => {
  const selected = select(ask.target, ask.tables)
  if (!selected.ok) return selected
  const end = instant(Math.floor(ask.notAfter / 1000) * 1000)
  const named = statementsOf(selected.value, end)
  const document: PolicyDocument = {
    Version: '2012-10-17',
    Statement: named.map(([, statement]) => statement)
  }
  const text = JSON.stringify(document)
  if (text.length > sessionPolicyLimit) {
    return { ok: false, refusals: [tooLarge(named, text.length)] }
  }
  const policy = readSessionPolicy(text)
  if (policy === null) throw new Error('a session policy that cannot be read back')
  return { ok: true, value: { ...policy, document } }
}

type Named = readonly [name: string, statement: Statement]

const statementsOf = (selection: Selection, end: Instant): readonly Named[] => {
  const { target, data } = selection
  const { results } = target
  const keys = keyArns({ data, results })
  return [
    ['workgroup', workgroup(selection)],
    ['catalog', catalog(selection)],
    ['data', dataReads(selection)],
    ...(results.kind === 'bucket'
      ? [['results', resultFiles(target, results.location)] as const]
      : []),
    ['keys', { Effect: 'Allow', Action: keyActions, Resource: few(keys) }],
    ['encryption context', otherContexts(selection)],
    ['end', endStatement(end)]
  ]
}

const keyActions = ['kms:Decrypt', 'kms:GenerateDataKey'] as const

const workgroup = ({ target }: Selection): Statement => ({
  Effect: 'Allow',
  Action: [
    'athena:StartQueryExecution',
    'athena:StopQueryExecution',
    'athena:GetQuery*',
    'athena:GetWorkGroup'
  ],
  Resource: workgroupArn(target)
})

const catalog = ({ target, data }: Selection): Statement => ({
  Effect: 'Allow',
  Action: ['glue:GetDatabase', 'glue:GetTable*', 'glue:GetPartition*', 'glue:BatchGetPartition'],
  Resource: catalogArns(target, data)
})

/**
 * A location belongs to a data set, not to a table: inside it the catalog statement separates the
 * tables. ListBucket has no `s3:prefix` condition: which prefixes Athena sends is not documented,
 * and the key does not exist for the other two actions; only Athena can list, by CalledVia.
 */
const dataReads = ({ target, data }: Selection): Statement => ({
  Effect: 'Allow',
  Action: ['s3:GetObject', 's3:ListBucket', 's3:GetBucketLocation'],
  Resource: unique(data.flatMap((set) => locationArns(target, set.location))),
  Condition: { 'ForAnyValue:StringEquals': { 'aws:CalledVia': 'athena.amazonaws.com' } }
})

/** No CalledVia here: drivers read result files from S3 themselves. */
const resultFiles = (target: Target, location: S3Location): Statement => ({
  Effect: 'Allow',
  Action: ['s3:GetObject', 's3:PutObject', 's3:*Multipart*', 's3:GetBucketLocation'],
  Resource: locationArns(target, location)
})

/**
 * Only the buckets of this elevation may appear as encryption context. Null: a negated operator
 * also holds when the key is missing, and Glue's own KMS calls have no such context. A bucket owned
 * by Athena (managed results with a key) is thus denied: closed until shown to be needed.
 */
const otherContexts = (selection: Selection): Statement => {
  const own = bucketsOf(selection).flatMap(({ name, bucketKey }) => {
    const arn = bucketArn(selection.target, name)
    return bucketKey ? [arn] : [arn, `${arn}/*`]
  })
  return {
    Effect: 'Deny',
    Action: 'kms:*',
    Resource: '*',
    Condition: {
      StringNotLike: { 'kms:EncryptionContext:aws:s3:arn': few(own) },
      Null: { 'kms:EncryptionContext:aws:s3:arn': 'false' }
    }
  }
}

const few = (values: readonly string[]): string | readonly string[] => {
  const [only, ...others] = values
  return only !== undefined && others.length === 0 ? only : values
}

const tooLarge = (named: readonly Named[], characters: number): PolicyTooLarge => {
  const longest = named
    .map(([statement, body]) => ({ statement, characters: JSON.stringify(body).length }))
    .toSorted((left, right) => right.characters - left.characters)
    .slice(0, 3)
  const parts = longest.map((one) => `${one.statement} ${one.characters}`).join(', ')
  return {
    code: 'policy_too_large',
    characters,
    limit: sessionPolicyLimit,
    longest,
    message: `session policy of ${characters} characters, limit ${sessionPolicyLimit}: ${parts}`
  }
}
