/**
 * Athena workgroups as a whole, and what about them can be changed: ListWorkGroups, UpdateWorkGroup
 * (what is not spoken of its updates is refused, not ignored), ListTagsForResource, TagResource.
 * Source: Amazon Athena API Reference.
 */
import { Type } from 'typebox'
import type { Static } from 'typebox'
import { NextToken, WorkGroupName } from './athena-input.ts'
import type { ResultPlace, WorkGroup } from './athena-state.ts'
import { authorizeWorkGroup, engineOf, findWorkGroup, invalidRequest } from './athena-workgroup.ts'
import { authorize } from './authorize.ts'
import type { Call } from './call.ts'
import { AwsFault } from './fault.ts'
import { pageOf } from './pages.ts'
import type { JsonObject } from './service.ts'
import type { World } from './world.ts'

export const ListWorkGroupsInput = Type.Object({
  NextToken,
  MaxResults: Type.Optional(Type.Integer({ minimum: 1, maximum: 50 }))
})

/** Needs athena:ListWorkGroups; 50 a page at most. */
export function listWorkGroups(
  world: World,
  call: Call,
  input: Static<typeof ListWorkGroupsInput>
): JsonObject {
  authorize(world, call, { action: 'athena:ListWorkGroups', resource: '*' })
  const groups = [...world.athena.workGroups.values()]
  const size = input.MaxResults ?? 50
  const page = pageOf(groups, { name: ({ name }) => name, size, marker: input.NextToken })
  if (page === null) throw invalidRequest('The NextToken is not valid.')
  return {
    WorkGroups: page.items.map((group) => ({
      Name: group.name,
      State: group.state,
      Description: group.description,
      CreationTime: group.createdAt.getTime() / 1000,
      EngineVersion: engineOf(group)
    })),
    ...(page.next === undefined ? {} : { NextToken: page.next })
  }
}

const ResourceARN = Type.String({ minLength: 1, maxLength: 1011 })

// AWS takes no page of fewer than 75 tags, and a resource has at most 50
export const ListTagsInput = Type.Object({
  ResourceARN,
  MaxResults: Type.Optional(Type.Integer({ minimum: 75 })),
  NextToken: Type.Optional(Type.Never())
})

/** Needs athena:ListTagsForResource on the workgroup. */
export function listTags(
  world: World,
  call: Call,
  input: Static<typeof ListTagsInput>
): JsonObject {
  const group = tagged(world, call, {
    arn: input.ResourceARN,
    action: 'athena:ListTagsForResource'
  })
  return { Tags: Object.entries(group.tags ?? {}).map(([Key, Value]) => ({ Key, Value })) }
}

export const TagInput = Type.Object({
  ResourceARN,
  Tags: Type.Array(
    Type.Object({
      Key: Type.String({ minLength: 1, maxLength: 128 }),
      Value: Type.String({ maxLength: 256 })
    }),
    { maxItems: 50 }
  )
})

/** Needs athena:TagResource on the workgroup. */
export function tagWorkGroup(world: World, call: Call, input: Static<typeof TagInput>): JsonObject {
  const group = tagged(world, call, { arn: input.ResourceARN, action: 'athena:TagResource' })
  const added = Object.fromEntries(input.Tags.map(({ Key, Value }) => [Key, Value]))
  world.athena.workGroups.set(group.name, { ...group, tags: { ...group.tags, ...added } })
  return {}
}

const Encryption = Type.Union([
  Type.Object({ EncryptionOption: Type.Literal('SSE_S3') }),
  Type.Object({
    EncryptionOption: Type.Literal('SSE_KMS'),
    KmsKey: Type.String({ minLength: 1, maxLength: 2048 })
  })
])

const closed = { additionalProperties: false }

