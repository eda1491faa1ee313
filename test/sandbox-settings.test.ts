/**
 * What the sandbox says of an account as a whole and lets be changed, over HTTP with the real SDK:
 * lists in pages, settings that count at once, and the refusals in AWS's words.
 */
import {
  GetWorkGroupCommand,
  ListTagsForResourceCommand,
  ListWorkGroupsCommand,
  TagResourceCommand,
  UpdateWorkGroupCommand,
  type WorkGroupConfigurationUpdates
} from '@aws-sdk/client-athena'
import { GetDatabasesCommand } from '@aws-sdk/client-glue'
import {
  GetAccountAuthorizationDetailsCommand,
  ListAttachedRolePoliciesCommand,
  ListRolesCommand
} from '@aws-sdk/client-iam'
import {
  DescribeKeyCommand,
  EnableKeyRotationCommand,
  GetKeyPolicyCommand,
  GetKeyRotationStatusCommand,
  ListAliasesCommand,
  ListKeysCommand,
  ListResourceTagsCommand,
  PutKeyPolicyCommand,
  TagResourceCommand as TagKeyCommand
} from '@aws-sdk/client-kms'
import {
  GetBucketEncryptionCommand,
  GetBucketPolicyCommand,
  PutBucketEncryptionCommand
} from '@aws-sdk/client-s3'
import { AssumeRoleCommand } from '@aws-sdk/client-sts'
import t from 'tap'
import { startSandbox } from '../src/sandbox/main.ts'
import { KEY_IDS, keyArn, roleArn, ROLES } from '../src/sandbox/names.ts'
import { seedPosture } from '../src/sandbox/seed-posture.ts'
import { POSTURE_KEYS } from '../src/sandbox/seed-posture-targets.ts'
import { clientsFor, codeOf } from './fixtures-sandbox.ts'

const sandbox = await startSandbox({ clockControl: false, seed: true })
const { world } = sandbox
seedPosture(world)
const admin = clientsFor(sandbox, sandbox.keys.admin)
const broker = clientsFor(sandbox, sandbox.keys.broker)
const assumed = await admin.sts.send(
  new AssumeRoleCommand({ RoleArn: roleArn(ROLES.keyAdmin), RoleSessionName: 'mends' })
)
const keyAdmin = clientsFor(sandbox, {
  accessKeyId: assumed.Credentials?.AccessKeyId ?? '',
  secretAccessKey: assumed.Credentials?.SecretAccessKey ?? '',
  sessionToken: assumed.Credentials?.SessionToken ?? ''
})
t.teardown(async () => {
  for (const clients of [admin, broker, keyAdmin]) clients.destroy()
  await sandbox.close()
})

const workgroupArn = (name: string): string =>
  `arn:aws:athena:eu-west-1:123456789012:workgroup/${name}`

t.test('lists come in pages that show every entry once', async (t) => {
  const all = async <P>(
    page: (token: string | undefined) => Promise<P>,
    read: (page: P) => readonly [items: readonly unknown[] | undefined, next: string | undefined]
  ): Promise<number> => {
    const seen: unknown[] = []
    let token: string | undefined
    do {
      const [items = [], next] = read(await page(token))
      t.ok(items.length <= 2)
      seen.push(...items.map((item) => JSON.stringify(item)))
      token = next
    } while (token !== undefined)
    t.equal(new Set(seen).size, seen.length)
    return seen.length
  }
  const groups = await all(
    (NextToken) => admin.athena.send(new ListWorkGroupsCommand({ NextToken, MaxResults: 2 })),
    (page) => [page.WorkGroups, page.NextToken]
  )
  t.equal(groups, world.athena.workGroups.size)
  const keys = await all(
    (Marker) => admin.kms.send(new ListKeysCommand({ Marker, Limit: 2 })),
    (page) => [page.Keys, page.NextMarker]
  )
  t.equal(keys, world.keys.size)
  const aliases = await all(
    (Marker) => admin.kms.send(new ListAliasesCommand({ Marker, Limit: 2 })),
    (page) => [page.Aliases, page.NextMarker]
  )
  t.equal(aliases, world.keys.size)
  const tags = await all(
    (Marker) => {
      const KeyId = POSTURE_KEYS.warehouse
      return admin.kms.send(new ListResourceTagsCommand({ KeyId, Marker, Limit: 2 }))
    },
    (page) => [page.Tags, page.NextMarker]
  )
  t.equal(tags, 3)
  const databases = await all(
    (NextToken) => admin.glue.send(new GetDatabasesCommand({ NextToken, MaxResults: 2 })),
    (page) => [page.DatabaseList, page.NextToken]
  )
  t.equal(databases, world.glue.databases.size)
  const roles = await all(
    (Marker) => admin.iam.send(new ListRolesCommand({ Marker, MaxItems: 2 })),
    (page) => [page.Roles, page.Marker]
  )
  t.equal(roles, world.roles.size)
  const details = await all(
    (Marker) => admin.iam.send(new GetAccountAuthorizationDetailsCommand({ Marker, MaxItems: 2 })),
    (page) => [
      [page.UserDetailList, page.GroupDetailList, page.RoleDetailList, page.Policies].flatMap(
        (list): readonly unknown[] => list ?? []
      ),
      page.Marker
    ]
  )
  const { users, groups: named, roles: made, managedPolicies } = world
  t.equal(details, users.size + named.size + made.size + managedPolicies.size)
})

