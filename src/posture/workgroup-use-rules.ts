/**
 * Rules on how a workgroup is used: whether its settings bind, what a query may cost, whose rights
 * it runs with, whether anybody answers for it. Source: Athena API, WorkGroupConfiguration.
 */
import type { WorkgroupFacts } from './facts.ts'
import type { Mend } from './finding.ts'
import { cloudformation, line, terraform } from './mend.ts'
import { type Shown, type WorkgroupRule, found, nothing, unseen } from './rule.ts'
import { type View, accountOf, regionOf } from './scene.ts'
import { replaceMend, settingsMend, tagMend } from './workgroup-mend.ts'
import { isAwsAlias, resultsKey } from './workgroup-results-rules.ts'

const judges = 'workgroup'
/** Athena keeps the history of queries for 45 days. */
const day = 86_400_000

export const workgroupUseRules: readonly WorkgroupRule[] = [
  {
    judges,
    code: 'workgroup_not_enforced',
    severity: 'high',
    elsewhere: 'medium',
    title: 'Clients may override the workgroup’s settings',
    why:
      'Each query may then choose its own place and encryption of results. Minimum encryption ' +
      'is no substitute: it leaves the place to the client, and SSE_S3 satisfies it.',
    seenBy: {
      prowler: { rule: 'athena_workgroup_enforce_configuration', sees: 'all' },
      config: { rule: 'athena-workgroup-enforce-workgroup-configuration', sees: 'all' }
    },
    find: ({ enforced, minimumEncryption }) =>
      enforced
        ? nothing
        : found(`the settings are not enforced${minimumEncryption ? ', only minimum encryption is' : ''}`),
    mend: (workgroup) =>
      settingsMend(workgroup, {
        updates: { EnforceWorkGroupConfiguration: true },
        properties: { EnforceWorkGroupConfiguration: true },
        body: { enforce_workgroup_configuration: true }
      })
  },
  {
    judges,
    code: 'workgroup_spark',
    severity: 'high',
    elsewhere: 'low',
    title: 'The workgroup runs Spark',
    why:
      'Its sessions run with the workgroup’s own role, so no session policy and no grant ' +
      'bounds what they read, and no query can be checked.',
    seenBy: unseen,
    find: ({ engine }) => (engine === 'spark' ? found('its engine is Spark') : nothing),
    mend: (workgroup) => replaceMend(workgroup, 'The engine of a workgroup cannot be changed.')
  },
  {
    judges,
    code: 'workgroup_identity_center',
    severity: 'high',
    elsewhere: 'low',
    title: 'The workgroup authenticates with IAM Identity Center',
    why:
      'Queries run with a role of the workgroup for whoever signs in; the session the broker ' +
      'issues does not bound them.',
    seenBy: unseen,
    find: ({ identityCenter }) => (identityCenter ? found('Identity Center is enabled') : nothing),
    mend: (workgroup) => replaceMend(workgroup, 'Identity Center cannot be taken from a workgroup.')
  },
  {
    judges,
    code: 'workgroup_execution_role',
    severity: 'high',
    elsewhere: 'low',
    title: 'The workgroup has an execution role',
    why: 'What runs under it reads with that role’s rights, whoever started it.',
    seenBy: unseen,
    find: ({ executionRole }) =>
      executionRole === null ? nothing : found(`its execution role is ${executionRole}`),
    mend: (workgroup) => replaceMend(workgroup, 'UpdateWorkGroup can change the role, not remove it.')
  },
  {
    judges,
    code: 'workgroup_no_scan_limit',
    severity: 'medium',
    elsewhere: 'low',
    title: 'A query may scan any amount',
    why: 'One query can read, and be billed for, everything there is.',
    seenBy: unseen,
    find: ({ engine, bytesScannedCutoff }) =>
      engine === 'sql' && bytesScannedCutoff === null
        ? found('no limit of bytes scanned per query is set')
        : nothing,
    mend: limitMend
  },
  {
    judges,
    code: 'workgroup_scan_limit_too_high',
    severity: 'low',
    elsewhere: 'low',
    title: 'A query may scan more than the policy allows',
    why: 'The policy’s maxScanBytes bounds what one query can read and cost.',
    seenBy: unseen,
    find: ({ bytesScannedCutoff }, { scene: { posture } }) =>
      bytesScannedCutoff !== null && bytesScannedCutoff > (posture.maxScanBytes ?? Infinity)
        ? found(`the limit is ${bytesScannedCutoff} bytes, at most ${posture.maxScanBytes} are allowed`)
        : nothing,
    mend: limitMend
  },
  {
    judges,
    code: 'workgroup_result_reuse',
    severity: 'medium',
    elsewhere: null,
    title: 'Results of earlier queries are reused',
    why:
      'A reused result is answered without touching the data or its key, also to somebody ' +
      'whose own grant would not have opened it.',
    seenBy: unseen,
    find: ({ reusedResults }) =>
      reusedResults > 0
        ? found(`${reusedResults} of its latest queries had result reuse on`)
        : nothing,
    mend: (workgroup) =>
      settingsMend(workgroup, {
        updates: {
          ResultConfigurationUpdates: { RemoveOutputLocation: true, RemoveEncryptionConfiguration: true },
          ManagedQueryResultsConfigurationUpdates: { Enabled: true }
        },
        properties: { ManagedQueryResultsConfiguration: { Enabled: true } },
        body: { managed_query_results_configuration: { enabled: true } }
      })
  },
  {
    judges,
    code: 'workgroup_no_metrics',
    severity: 'low',
    elsewhere: 'low',
    title: 'The workgroup publishes no metrics',
    why:
      'Nobody sees what it scans and costs. Metrics are no log of queries: that is ' +
      'CloudTrail’s.',
    seenBy: {
      prowler: { rule: 'athena_workgroup_logging_enabled', sees: 'all' },
      config: { rule: 'athena-workgroup-logging-enabled', sees: 'all' }
    },
    find: ({ metrics }) => (metrics ? nothing : found('CloudWatch metrics are off')),
    mend: (workgroup) =>
      settingsMend(workgroup, {
        updates: { PublishCloudWatchMetricsEnabled: true },
        properties: { PublishCloudWatchMetricsEnabled: true },
        body: { publish_cloudwatch_metrics_enabled: true }
      })
  },
  {
    judges,
    code: 'workgroup_disabled',
    severity: 'medium',
    elsewhere: null,
    title: 'The target’s workgroup is disabled',
    why: 'No query starts in it; an approval for it opens nothing.',
    seenBy: unseen,
    find: ({ state }) => (state === 'DISABLED' ? found('its state is DISABLED') : nothing),
    mend: (workgroup) => stateMend(workgroup, 'ENABLED')
  },
  {
    judges,
    code: 'workgroup_tag_missing',
    severity: 'low',
    elsewhere: 'low',
    title: 'A tag that every workgroup has is missing',
    why:
      'Without owner, classification and cost center nobody answers for it, and its cost is ' +
      'nobody’s.',
    seenBy: unseen,
    find: ({ tags }, { scene }) => missingTags(tags, scene.posture.requiredTags),
    mend: (workgroup, _, { part }) => tagMend(workgroup, part)
  },
  {
    judges,
    code: 'workgroup_unused',
    severity: 'low',
    elsewhere: 'low',
    title: 'Nobody uses the workgroup',
    why: 'Rights on it remain, and nobody notices who makes use of them.',
    seenBy: unseen,
    find: (workgroup, view) => unusedSince(workgroup, view),
    mend: (workgroup) => stateMend(workgroup, 'DISABLED')
  },
  {
    judges,
    code: 'workgroup_undeclared',
    severity: 'high',
    elsewhere: 'high',
    title: 'A workgroup that is no target reads classified data',
    why: 'Whoever may query in it reads the data without an elevation.',
    seenBy: unseen,
    find: ({ arn, databases }, view) => {
      if (view.targetsOf(arn).length > 0) return nothing
      return [...new Set(databases)].toSorted().flatMap((name) => {
        const targets = view.databaseOf(name, arn)
        return targets.length === 0
          ? []
          : [{ part: name, targets, shows: `its latest queries were on the database ${name}` }]
      })
    },
    mend: denyMend
  },
  {
    judges,
    code: 'facts_missing',
    severity: 'high',
    elsewhere: 'low',
    title: 'The key of the workgroup’s results is not in the snapshot',
    why: 'What was not read cannot be judged, and is not taken to be in order.',
    seenBy: unseen,
    find: (workgroup, view) => {
      const { name, key } = resultsKey(workgroup, view)
      return name === null || key !== null || isAwsAlias(name)
        ? nothing
        : found(`nothing is known of ${name}`, { part: 'kms:DescribeKey' })
    },
    mend: (workgroup, view) => {
      const { name } = resultsKey(workgroup, view)
      return {
        cli: [
          line(
            'aws', 'kms', 'describe-key', '--region', regionOf(workgroup.arn),
            '--key-id', name ?? ''
          )
        ],
        cloudformation: '# Let the collector’s role read the key, then collect again.',
        terraform: '# Let the collector’s role read the key, then collect again.'
      }
    }
  }
]

