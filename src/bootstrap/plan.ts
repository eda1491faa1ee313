/**
 * The AWS side of the configured targets, before it is written in anybody's language: the broker's
 * role, the roles whose sessions are issued with their boundaries, the policies of the keys, a
 * service control policy. The documents are those of iam/, which the sandbox enforces in the tests.
 * Refused: unsafe names, a target's role for two accounts' targets, what AWS's size limits refuse.
 */
import type { Target } from '../elevation/target.ts'
import { keyArns, unique } from '../iam/arns.ts'
import { brokerPolicy, keyPolicy } from '../iam/broker-policies.ts'
import { collectorPolicy } from '../iam/collector-policy.ts'
import { checkName } from '../iam/names.ts'
import { type Partition, partitionOf } from '../iam/partition.ts'
import type { PolicyDocument } from '../iam/policy-document.ts'
import type { IamRefusal, IamResult } from '../iam/refusals.ts'
import { jitBoundary, jitRolePolicy, jitTrustPolicy } from '../iam/role-policies.ts'
import { none, within } from './limits.ts'
import { organisationPolicy } from './organisation-policy.ts'

export type BootstrapAsk = {
  readonly targets: readonly Target[]
  readonly brokerRoleArn: string
  /** administers the keys, and alone may change what the service control policy protects */
  readonly adminRoleArn: string
  /** roles that write the data */
  readonly producerRoleArns: readonly string[]
  /** the service or the role that the broker's role is for, such as `ecs-tasks.amazonaws.com` */
  readonly runsAs: string
  /** ARN of the key that locks people's keys; null = a file does */
  readonly personalKey: string | null
}

export type RolePlan = {
  readonly arn: string
  readonly description: string
  readonly trust: PolicyDocument
  /** inline policies by their names */
  readonly policies: Readonly<Record<string, PolicyDocument>>
  /** null = none */
  readonly boundary: PolicyDocument | null
  readonly maxSessionSeconds: number
}

export type KeyPlan = { readonly arn: string; readonly policy: PolicyDocument }

export type AccountPlan = {
  readonly account: string
  readonly partition: Partition
  readonly roles: readonly RolePlan[]
  readonly keys: readonly KeyPlan[]
  /** where its targets are, and so what happens to them is told; sorted */
  readonly regions: readonly string[]
}

export type Plan = {
  /** by account */
  readonly accounts: readonly AccountPlan[]
  /** for the organisation that the accounts are in */
  readonly organisation: PolicyDocument
}

/** All of it, or every reason why not. */
export const bootstrapPlan = (ask: BootstrapAsk): IamResult<Plan> => {
  const unsafe = unfit(ask)
  if (unsafe.length > 0) return { ok: false, refusals: unsafe }
  const { targets, brokerRoleArn } = ask
  const refusals: IamRefusal[] = []
  const take = <T>(made: IamResult<T>, fallback: T): T => {
    if (made.ok) return made.value
    refusals.push(...made.refusals)
    return fallback
  }
  const accounts = unique([accountOf(brokerRoleArn), ...targets.flatMap(accountsOf)]).toSorted()
  const plans = accounts.map((account): AccountPlan => {
    const here = targets.filter((target) => target.account === account)
    const keys = unique(targets.flatMap(keyArns)).filter((arn) => accountOf(arn) === account)
    const isBrokers = accountOf(brokerRoleArn) === account
    return {
      account,
      partition: partitionOf(brokerRoleArn) ?? 'aws',
      roles: [
        ...(isBrokers ? [take(brokerRole(ask), nobody(brokerRoleArn))] : []),
        ...unique(here.map(({ role }) => role)).map((role) =>
          take(jitRole(ask, role), nobody(role))
        )
      ],
      keys: keys.map((arn) => ({ arn, policy: take(policyOf(ask, arn), none) })),
      regions: unique([...here.map(({ region }) => region), ...keys.map(regionOf)]).toSorted()
    }
  })
  const organisation = take(organisationPolicy(ask), none)
  return refusals.length > 0
    ? { ok: false, refusals }
    : { ok: true, value: { accounts: plans, organisation } }
}

const nobody = (arn: string): RolePlan => ({
  arn,
  description: '',
  trust: none,
  policies: {},
  boundary: null,
  maxSessionSeconds: 3600
})

