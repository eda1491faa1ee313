/**
 * One policy case as calls of the real SDK, or signed by hand where the SDK has no such call.
 * "Through Athena" is a query whose table or result lies where the case says; "through S3" is a
 * read or write of an object under that key. Where another bucket would refuse before the case's
 * own action is asked for, that bucket's policy lets the session in.
 */
import {
  BatchGetQueryExecutionCommand,
  CreateNamedQueryCommand,
  GetQueryExecutionCommand,
  GetQueryResultsCommand,
  GetQueryRuntimeStatisticsCommand,
  GetWorkGroupCommand,
  ListQueryExecutionsCommand,
  StartQueryExecutionCommand,
  StopQueryExecutionCommand,
  UpdateWorkGroupCommand
} from '@aws-sdk/client-athena'
import {
  CreateTableCommand,
  GetDatabaseCommand,
  GetPartitionsCommand,
  GetTableCommand,
  UpdateTableCommand
} from '@aws-sdk/client-glue'
import {
  DeleteRolePermissionsBoundaryCommand,
  GetRoleCommand,
  PutRolePolicyCommand,
  UpdateAssumeRolePolicyCommand
} from '@aws-sdk/client-iam'
import {
  CreateGrantCommand,
  DecryptCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  GenerateDataKeyWithoutPlaintextCommand,
  ListGrantsCommand,
  ListRetirableGrantsCommand,
  PutKeyPolicyCommand,
  RevokeGrantCommand
} from '@aws-sdk/client-kms'
import type { GrantOperation } from '@aws-sdk/client-kms'
import {
  AbortMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand
} from '@aws-sdk/client-s3'
import { AssumeRoleCommand } from '@aws-sdk/client-sts'
import type { PolicyDocument } from '../src/iam/policy-document.ts'
import type { Clients } from './fixtures-sandbox.ts'
import { send, sign } from './fixtures-wire.ts'
import type { Wire } from './fixtures-wire.ts'
import { brokerRoleArn, claimsKey, paymentsKey, roleArn } from './iam-cases.ts'
import type { Case } from './iam-cases.ts'
import {
  DATA_FOLDER,
  placeResults,
  placeTable,
  QUERY,
  RESULT,
  whileOpen
} from './sandbox-places.ts'
import type { Stage } from './sandbox-stage.ts'

/** A call signed by hand; rejects with the error's code as its name, as the SDK would. */
export async function sendSigned(
  stage: Stage,
  by: Clients,
  call: Pick<Wire, 'headers' | 'body'> & { readonly service: string }
): Promise<void> {
  const { endpoint } = stage.sandbox
  const { host } = new URL(endpoint)
  const { service, body } = call
  const length = String(Buffer.byteLength(body))
  const headers = { ...call.headers, host, 'content-length': length }
  const wire = { method: 'POST', path: '/', headers, body }
  const { accessKeyId, secretAccessKey, sessionToken } = await by.kms.config.credentials()
  const credentials = {
    accessKeyId,
    secretAccessKey,
    ...(sessionToken === undefined ? {} : { sessionToken })
  }
  const at = new Date(stage.time.now)
  const answer = await send(endpoint, sign(wire, credentials, { service, at }))
  if (answer.code === 'ok') return
  const [, json, xml] = /"message":"([^"]*)"|<Message>([^<]*)</.exec(answer.text) ?? []
  throw Object.assign(new Error(json ?? xml), { name: answer.code, text: answer.text })
}

const json = (version: '1.0' | '1.1', target: string) => ({
  'content-type': `application/x-amz-json-${version}`,
  'x-amz-target': target
})

/** DynamoDB would decrypt what it reads for the session. */
export const getItem = (stage: Stage, by: Clients): Promise<void> =>
  sendSigned(stage, by, {
    service: 'dynamodb',
    headers: json('1.0', 'DynamoDB_20120810.GetItem'),
    body: JSON.stringify({ TableName: 'claims', Key: { id: { S: '1' } } })
  })

/** CloudFormation would read the template from S3 for the session. */
export const createStack = (stage: Stage, by: Clients, object: string): Promise<void> =>
  sendSigned(stage, by, {
    service: 'cloudformation',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({
      Action: 'CreateStack',
      Version: '2010-05-15',
      StackName: 'reader',
      TemplateURL: object.replace('arn:aws:s3:::', 'https://s3.eu-west-1.amazonaws.com/')
    }).toString()
  })