/** Of the tags that must be there, those that are not. */
export const missingTags = (
  tags: Readonly<Record<string, string>>,
  required: readonly string[]
): readonly Shown[] =>
  required
    .filter((tag) => !Object.hasOwn(tags, tag) || tags[tag]?.trim() === '')
    .map((tag) => ({ part: tag, shows: `it has no tag ${tag}` }))

const unusedSince = (workgroup: WorkgroupFacts, view: View): readonly Shown[] => {
  const { arn, createdAt, lastQueryAt } = workgroup
  const before = view.scene.now - view.scene.posture.unusedAfter * 1000
  if (lastQueryAt !== null) {
    return Date.parse(lastQueryAt) < before ? found(`its last query was at ${lastQueryAt}`) : nothing
  }
  const isUnread = ['athena:ListQueryExecutions', 'athena:BatchGetQueryExecution'].some(
    (call) => view.gapsOn(arn, call).length > 0
  )
  if (isUnread || createdAt === null || Date.parse(createdAt) >= before - 45 * day) return nothing
  return found(`it was made at ${createdAt}, and Athena’s history of 45 days has no query of it`)
}

function limitMend(workgroup: WorkgroupFacts, { scene }: View): Mend {
  const bytes = scene.posture.maxScanBytes ?? 1_099_511_627_776
  return settingsMend(workgroup, {
    updates: { BytesScannedCutoffPerQuery: bytes },
    properties: { BytesScannedCutoffPerQuery: bytes },
    body: { bytes_scanned_cutoff_per_query: bytes }
  })
}