const brokerRole = (ask: BootstrapAsk): IamResult<RolePlan> => {
  const { targets, brokerRoleArn } = ask
  const broker = brokerPolicy(ask)
  if (!broker.ok) return broker
  const collector = collectorPolicy({ targets })
  if (!collector.ok) return collector
  return fitting({
    arn: brokerRoleArn,
    description: 'Sallyport: issues sessions, makes and ends grants, never reads data',
    trust: trustOf(ask.runsAs),
    policies: { Broker: broker.value, Collector: collector.value },
    boundary: null,
    maxSessionSeconds: 43_200
  })
}

const jitRole = ({ targets, brokerRoleArn }: BootstrapAsk, role: string): IamResult<RolePlan> => {
  const own = targets.filter((target) => target.role === role)
  const trust = jitTrustPolicy({ brokerRoleArn })
  if (!trust.ok) return trust
  const maximum = jitRolePolicy(own)
  if (!maximum.ok) return maximum
  const boundary = jitBoundary(own)
  if (!boundary.ok) return boundary
  return fitting({
    arn: role,
    description: `Sallyport: sessions for ${own.map(({ id }) => id).join(', ')}`.slice(0, 1000),
    trust: trust.value,
    policies: { JitMaximum: maximum.value },
    boundary: boundary.value,
    // the longest that a chained session may be, and that any window is vended for at once
    maxSessionSeconds: 3600
  })
}

const policyOf = (ask: BootstrapAsk, key: string): IamResult<PolicyDocument> => {
  const made = keyPolicy({ ...ask, key })
  return made.ok ? within(32_768, made.value, `the policy of ${key}`) : made
}

const trustOf = (runsAs: string): PolicyDocument => ({
  Version: '2012-10-17',
  Statement: [
    {
      Effect: 'Allow',
      Principal: runsAs.startsWith('arn:') ? { AWS: runsAs } : { Service: runsAs },
      Action: 'sts:AssumeRole'
    }
  ]
})

/**
 * IAM and STS quotas: 10,240 characters of inline policies a role, 6,144 a managed policy, 2,048 a
 * trust policy; white space does not count.
 */
const fitting = (role: RolePlan): IamResult<RolePlan> => {
  const { arn, policies, boundary, trust } = role
  const inline = Object.values(policies).flatMap(({ Statement }) => Statement)
  const checks = [
    within(10_240, { ...none, Statement: inline }, `the inline policies of ${arn}`),
    within(6144, boundary ?? none, `the boundary of ${arn}`),
    within(2048, trust, `the trust policy of ${arn}`)
  ]
  const refusals = checks.flatMap((one) => (one.ok ? [] : one.refusals))
  return refusals.length > 0 ? { ok: false, refusals } : { ok: true, value: role }
}

const serviceForm = /^[a-z0-9-]{1,64}(?:\.[a-z0-9-]{1,32})?\.amazonaws\.com(?:\.cn)?$/

const unfit = (ask: BootstrapAsk): readonly IamRefusal[] => {
  const { brokerRoleArn, adminRoleArn, producerRoleArns, runsAs, targets } = ask
  const isService = serviceForm.test(runsAs)
  const roles = [
    checkName('role', brokerRoleArn, 'broker role'),
    checkName('role', adminRoleArn, 'key admin'),
    ...producerRoleArns.map((arn) => checkName('role', arn, 'producer')),
    isService ? null : checkName('role', runsAs, 'runs as')
  ].filter((one) => one !== null)
  const partition = partitionOf(brokerRoleArn)
  const strays = targets.filter(({ role }) => partitionOf(role) !== partition)
  return [
    ...roles,
    ...strays.map(({ id, role }): IamRefusal => {
      const message = `the role of target ${id} is in another partition than the broker's`
      return { code: 'invalid_ask', where: `target ${id}`, value: role, message }
    })
  ]
}

const accountsOf = (target: Target): readonly string[] => [
  target.account,
  ...keyArns(target).map(accountOf)
]
const accountOf = (arn: string): string => arn.split(':')[4] ?? ''
const regionOf = (arn: string): string => arn.split(':')[3] ?? ''