t.test('a workgroup is mended by UpdateWorkGroup and TagResource', async (t) => {
  const WorkGroup = 'legacy-reports'
  const ResourceARN = workgroupArn(WorkGroup)
  const update = (ConfigurationUpdates: WorkGroupConfigurationUpdates) =>
    admin.athena.send(new UpdateWorkGroupCommand({ WorkGroup, ConfigurationUpdates }))
  const now = async () => {
    const got = await admin.athena.send(new GetWorkGroupCommand({ WorkGroup }))
    return got.WorkGroup?.Configuration
  }
  const key = keyArn(KEY_IDS.claimsResults)
  await update({
    EnforceWorkGroupConfiguration: true,
    PublishCloudWatchMetricsEnabled: true,
    BytesScannedCutoffPerQuery: 20_000_000,
    ResultConfigurationUpdates: {
      EncryptionConfiguration: { EncryptionOption: 'SSE_KMS', KmsKey: key },
      ExpectedBucketOwner: '123456789012'
    }
  })
  t.match(await now(), {
    EnforceWorkGroupConfiguration: true,
    PublishCloudWatchMetricsEnabled: true,
    BytesScannedCutoffPerQuery: 20_000_000,
    ResultConfiguration: {
      OutputLocation: 's3://acme-athena-results/legacy-reports/',
      EncryptionConfiguration: { EncryptionOption: 'SSE_KMS', KmsKey: key },
      ExpectedBucketOwner: '123456789012'
    }
  })
  await update({
    RemoveBytesScannedCutoffPerQuery: true,
    ResultConfigurationUpdates: { RemoveEncryptionConfiguration: true }
  })
  const back = await now()
  t.equal(back?.BytesScannedCutoffPerQuery, undefined)
  t.equal(back?.ResultConfiguration?.EncryptionConfiguration, undefined)
  t.equal(back?.EnforceWorkGroupConfiguration, true, 'what is not named stays')
  const Tags = [{ Key: 'owner', Value: 'reports' }]
  await admin.athena.send(new TagResourceCommand({ ResourceARN, Tags }))
  const listed = await admin.athena.send(new ListTagsForResourceCommand({ ResourceARN }))
  t.same(listed.Tags, Tags)
})

t.test('a key is mended by EnableKeyRotation, TagResource and PutKeyPolicy', async (t) => {
  const KeyId = keyArn(KEY_IDS.payments)
  await keyAdmin.kms.send(new EnableKeyRotationCommand({ KeyId, RotationPeriodInDays: 180 }))
  const { kms } = keyAdmin
  t.match(await kms.send(new GetKeyRotationStatusCommand({ KeyId })), {
    KeyRotationEnabled: true,
    RotationPeriodInDays: 180
  })
  await kms.send(new TagKeyCommand({ KeyId, Tags: [{ TagKey: 'owner', TagValue: 'pay' }] }))
  const tags = await kms.send(new ListResourceTagsCommand({ KeyId }))
  t.ok(tags.Tags?.some(({ TagKey, TagValue }) => TagKey === 'owner' && TagValue === 'pay'))
  const research = keyArn(POSTURE_KEYS.research)
  const { Policy = '' } = await kms
    .send(new GetKeyPolicyCommand({ KeyId }))
    .catch(() => ({ Policy: world.keys.get(KEY_IDS.payments)?.policy.text }))
  await kms.send(new PutKeyPolicyCommand({ KeyId: research, Policy }))
  t.equal(world.keys.get(POSTURE_KEYS.research)?.policy.text, Policy)
  const lockedOut = JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      { Effect: 'Allow', Principal: { AWS: roleArn(ROLES.broker) }, Action: 'kms:*', Resource: '*' }
    ]
  })
  const put = new PutKeyPolicyCommand({ KeyId: research, Policy: lockedOut })
  t.equal(await codeOf(kms.send(put)), 'MalformedPolicyDocumentException')
  t.equal(world.keys.get(POSTURE_KEYS.research)?.policy.text, Policy, 'and nothing changed')
  const meant = { KeyId: research, Policy: lockedOut, BypassPolicyLockoutSafetyCheck: true }
  await kms.send(new PutKeyPolicyCommand(meant))
  t.equal(await codeOf(kms.send(new PutKeyPolicyCommand(meant))), 'AccessDeniedException')
})

