/**
 * Athena workgroups as they are: settings, tags, and what the latest page of their executions says
 * of their use. No query text is kept. Amazon Athena API Reference: ListWorkGroups, GetWorkGroup,
 * ListTagsForResource, ListQueryExecutions, BatchGetQueryExecution.
 */
import {
  type AthenaClient,
  BatchGetQueryExecutionCommand,
  GetWorkGroupCommand,
  ListQueryExecutionsCommand,
  ListTagsForResourceCommand,
  ListWorkGroupsCommand,
  type QueryExecution,
  type WorkGroup
} from '@aws-sdk/client-athena'
import type { Tags, WorkgroupFacts } from '../posture/facts.ts'
import { eachOf, instantOf, listAll, present, tagsOf } from './posture-pages.ts'
import type { Scan } from './posture-scan.ts'

export type Place = {
  readonly partition: string
  readonly account: string
  readonly region: string
}

/** Every workgroup of the client's Region; one that is deleted meanwhile is left out. */
export const workgroupsIn = async (
  scan: Scan,
  client: AthenaClient,
  place: Place
): Promise<readonly WorkgroupFacts[]> => {
  const { items } = await listAll(scan, {
    call: 'athena:ListWorkGroups',
    resource: null,
    send: (NextToken, options) => {
      const command = new ListWorkGroupsCommand({ NextToken, MaxResults: scan.page(50) })
      return client.send(command, options)
    },
    items: (page) => page.WorkGroups,
    next: (page) => page.NextToken
  })
  const names = items.flatMap(({ Name }) => Name ?? [])
  scan.expect('athena', names.length)
  const found = await eachOf(names, async (name) => {
    const facts = await workgroup(scan, client, { ...place, name })
    scan.did('athena')
    return facts
  })
  return present(found)
}

type Named = Place & { readonly name: string }

const workgroup = async (
  scan: Scan,
  client: AthenaClient,
  { partition, account, region, name }: Named
): Promise<WorkgroupFacts | null> => {
  const arn = `arn:${partition}:athena:${region}:${account}:workgroup/${name}`
  const got = await scan.ask({
    call: 'athena:GetWorkGroup',
    resource: arn,
    absent: isGone,
    send: (options) => client.send(new GetWorkGroupCommand({ WorkGroup: name }), options)
  })
  const group = got.ok ? got.value.WorkGroup : undefined
  if (group === undefined) return null
  const settings = settingsOf(group)
  const tags = await tagsOn(scan, client, arn)
  if (tags === null) return null
  const use = settings.engine === 'spark' ? unused : await useOf(scan, client, { arn, name })
  return use && { arn, name, ...settings, tags, ...use }
}

/**
 * Deleted between the listing and the question, which is no gap: what is gone holds nothing. Athena
 * has no code of its own for it, only these words.
 */
const isGone = (code: string, message: string): boolean =>
  code === 'ResourceNotFoundException' ||
  (code === 'InvalidRequestException' && /\bis not found\b/i.test(message))

const settingsOf = (group: WorkGroup) => {
  const { Configuration: settings } = group
  const { ResultConfiguration: results, ManagedQueryResultsConfiguration: managed } = settings ?? {}
  const engine = settings?.EngineVersion
  const version = engine?.EffectiveEngineVersion ?? engine?.SelectedEngineVersion ?? ''
  return {
    state: group.State ?? 'ENABLED',
    engine: /spark/i.test(version) ? 'spark' : 'sql',
    createdAt: instantOf(group.CreationTime),
    enforced: settings?.EnforceWorkGroupConfiguration ?? false,
    results: {
      location: results?.OutputLocation ?? null,
      encryption: results?.EncryptionConfiguration?.EncryptionOption ?? null,
      key: results?.EncryptionConfiguration?.KmsKey ?? null,
      expectedBucketOwner: results?.ExpectedBucketOwner ?? null
    },
    managedResults: managed?.Enabled
      ? { key: managed.EncryptionConfiguration?.KmsKey ?? null }
      : null,
    minimumEncryption: settings?.EnableMinimumEncryptionConfiguration ?? false,
    bytesScannedCutoff: settings?.BytesScannedCutoffPerQuery ?? null,
    metrics: settings?.PublishCloudWatchMetricsEnabled ?? false,
    executionRole: settings?.ExecutionRole ?? null,
    identityCenter: settings?.IdentityCenterConfiguration?.EnableIdentityCenter ?? false
  } as const
}

/** Null = the workgroup is gone. Tags that could not be read are none, beside their gap. */
const tagsOn = async (scan: Scan, client: AthenaClient, arn: string): Promise<Tags | null> => {
  let isThere = true
  const { items } = await listAll(scan, {
    call: 'athena:ListTagsForResource',
    resource: arn,
    absent: (code, message) => {
      isThere = !isGone(code, message)
      return !isThere
    },
    send: (NextToken, options) => {
      // AWS takes no smaller page here
      const command = new ListTagsForResourceCommand({
        ResourceARN: arn,
        NextToken,
        MaxResults: 75
      })
      return client.send(command, options)
    },
    items: (page) => page.Tags,
    next: (page) => page.NextToken
  })
  return isThere ? tagsOf(items) : null
}

type Use = Pick<WorkgroupFacts, 'lastQueryAt' | 'databases' | 'reusedResults'>

/** A Spark workgroup has sessions and calculations, and no query executions to list. */
const unused: Use = { lastQueryAt: null, databases: [], reusedResults: 0 }

/** By the latest 50 executions, newest first as Athena lists them. Null = the workgroup is gone. */
const useOf = async (
  scan: Scan,
  client: AthenaClient,
  { arn, name }: { readonly arn: string; readonly name: string }
): Promise<Use | null> => {
  const listed = await scan.ask({
    call: 'athena:ListQueryExecutions',
    resource: arn,
    absent: isGone,
    send: (options) => {
      const page = { WorkGroup: name, MaxResults: scan.page(50) }
      return client.send(new ListQueryExecutionsCommand(page), options)
    }
  })
  if (!listed.ok) return listed.isAbsent ? null : unused
  const QueryExecutionIds = listed.value.QueryExecutionIds ?? []
  if (QueryExecutionIds.length === 0) return unused
  const got = await scan.ask({
    call: 'athena:BatchGetQueryExecution',
    resource: arn,
    absent: isGone,
    send: (options) =>
      client.send(new BatchGetQueryExecutionCommand({ QueryExecutionIds }), options)
  })
  if (!got.ok) return got.isAbsent ? null : unused
  return summary(got.value.QueryExecutions ?? [])
}

const summary = (executions: readonly QueryExecution[]): Use => {
  const submitted = executions.flatMap(({ Status }) => Status?.SubmissionDateTime ?? [])
  const last = submitted.toSorted((a, b) => a.getTime() - b.getTime()).at(-1)
  const databases = executions.flatMap(({ QueryExecutionContext: of }) => of?.Database ?? [])
  const reused = executions.filter(
    ({ ResultReuseConfiguration: of }) => of?.ResultReuseByAgeConfiguration?.Enabled
  )
  return {
    lastQueryAt: instantOf(last),
    databases: [...new Set(databases)].toSorted(),
    reusedResults: reused.length
  }
}