/** A query that FAILED because a hop was not authorised. */
export class QueryDenied extends Error {}

/** A query by the session over a table and a result place that lie where the case says. */
async function queryOver(
  stage: Stage,
  place: { readonly data?: string; readonly results?: string }
): Promise<void> {
  const { world } = stage
  placeTable(world, place.data ?? DATA_FOLDER)
  placeResults(world, place.results ?? 's3://acme-athena-results/claims-pii/')
  const started = await stage.session.athena.send(
    new StartQueryExecutionCommand({ QueryString: QUERY, WorkGroup: 'claims-pii' })
  )
  const id = started.QueryExecutionId ?? ''
  await world.athena.executions.get(id)?.finished
  const { QueryExecution: execution } = await stage.session.athena.send(
    new GetQueryExecutionCommand({ QueryExecutionId: id })
  )
  if (execution?.Status?.State === 'SUCCEEDED') return
  const reason = execution?.Status?.StateChangeReason ?? ''
  if (/is not authorized to perform/.test(reason)) throw new QueryDenied(reason)
  throw new Error(`the query ended otherwise: ${reason}`)
}

function folderOf(resource: string): string {
  return resource.replace('arn:aws:s3:::', 's3://').replace(/[^/]*$/, '')
}

/** Does what the case is about; rejects as the SDK does, or with QueryDenied. */
export function perform(stage: Stage, one: Case): Promise<unknown> {
  const [service = ''] = one.action.split(':')
  const by = one.caller === 'session' ? stage.session : stage.broker
  switch (service) {
    case 'athena':
      return performAthena(stage, by, one)
    case 'glue':
      return performGlue(by, one)
    case 's3':
      return performS3(stage, by, one)
    case 'kms':
      return performKms(stage, by, one)
    case 'iam':
      return one.action === 'iam:PassRole' ? passRole(by, one.resource) : performIam(by, one)
    case 'sts':
      return by.sts.send(
        new AssumeRoleCommand({ RoleArn: one.resource, RoleSessionName: 'jit-again' })
      )
  }
  throw new Error(`no way to perform ${one.action}`)
}

function performAthena(stage: Stage, by: Clients, one: Case): Promise<unknown> {
  const WorkGroup = one.resource.split('/').at(-1) ?? ''
  const QueryExecutionId = stage.ended.get(WorkGroup) ?? ''
  switch (one.action) {
    case 'athena:StartQueryExecution':
      return by.athena.send(new StartQueryExecutionCommand({ QueryString: 'SELECT 1', WorkGroup }))
    case 'athena:StopQueryExecution':
      return by.athena.send(new StopQueryExecutionCommand({ QueryExecutionId }))
    case 'athena:GetQueryExecution':
      return by.athena.send(new GetQueryExecutionCommand({ QueryExecutionId }))
    case 'athena:GetQueryRuntimeStatistics':
      return by.athena.send(new GetQueryRuntimeStatisticsCommand({ QueryExecutionId }))
    case 'athena:GetQueryResults':
      return by.athena.send(new GetQueryResultsCommand({ QueryExecutionId }))
    case 'athena:GetQueryResultsStream':
      return sendSigned(stage, by, {
        service: 'athena',
        headers: json('1.1', 'AmazonAthena.GetQueryResultsStream'),
        body: JSON.stringify({ QueryExecutionId })
      })
    case 'athena:GetWorkGroup':
      return by.athena.send(new GetWorkGroupCommand({ WorkGroup }))
    case 'athena:UpdateWorkGroup':
      return by.athena.send(new UpdateWorkGroupCommand({ WorkGroup, State: 'ENABLED' }))
    case 'athena:ListQueryExecutions':
      return by.athena.send(new ListQueryExecutionsCommand({ WorkGroup }))
    case 'athena:BatchGetQueryExecution':
      return by.athena.send(
        new BatchGetQueryExecutionCommand({ QueryExecutionIds: [QueryExecutionId] })
      )
    case 'athena:CreateNamedQuery':
      return by.athena.send(
        new CreateNamedQueryCommand({
          Name: 'mine',
          Database: 'claims',
          QueryString: QUERY,
          WorkGroup
        })
      )
  }
  throw new Error(`no way to perform ${one.action}`)
}