t.test('a bucket is mended by PutBucketEncryption', async (t) => {
  const Bucket = 'acme-research'
  const KMSMasterKeyID = keyArn(KEY_IDS.claimsData)
  const rule = { SSEAlgorithm: 'aws:kms', KMSMasterKeyID } as const
  await admin.s3.send(
    new PutBucketEncryptionCommand({
      Bucket,
      ServerSideEncryptionConfiguration: {
        Rules: [{ ApplyServerSideEncryptionByDefault: rule, BucketKeyEnabled: true }]
      }
    })
  )
  const got = await admin.s3.send(new GetBucketEncryptionCommand({ Bucket }))
  t.match(got.ServerSideEncryptionConfiguration?.Rules, [
    { ApplyServerSideEncryptionByDefault: rule, BucketKeyEnabled: true }
  ])
  const { Policy = '' } = await admin.s3.send(new GetBucketPolicyCommand({ Bucket }))
  t.match(JSON.parse(Policy), { Statement: [{ Principal: '*' }] })
})

t.test('policies of groups, managed policies and boundaries of users count', async (t) => {
  const attached = await admin.iam.send(
    new ListAttachedRolePoliciesCommand({ RoleName: 'acme-bi-service' })
  )
  t.match(attached.AttachedPolicies, [{ PolicyName: 'DataLakeReadAll' }])
  const as = (userName: string) => {
    const accessKeyId = `AKIA${userName.toUpperCase().padEnd(16, 'A')}`
    const key = { accessKeyId, secretAccessKey: 'not so secret', userName }
    world.accessKeys.set(accessKeyId, key)
    return clientsFor(sandbox, key)
  }
  const [dora, finn] = [as('dora'), as('finn')]
  t.teardown(() => {
    dora.destroy()
    finn.destroy()
  })
  const read = new GetBucketPolicyCommand({ Bucket: 'acme-research' })
  t.equal(await codeOf(dora.athena.send(new ListWorkGroupsCommand({}))), 'ok', 'inline, of the group')
  t.equal(await codeOf(finn.athena.send(new ListWorkGroupsCommand({}))), 'ok', 'within the boundary')
  t.equal(await codeOf(dora.s3.send(read)), 'AccessDenied')
  const details = await admin.iam.send(new GetAccountAuthorizationDetailsCommand({}))
  t.match(
    details.UserDetailList?.find(({ UserName }) => UserName === 'finn'),
    { GroupList: ['data-science'], PermissionsBoundary: { PermissionsBoundaryArn: /PeopleBoundary$/ } }
  )
  const [admins] = details.Policies?.filter(({ PolicyName }) => PolicyName === 'AdministratorAccess') ?? []
  t.match(decodeURIComponent(admins?.PolicyVersionList?.[0]?.Document ?? ''), '"Action":"*"')
})

const rules = (algorithm: 'aws:kms' | 'AES256', key?: string) => ({
  Bucket: 'acme-research',
  ServerSideEncryptionConfiguration: {
    Rules: [
      {
        ApplyServerSideEncryptionByDefault: {
          SSEAlgorithm: algorithm,
          ...(key === undefined ? {} : { KMSMasterKeyID: key })
        }
      }
    ]
  }
})

