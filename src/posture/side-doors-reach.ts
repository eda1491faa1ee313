/**
 * Whom a caller can act as: roles that trust it, roles that run a workgroup for it, and, by
 * changing something first, roles and users whose trust, code or keys it may set. At most four
 * steps far.
 * Source: IAM User Guide, "Grant a user permissions to pass a role to an AWS service"; IAM API,
 * UpdateAssumeRolePolicy, PutRolePolicy, AttachRolePolicy, CreateAccessKey; Athena User Guide,
 * "Apache Spark".
 */
import { evaluate } from '../iam/evaluate.ts'
import type { Statement } from '../iam/policy-document.ts'
import { type Caller, ask, filled, mayTry, namedFor, withStatements } from './side-doors-caller.ts'
import { documentOf } from './side-doors-documents.ts'
import { type Way, allOf, bestOf, joined } from './side-doors-door.ts'
import type { Scene } from './side-doors-scene.ts'

export type Step = {
  readonly to: Caller
  readonly way: Way
  /** whether something has to be changed before */
  readonly changes: boolean
}

/** Somebody it can act as; itself first, with no hop. */
export type Reached = { readonly as: Caller; readonly way: Way; readonly changes: boolean }

const furthest = 4

/** Everybody it can act as, certain ways first; `changes: false` leaves out those that change. */
export const reachOf = (
  from: Caller,
  stepsOf: (caller: Caller) => readonly Step[],
  allowed: { readonly changes: boolean }
): readonly Reached[] => {
  const found = new Map<string, Reached>()
  const start: Reached = { as: from, way: joined([]), changes: false }
  for (const certainty of ['certain', 'possible'] as const) {
    let edge = certainty === 'certain' ? [start] : [...found.values()]
    for (let depth = 0; depth < furthest && edge.length > 0; depth++) {
      const next: Reached[] = []
      for (const at of edge) {
        if (!found.has(at.as.arn)) found.set(at.as.arn, at)
        for (const { to, way, changes } of stepsOf(at.as)) {
          if (found.has(to.arn) || (changes && !allowed.changes)) continue
          if (certainty === 'certain' && way.certainty !== 'certain') continue
          const reached = { as: to, way: joined([at.way, way]), changes: at.changes || changes }
          found.set(to.arn, reached)
          next.push(reached)
        }
      }
      edge = next
    }
  }
  return [...found.values()]
}

/** One step from a caller to each other one that it can act as. */
export const stepsFrom = (scene: Scene, from: Caller): readonly Step[] => [
  ...scene.callers.flatMap((to) => stepTo(scene, from, to)),
  ...scene.workgroups.flatMap(({ arn, executionRole, engine }) => {
    const to = executionRole === null ? undefined : scene.byArn.get(executionRole)
    const actions = engine === 'spark' ? sparkActions : ['athena:StartQueryExecution']
    if (to === undefined || !mayTry(from, actions[0] ?? '')) return []
    const way = allOf(actions.map((action) => () => ask(from, { action, resource: arn })))
    return way === null ? [] : [{ to, way, changes: false }]
  })
]

const sparkActions = ['athena:StartSession', 'athena:StartCalculationExecution']

const stepTo = (scene: Scene, from: Caller, to: Caller): readonly Step[] => {
  if (to.arn === from.arn || (to.kind !== 'role' && to.kind !== 'user')) return []
  const trust = scene.trusts.get(to.arn)
  if (trust === undefined) return becomesUser(from, to)
  const assumes = assumesRole(from, to, trust)
  if (assumes?.certainty === 'certain') return [{ to, way: assumes, changes: false }]
  const changed = from.account === to.account
    ? bestOf([() => retrusts(from, to), () => passes(from, to, trust)])
    : null
  return [
    ...(assumes === null ? [] : [{ to, way: assumes, changes: false }]),
    ...(changed === null ? [] : [{ to, way: changed, changes: true }])
  ]
}

const assumesRole = (from: Caller, to: Caller, policy: readonly Statement[]): Way | null =>
  ask(from, { action: 'sts:AssumeRole', resource: to.arn, policy, owner: to.account })

const retrusts = (from: Caller, to: Caller): Way | null => {
  if (!mayTry(from, 'iam:UpdateAssumeRolePolicy')) return null
  const trust: readonly Statement[] = [
    {
      Sid: 'trust as changed',
      Effect: 'Allow',
      Principal: { AWS: from.arn },
      Action: 'sts:AssumeRole'
    }
  ]
  return allOf([
    () => ask(from, { action: 'iam:UpdateAssumeRolePolicy', resource: to.arn }),
    () => ask(from, { action: 'sts:AssumeRole', resource: to.arn, policy: trust, supposed: true })
  ])
}