function performGlue(by: Clients, one: Case): Promise<unknown> {
  // a table's call asks for its ancestors as well, so a case about one of those is a call on it
  const [kind = '', database = 'claims', table = 'customers'] = (
    one.resource.split(':').at(-1) ?? ''
  ).split('/')
  switch (one.action) {
    case 'glue:GetTable':
      return by.glue.send(new GetTableCommand({ DatabaseName: database, Name: table }))
    case 'glue:GetPartitions':
      return by.glue.send(new GetPartitionsCommand({ DatabaseName: database, TableName: table }))
    case 'glue:GetDatabase':
      return by.glue.send(new GetDatabaseCommand({ Name: database }))
    case 'glue:CreateTable':
      return by.glue.send(
        new CreateTableCommand({ DatabaseName: database, TableInput: { Name: table } })
      )
    case 'glue:UpdateTable':
      return by.glue.send(
        new UpdateTableCommand({ DatabaseName: database, TableInput: { Name: table } })
      )
  }
  throw new Error(`no way to perform ${one.action} on ${kind}`)
}

function performS3(stage: Stage, by: Clients, one: Case): Promise<unknown> {
  const [Bucket = '', ...rest] = one.resource.replace('arn:aws:s3:::', '').split('/')
  const Key = rest.join('/')
  const viaAthena = one.context['aws:CalledVia'] !== undefined
  switch (one.action) {
    case 's3:GetObject':
      if (one.context['aws:CalledVia']?.includes('cloudformation.amazonaws.com')) {
        return createStack(stage, by, one.resource)
      }
      if (viaAthena && Bucket !== 'acme-claims') {
        const open = { bucket: Bucket, actions: ['s3:ListBucket'] }
        const data = folderOf(one.resource)
        return whileOpen(stage.world, open, () => queryOver(stage, { data }))
      }
      return viaAthena
        ? queryOver(stage, { data: folderOf(one.resource) })
        : by.s3.send(new GetObjectCommand({ Bucket, Key }))
    case 's3:ListBucket':
      return viaAthena
        ? queryOver(stage, {})
        : by.s3.send(new ListObjectsV2Command({ Bucket, Prefix: 'curated/' }))
    case 's3:PutObject':
      return queryOver(stage, { results: folderOf(one.resource) })
    case 's3:AbortMultipartUpload':
      return by.s3.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId: 'none' }))
    case 's3:DeleteObject':
      return by.s3.send(new DeleteObjectCommand({ Bucket, Key }))
  }
  throw new Error(`no way to perform ${one.action}`)
}