/**
 * Until it is declared as a target, nobody queries in it; the organisation's account applies it.
 */
function denyMend({ arn }: WorkgroupFacts, _: View, { part }: Shown): Mend {
  const account = accountOf(arn)
  const policy = {
    Version: '2012-10-17',
    Statement: [
      {
        Sid: 'ClassifiedOnlyByElevation',
        Effect: 'Deny',
        Action: 'athena:StartQueryExecution',
        Resource: arn
      }
    ]
  }
  const name = `deny-${part}`.replaceAll(/[^A-Za-z0-9+=,.@_-]/g, '-').slice(0, 128)
  const create = line(
    'aws', 'organizations', 'create-policy', '--type', 'SERVICE_CONTROL_POLICY',
    '--name', name, '--description', `No queries in ${arn}`, '--content', policy,
    '--query', 'Policy.PolicySummary.Id', '--output', 'text'
  )
  return {
    cli: [
      `POLICY=$(${create})`,
      `aws organizations attach-policy --policy-id "$POLICY" --target-id ${account}`
    ],
    cloudformation: cloudformation('AWS::Organizations::Policy', {
      Name: name,
      Type: 'SERVICE_CONTROL_POLICY',
      Content: policy,
      TargetIds: [account]
    }),
    terraform: terraform('aws_organizations_policy', {
      name,
      type: 'SERVICE_CONTROL_POLICY',
      content: JSON.stringify(policy)
    })
  }
}

const stateMend = ({ arn, name }: WorkgroupFacts, state: WorkgroupFacts['state']): Mend => ({
  cli: [
    line(
      'aws', 'athena', 'update-work-group', '--region', regionOf(arn),
      '--work-group', name, '--state', state
    )
  ],
  cloudformation: cloudformation('AWS::Athena::WorkGroup', { Name: name, State: state }),
  terraform: terraform('aws_athena_workgroup', { name, state })
})