export const UpdateInput = Type.Object({
  WorkGroup: WorkGroupName,
  Description: Type.Optional(Type.String({ maxLength: 1024 })),
  State: Type.Optional(Type.Union([Type.Literal('ENABLED'), Type.Literal('DISABLED')])),
  ConfigurationUpdates: Type.Optional(
    Type.Object(
      {
        EnforceWorkGroupConfiguration: Type.Optional(Type.Boolean()),
        PublishCloudWatchMetricsEnabled: Type.Optional(Type.Boolean()),
        EnableMinimumEncryptionConfiguration: Type.Optional(Type.Boolean()),
        BytesScannedCutoffPerQuery: Type.Optional(Type.Integer({ minimum: 10_000_000 })),
        RemoveBytesScannedCutoffPerQuery: Type.Optional(Type.Boolean()),
        ResultConfigurationUpdates: Type.Optional(
          Type.Object(
            {
              OutputLocation: Type.Optional(
                Type.String({ pattern: '^s3://[a-z0-9.-]{3,63}(/.*)?$' })
              ),
              EncryptionConfiguration: Type.Optional(Encryption),
              RemoveEncryptionConfiguration: Type.Optional(Type.Boolean()),
              ExpectedBucketOwner: Type.Optional(Type.String({ pattern: '^[0-9]{12}$' }))
            },
            closed
          )
        )
      },
      closed
    )
  )
})

type Updates = NonNullable<Static<typeof UpdateInput>['ConfigurationUpdates']>

/** Needs athena:UpdateWorkGroup; counts for the next query. */
export function updateWorkGroup(
  world: World,
  call: Call,
  input: Static<typeof UpdateInput>
): JsonObject {
  const { WorkGroup: name, Description, State, ConfigurationUpdates: updates } = input
  authorizeWorkGroup(world, call, { action: 'athena:UpdateWorkGroup', workGroup: name })
  const group = findWorkGroup(world, name)
  world.athena.workGroups.set(name, {
    ...group,
    ...(Description === undefined ? {} : { description: Description }),
    ...(State === undefined ? {} : { state: State }),
    ...(updates === undefined ? {} : updated(group, updates))
  })
  return {}
}

function updated(group: WorkGroup, updates: Updates): Partial<WorkGroup> {
  const { ResultConfigurationUpdates: results } = updates
  const isUnlimited = updates.RemoveBytesScannedCutoffPerQuery === true
  return {
    enforce: updates.EnforceWorkGroupConfiguration ?? group.enforce,
    metrics: updates.PublishCloudWatchMetricsEnabled ?? group.metrics ?? false,
    minimumEncryption:
      updates.EnableMinimumEncryptionConfiguration ?? group.minimumEncryption ?? false,
    bytesScannedCutoff: isUnlimited
      ? undefined
      : (updates.BytesScannedCutoffPerQuery ?? group.bytesScannedCutoff),
    ...(results === undefined
      ? {}
      : {
          results: place(group.results, results),
          expectedBucketOwner: results.ExpectedBucketOwner ?? group.expectedBucketOwner
        })
  }
}

function place(
  before: ResultPlace | undefined,
  updates: NonNullable<Updates['ResultConfigurationUpdates']>
): ResultPlace {
  const location = updates.OutputLocation ?? before?.location
  if (location === undefined) throw invalidRequest('An output location is required.')
  const asked = updates.EncryptionConfiguration
  if (asked === undefined) {
    const isPlain = updates.RemoveEncryptionConfiguration === true
    const kept = isPlain ? undefined : before?.encryption
    return { location, ...(kept === undefined ? {} : { encryption: kept }) }
  }
  return {
    location,
    encryption:
      asked.EncryptionOption === 'SSE_S3'
        ? { option: 'SSE_S3' }
        : { option: 'SSE_KMS', keyArn: asked.KmsKey }
  }
}

/** Of the resources that have tags only workgroups are spoken. */
function tagged(
  world: World,
  call: Call,
  ask: { readonly arn: string; readonly action: string }
): WorkGroup {
  const root = `arn:${world.partition}:athena:${world.region}:${world.account}:workgroup/`
  if (!ask.arn.startsWith(root)) throw invalidRequest('The resource is no workgroup of here.')
  const name = ask.arn.slice(root.length)
  authorizeWorkGroup(world, call, { action: ask.action, workGroup: name })
  const group = world.athena.workGroups.get(name)
  if (group !== undefined) return group
  throw new AwsFault('ResourceNotFoundException', 400, `Resource ${ask.arn} is not found.`)
}