t.test('refusals are AWS’s', async (t) => {
  const { athena, glue, iam, kms, s3 } = admin
  const WorkGroup = 'absent'
  const Policy = '{}'
  const cases: readonly (readonly [name: string, call: () => Promise<unknown>, code: string])[] = [
    ['no such workgroup', () => athena.send(new UpdateWorkGroupCommand({ WorkGroup })), 'InvalidRequestException'],
    ['a token of another list', () => athena.send(new ListWorkGroupsCommand({ NextToken: 'x' })), 'InvalidRequestException'],
    [
      'a scan limit below the least',
      () =>
        athena.send(
          new UpdateWorkGroupCommand({
            WorkGroup: 'adhoc',
            ConfigurationUpdates: { BytesScannedCutoffPerQuery: 5 }
          })
        ),
      'InvalidRequestException'
    ],
    [
      'an update that is not spoken',
      () =>
        athena.send(
          new UpdateWorkGroupCommand({
            WorkGroup: 'adhoc',
            ConfigurationUpdates: { RequesterPaysEnabled: true }
          })
        ),
      'InvalidRequestException'
    ],
    [
      'tags of no workgroup',
      () => athena.send(new ListTagsForResourceCommand({ ResourceARN: workgroupArn(WorkGroup) })),
      'ResourceNotFoundException'
    ],
    [
      'tags of something else',
      () => athena.send(new TagResourceCommand({ ResourceARN: 'arn:aws:athena:::x', Tags: [] })),
      'InvalidRequestException'
    ],
    ['a marker of another list', () => kms.send(new ListKeysCommand({ Marker: 'x' })), 'InvalidMarkerException'],
    ['aliases of one key', () => kms.send(new ListAliasesCommand({ KeyId: KEY_IDS.payments })), 'ValidationException'],
    [
      'rotation of a disabled key',
      () => kms.send(new EnableKeyRotationCommand({ KeyId: POSTURE_KEYS.warehouse })),
      'DisabledException'
    ],
    [
      'rotation of imported material',
      () => kms.send(new EnableKeyRotationCommand({ KeyId: POSTURE_KEYS.partner })),
      'UnsupportedOperationException'
    ],
    [
      'whether imported material rotates',
      () => kms.send(new GetKeyRotationStatusCommand({ KeyId: POSTURE_KEYS.partner })),
      'UnsupportedOperationException'
    ],
    [
      'a period too short',
      () => kms.send(new EnableKeyRotationCommand({ KeyId: POSTURE_KEYS.lab, RotationPeriodInDays: 30 })),
      'ValidationException'
    ],
    [
      'a key policy that is none',
      () => kms.send(new PutKeyPolicyCommand({ KeyId: POSTURE_KEYS.lab, Policy })),
      'MalformedPolicyDocumentException'
    ],
    [
      'another policy’s name',
      () => kms.send(new PutKeyPolicyCommand({ KeyId: POSTURE_KEYS.lab, Policy, PolicyName: 'x' })),
      'NotFoundException'
    ],
    ['no such key', () => kms.send(new DescribeKeyCommand({ KeyId: KEY_IDS.payments.replace('1a', '2a') })), 'NotFoundException'],
    ['a marker of another list', () => iam.send(new ListRolesCommand({ Marker: 'x' })), 'ValidationError'],
    [
      'a filter',
      () => iam.send(new GetAccountAuthorizationDetailsCommand({ Filter: ['Role'] })),
      'ValidationError'
    ],
    ['a token of another list', () => glue.send(new GetDatabasesCommand({ NextToken: 'x' })), 'InvalidInputException'],
    ['a bucket without a policy', () => s3.send(new GetBucketPolicyCommand({ Bucket: 'acme-claims' })), 'NoSuchBucketPolicy'],
    ['no such bucket', () => s3.send(new GetBucketPolicyCommand({ Bucket: 'absent-bucket' })), 'NoSuchBucket'],
    ['KMS without a key', () => s3.send(new PutBucketEncryptionCommand(rules('aws:kms'))), 'MalformedXML'],
    ['a key without KMS', () => s3.send(new PutBucketEncryptionCommand(rules('AES256', 'x'))), 'MalformedXML']
  ]
  for (const [name, call, code] of cases) t.equal(await codeOf(call()), code, name)
})

t.test('who may not is refused, by the evaluator', async (t) => {
  const { athena, kms, s3 } = broker
  const ResourceARN = workgroupArn('adhoc')
  const cases = [
    athena.send(new UpdateWorkGroupCommand({ WorkGroup: 'adhoc', State: 'DISABLED' })),
    athena.send(new TagResourceCommand({ ResourceARN, Tags: [] })),
    kms.send(new EnableKeyRotationCommand({ KeyId: POSTURE_KEYS.lab })),
    kms.send(new TagKeyCommand({ KeyId: POSTURE_KEYS.lab, Tags: [] })),
    kms.send(new PutKeyPolicyCommand({ KeyId: POSTURE_KEYS.lab, Policy: '{}' }))
  ]
  for (const code of await Promise.all(cases.map(codeOf))) t.equal(code, 'AccessDeniedException')
  const put = new PutBucketEncryptionCommand({
    Bucket: 'acme-claims',
    ServerSideEncryptionConfiguration: {
      Rules: [{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } }]
    }
  })
  t.equal(await codeOf(s3.send(put)), 'AccessDenied')
  t.equal(world.s3.buckets.get('acme-claims')?.encryption.algorithm, 'aws:kms')
})
