/**
 * Rules on what could not be seen: calls that were not answered, and what targets declare that the
 * snapshot does not have. Neither is ever taken to be in order.
 */
import type { Target } from '../elevation/target.ts'
import { keyArns, unique, workgroupArn } from '../iam/arns.ts'
import type { Gap } from './facts.ts'
import { lastOf, line, remark } from './mend.ts'
import { type GapRule, type TargetRule, unseen } from './rule.ts'
import { nameOfRole } from './role-access.ts'
import { type View, placesOf } from './scene.ts'

export const gapRules: readonly GapRule[] = [
  {
    judges: 'gap',
    code: 'facts_missing',
    severity: 'high',
    elsewhere: 'low',
    title: 'A call to AWS was not answered',
    why: 'What was not read cannot be judged, and is not taken to be in order.',
    seenBy: unseen,
    find: (gap, view) => [
      {
        part: gap.call,
        targets: targetsOfGap(gap, view),
        shows: `${gap.call}${gap.resource === null ? '' : ` on ${gap.resource}`} was answered ${gap.code}`
      }
    ],
    mend: ({ call, resource }, { scene }) => {
      const policy = {
        Version: '2012-10-17',
        Statement: [
          {
            Effect: 'Allow',
            Action: call,
            Resource: resource?.startsWith('arn:') === true ? resource : '*'
          }
        ]
      }
      const again = remark(`Let the collector's role call ${call}, then collect again.`)
      return {
        cli: [
          line(
            'aws',
            'iam',
            'put-role-policy',
            '--role-name',
            scene.broker === null ? 'COLLECTOR' : nameOfRole(scene.broker),
            '--policy-name',
            `posture-${call.replaceAll(/[^A-Za-z0-9]/g, '-')}`,
            '--policy-document',
            policy
          ),
          'sallyport posture collect --out facts.json'
        ],
        cloudformation: again,
        terraform: again
      }
    }
  }
]

export const targetRules: readonly TargetRule[] = [
  {
    judges: 'target',
    code: 'target_not_found',
    severity: 'high',
    elsewhere: null,
    title: 'What a target declares is not there',
    why: 'An elevation of it opens nothing, or opens what somebody else makes under that name.',
    seenBy: unseen,
    find: (target, view) => {
      const { accounts } = view.facts
      if (!accounts.includes(target.account)) return []
      return declarationsOf(target, view)
        .filter(({ isThere, arn, calls }) => !isThere && !isUnread(view, arn, calls))
        .map(({ kind, arn }) => ({ part: arn, shows: `there is no ${kind} ${arn}` }))
    },
    mend: ({ id }, _, { part }) => {
      const why = remark(
        `Make it, or declare in the document of target ${id} what is there instead of ${part}.`
      )
      return {
        cli: ['sallyport policy check', lookLine(part)],
        cloudformation: why,
        terraform: why
      }
    }
  },
  {
    judges: 'target',
    code: 'facts_missing',
    severity: 'high',
    elsewhere: null,
    title: 'The snapshot is not of the target’s account',
    why: 'What was not read cannot be judged, and is not taken to be in order.',
    seenBy: unseen,
    find: ({ account }, { facts }) =>
      facts.accounts.includes(account)
        ? []
        : [{ part: 'account', shows: `nothing was collected in account ${account}` }],
    mend: () => ({
      cli: ['sallyport posture collect --out facts.json'],
      cloudformation: '# Collect with credentials of the target’s account.',
      terraform: '# Collect with credentials of the target’s account.'
    })
  }
]

/** A whole listing that is missing touches every target. */
const targetsOfGap = ({ call, resource }: Gap, view: View): readonly Target[] => {
  if (resource === null) return view.scene.targets
  const direct = view.targetsOf(resource)
  if (direct.length > 0) return direct
  const service = call.split(':')[0] ?? ''
  return view.scene.targets.filter((target) => namesIn(target, service).has(resource))
}

/** Names that a call of a service may have been asked by instead of an ARN. */
const namesIn = (target: Target, service: string): ReadonlySet<string> => {
  switch (service) {
    case 'athena':
      return new Set([target.workgroup])
    case 'kms':
      return new Set(keyArns(target).map(lastOf))
    case 'iam':
      return new Set([nameOfRole(target.role)])
    case 's3':
      return new Set(placesOf(target).map(({ bucket }) => bucket))
    case 'glue':
      return new Set(target.data.flatMap(({ database, tables }) => [database, ...tables]))
    default:
      return new Set()
  }
}

type Declared = {
  readonly kind: string
  readonly arn: string
  readonly isThere: boolean
  /** what would have shown it */
  readonly calls: readonly string[]
}

const declarationsOf = (target: Target, view: View): readonly Declared[] => {
  const { facts } = view
  const [, partition = 'aws'] = target.role.split(':')
  const workgroup = workgroupArn(target)
  return [
    {
      kind: 'workgroup',
      arn: workgroup,
      isThere: facts.workgroups.some(({ arn }) => arn === workgroup),
      calls: ['athena:ListWorkGroups', 'athena:GetWorkGroup']
    },
    {
      kind: 'role',
      arn: target.role,
      isThere: view.principal(target.role) !== null,
      calls: ['iam:GetAccountAuthorizationDetails', 'iam:GetRole']
    },
    ...keyArns(target).map((arn) => ({
      kind: 'key',
      arn,
      isThere: view.keyNamed(arn, arn) !== null,
      calls: ['kms:ListKeys', 'kms:DescribeKey']
    })),
    ...unique(placesOf(target).map(({ bucket }) => bucket)).map((name) => ({
      kind: 'bucket',
      arn: `arn:${partition}:s3:::${name}`,
      isThere: view.bucket(name) !== null,
      calls: [
        's3:GetBucketLocation',
        's3:GetBucketEncryption',
        's3:GetBucketPolicy',
        's3:GetEncryptionConfiguration'
      ]
    }))
  ]
}

const isUnread = (view: View, arn: string, calls: readonly string[]): boolean =>
  calls.some((call) => view.gapsOn(arn, call).length > 0)

const lookLine = (arn: string): string => {
  if (arn.includes(':workgroup/'))
    return line('aws', 'athena', 'get-work-group', '--work-group', lastOf(arn))
  if (arn.includes(':key/')) return line('aws', 'kms', 'describe-key', '--key-id', arn)
  return arn.includes(':role/')
    ? line('aws', 'iam', 'get-role', '--role-name', nameOfRole(arn))
    : line('aws', 's3api', 'head-bucket', '--bucket', lastOf(arn))
}