/** What starts code of the caller's own under a role, by the service that runs it. */
const runners: Readonly<Record<string, readonly string[]>> = {
  'lambda.amazonaws.com': ['lambda:CreateFunction', 'lambda:InvokeFunction'],
  'ec2.amazonaws.com': ['ec2:RunInstances'],
  'glue.amazonaws.com': ['glue:CreateJob', 'glue:StartJobRun'],
  'ecs-tasks.amazonaws.com': ['ecs:RegisterTaskDefinition', 'ecs:RunTask'],
  'sagemaker.amazonaws.com': ['sagemaker:CreateNotebookInstance'],
  'states.amazonaws.com': ['states:CreateStateMachine', 'states:StartExecution'],
  'codebuild.amazonaws.com': ['codebuild:CreateProject', 'codebuild:StartBuild'],
  'cloudformation.amazonaws.com': ['cloudformation:CreateStack']
}

const passes = (from: Caller, to: Caller, trust: readonly Statement[]): Way | null => {
  if (!mayTry(from, 'iam:PassRole')) return null
  return bestOf(
    Object.entries(runners).map(([service, actions]) => () => {
      if (!trustsService(to, trust, service)) return null
      const context = { 'iam:PassedToService': service }
      return allOf([
        () => ask(from, { action: 'iam:PassRole', resource: to.arn, context }),
        ...actions.map((action) => () => asksAnywhere(from, action))
      ])
    })
  )
}

const trusted = new WeakMap<readonly Statement[], Map<string, boolean>>()

/** A trust policy answers the same whoever would pass the role. */
const trustsService = (to: Caller, trust: readonly Statement[], service: string): boolean => {
  const kept = trusted.get(trust) ?? new Map<string, boolean>()
  trusted.set(trust, kept)
  const known = kept.get(service)
  if (known !== undefined) return known
  const request = {
    principal: { kind: 'service', service },
    action: 'sts:AssumeRole',
    resource: to.arn,
    context: {}
  } as const
  const { decision } = evaluate(request, { identity: [], resource: documentOf(trust) })
  kept.set(service, decision === 'allow')
  return decision === 'allow'
}

/** The action on whatever resource its own policies name. */
const asksAnywhere = (caller: Caller, action: string): Way | null =>
  bestOf(namedFor(caller, action).map((resource) => () => ask(caller, { action, resource })))

const logins = ['iam:CreateAccessKey', 'iam:UpdateLoginProfile', 'iam:CreateLoginProfile']

/** New keys or a new password for somebody else. */
const becomesUser = (from: Caller, to: Caller): readonly Step[] => {
  if (from.account !== to.account) return []
  const way = bestOf(
    logins.map((action) => () =>
      mayTry(from, action) ? ask(from, { action, resource: to.arn }) : null
    )
  )
  return way === null ? [] : [{ to, way, changes: true }]
}

export type Written = {
  readonly as: Caller
  readonly way: Way
  /** the same for the same caller and the same permissions, whoever writes them */
  readonly change: string
}

/**
 * The caller as it is after `by` has written its permissions: everything, less what a boundary and
 * the denies that stay take away. Null where `by` may not.
 */
export const writtenBy = (by: Caller, caller: Caller): Written | null => {
  if (by.account !== caller.account) return null
  if (caller.kind !== 'role' && caller.kind !== 'user') return null
  const what = caller.kind === 'role' ? 'Role' : 'User'
  const can = (action: string): Way | null =>
    mayTry(by, action) ? ask(by, { action, resource: filled(caller.arn) }) : null
  const put = can(`iam:Put${what}Policy`)
  const attach = put?.certainty === 'certain' ? null : can(`iam:Attach${what}Policy`)
  const way = bestOf([() => put, () => attach])
  if (way === null) return null
  const unbound = caller.boundary === null ? null : can(`iam:Delete${what}PermissionsBoundary`)
  const { inline, attached } = caller.statements
  const kept = [...(way === put ? [] : inline), ...attached].filter((one) => one.Effect === 'Deny')
  return {
    as: withStatements(caller, {
      statements: { inline: [all], attached: kept },
      ...(unbound === null ? {} : { boundary: null })
    }),
    way: unbound === null ? way : joined([way, unbound]),
    change: `${way === put ? 'put' : 'attached'} ${unbound === null ? 'bound' : 'unbound'}`
  }
}

const all: Statement = { Sid: 'policy as changed', Effect: 'Allow', Action: '*', Resource: '*' }