function performKms(stage: Stage, by: Clients, one: Case): Promise<unknown> {
  const KeyId = one.resource
  const arn = one.context['kms:EncryptionContext:aws:s3:arn']
  const context = typeof arn === 'string' ? { EncryptionContext: { 'aws:s3:arn': arn } } : {}
  const viaS3 = one.context['kms:ViaService'] !== undefined
  switch (one.action) {
    case 'kms:Decrypt':
      return viaS3
        ? decryptThroughS3(stage, one)
        : by.kms.send(new DecryptCommand({ CiphertextBlob: stage.wrappedKey, KeyId, ...context }))
    case 'kms:GenerateDataKey':
      return viaS3
        ? writeThroughS3(stage, typeof arn === 'string' ? arn : '')
        : by.kms.send(new GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256', ...context }))
    case 'kms:Encrypt':
      return by.kms.send(new EncryptCommand({ KeyId, Plaintext: Buffer.from('x'), ...context }))
    case 'kms:GenerateDataKeyWithoutPlaintext':
      return by.kms.send(
        new GenerateDataKeyWithoutPlaintextCommand({ KeyId, KeySpec: 'AES_256' })
      )
    case 'kms:PutKeyPolicy':
      return by.kms.send(new PutKeyPolicyCommand({ KeyId, Policy: '{}' }))
    case 'kms:CreateGrant':
      return createGrant(by, one)
    case 'kms:ListGrants':
      return by.kms.send(new ListGrantsCommand({ KeyId }))
    case 'kms:ListRetirableGrants':
      return by.kms.send(new ListRetirableGrantsCommand({ RetiringPrincipal: brokerRoleArn }))
    case 'kms:RevokeGrant':
      return revokeOne(stage, by, KeyId)
  }
  throw new Error(`no way to perform ${one.action}`)
}

/** S3 decrypts what it reads: in the results bucket for the session, elsewhere for its query. */
async function decryptThroughS3(stage: Stage, one: Case): Promise<unknown> {
  if (one.context['kms:ViaService']?.includes('dynamodb')) return getItem(stage, stage.session)
  const arn = String(one.context['kms:EncryptionContext:aws:s3:arn'])
  const [bucket = ''] = arn.replace('arn:aws:s3:::', '').split('/')
  if (bucket === 'acme-athena-results') {
    return stage.session.s3.send(new GetObjectCommand({ Bucket: bucket, Key: RESULT }))
  }
  // first beside the session's own data, where the key alone decides and not the bucket
  if (one.resource === paymentsKey) {
    const beside = queryOver(stage, { data: 's3://acme-claims/curated/under-payments-key/' })
    const isDenied = await beside.then(() => false, (error) => error instanceof QueryDenied)
    if (!isDenied) return beside
  }
  if (bucket === 'acme-claims') return queryOver(stage, { data: DATA_FOLDER })
  // with a Bucket Key the context is the bucket, without one it is the object
  const isWhole = arn.endsWith(`:${bucket}`) && bucket === 'acme-claims-copy'
  const own = one.resource === paymentsKey ? 'under-payments-key' : 'curated'
  const data = `s3://${bucket}/${isWhole ? 'with-bucket-key' : own}/`
  const open = { bucket, actions: ['s3:ListBucket', 's3:GetObject'] }
  return whileOpen(stage.world, open, () => queryOver(stage, { data }))
}

function writeThroughS3(stage: Stage, bucketArn: string): Promise<unknown> {
  const Bucket = bucketArn.replace('arn:aws:s3:::', '')
  if (Bucket !== 'acme-athena-results') {
    const open = { bucket: Bucket, actions: ['s3:PutObject'] }
    const results = `s3://${Bucket}/curated/`
    return whileOpen(stage.world, open, () => queryOver(stage, { results }))
  }
  return stage.session.s3.send(
    new PutObjectCommand({
      Bucket,
      Key: 'claims-pii/put.csv',
      Body: '"a"\n',
      ServerSideEncryption: 'aws:kms',
      SSEKMSKeyId: claimsKey
    })
  )
}

function createGrant(by: Clients, one: Case): Promise<unknown> {
  const ask = one.createGrant ?? { GranteePrincipal: roleArn, Operations: ['Decrypt'] }
  const { bucketArn, Operations, ...rest } = ask
  return by.kms.send(
    new CreateGrantCommand({
      KeyId: one.resource,
      // the SDK's types insist on what one case leaves out
      Operations: Operations as GrantOperation[],
      ...rest,
      ...(bucketArn === undefined
        ? {}
        : { Constraints: { EncryptionContextEquals: { 'aws:s3:arn': bucketArn } } })
    })
  )
}

async function revokeOne(stage: Stage, by: Clients, KeyId: string): Promise<void> {
  const grant = [...stage.world.grants.values()].find(({ keyArn }) => keyArn === KeyId)
  await by.kms.send(new RevokeGrantCommand({ KeyId, GrantId: grant?.grantId ?? 'none' }))
}

/** A role is passed within another call: a workgroup shall run its queries with it. */
export const passRole = (by: Clients, ExecutionRole: string): Promise<unknown> =>
  by.athena.send(
    new UpdateWorkGroupCommand({ WorkGroup: 'claims-pii', ConfigurationUpdates: { ExecutionRole } })
  )

function performIam(by: Clients, one: Case): Promise<unknown> {
  const RoleName = one.resource.split('/').at(-1) ?? ''
  const document = JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Deny', Action: '*', Resource: '*' }]
  } satisfies PolicyDocument)
  switch (one.action) {
    case 'iam:GetRole':
      return by.iam.send(new GetRoleCommand({ RoleName }))
    case 'iam:PutRolePolicy':
      return by.iam.send(
        new PutRolePolicyCommand({
          RoleName,
          PolicyName: 'JitRevokedSessions',
          PolicyDocument: document.replace('"*"', '"s3:*"')
        })
      )
    case 'iam:DeleteRolePermissionsBoundary':
      return by.iam.send(new DeleteRolePermissionsBoundaryCommand({ RoleName }))
    case 'iam:UpdateAssumeRolePolicy':
      return by.iam.send(
        new UpdateAssumeRolePolicyCommand({ RoleName, PolicyDocument: document })
      )
  }
  throw new Error(`no way to perform ${one.action}`)
}
