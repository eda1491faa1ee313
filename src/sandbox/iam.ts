/**
 * IAM: reading roles and their inline policies, and putting and deleting inline policies; for the
 * account as a whole see iam-account.ts. Put replaces the whole document and counts at once (AWS:
 * within seconds to minutes). The sum of a role's inline policies may not exceed 10,240 characters
 * without white space. Source: AWS IAM API Reference; IAM User Guide, "IAM and AWS STS quotas".
 */
import { Type } from 'typebox'
import { authorize } from './authorize.ts'
import type { Call } from './call.ts'
import type { Trail } from './events.ts'
import { AwsFault } from './fault.ts'
import { getAccountAuthorizationDetails, listRoles } from './iam-account.ts'
import { encodePolicy, roleAnswer } from './iam-answers.ts'
import { parseInput } from './parse-input.ts'
import { parsePolicyText } from './policy-text.ts'
import type { JsonObject, Operation, QueryService } from './service.ts'
import { shown } from './trail-members.ts'
import type { Role, World } from './world.ts'

const INLINE_LIMIT = 10_240

const getRole: Operation = {
  readOnly: true,
  run: (world, call, input) => {
    const { RoleName } = parseInput(RoleInput, input)
    return { Role: roleAnswer(allowedRole(world, call, RoleName)) }
  },
  trail: (_world, input) => trailOf(input)
}

const getRolePolicy: Operation = {
  readOnly: true,
  run: (world, call, input) => {
    const { RoleName, PolicyName } = parseInput(PolicyInput, input)
    const role = allowedRole(world, call, RoleName)
    const policy = role.policies.get(PolicyName)
    if (policy === undefined) throw noPolicy(PolicyName)
    return { RoleName, PolicyName, PolicyDocument: encodePolicy(policy.text) }
  },
  trail: (_world, input) => trailOf(input)
}

const listRolePolicies: Operation = {
  readOnly: true,
  run: (world, call, input) => {
    const { RoleName } = parseInput(RoleInput, input)
    const role = allowedRole(world, call, RoleName)
    return { PolicyNames: [...role.policies.keys()].toSorted(), IsTruncated: false }
  },
  trail: (_world, input) => trailOf(input)
}

const listAttachedRolePolicies: Operation = {
  readOnly: true,
  run: (world, call, input) => {
    const { RoleName } = parseInput(RoleInput, input)
    const { attached = [] } = allowedRole(world, call, RoleName)
    const answers = attached.map((PolicyArn) => ({
      PolicyName: world.managedPolicies.get(PolicyArn)?.name ?? '',
      PolicyArn
    }))
    return { AttachedPolicies: answers, IsTruncated: false }
  },
  trail: (_world, input) => trailOf(input)
}

const putRolePolicy: Operation = {
  readOnly: false,
  run: (world, call, input) => {
    const { RoleName, PolicyName, PolicyDocument } = parseInput(PutPolicyInput, input)
    const role = allowedRole(world, call, RoleName)
    const policy = parsePolicyText(PolicyDocument)
    const others = [...role.policies].filter(([name]) => name !== PolicyName)
    const texts = [...others.map(([, other]) => other.text), policy.text]
    const characters = texts.join('').replace(/\s/g, '').length
    if (characters > INLINE_LIMIT) {
      const message = `Maximum policy size of ${INLINE_LIMIT} bytes exceeded for role ${RoleName}`
      throw new AwsFault('LimitExceeded', 409, message)
    }
    world.faults.settle('policies', () => role.policies.set(PolicyName, policy))
    return {}
  },
  trail: (_world, input) => trailOf(input)
}

const deleteRolePolicy: Operation = {
  readOnly: false,
  run: (world, call, input) => {
    const { RoleName, PolicyName } = parseInput(PolicyInput, input)
    const role = allowedRole(world, call, RoleName)
    if (!role.policies.has(PolicyName)) throw noPolicy(PolicyName)
    world.faults.settle('policies', () => role.policies.delete(PolicyName))
    return {}
  },
  trail: (_world, input) => trailOf(input)
}

/** Authorised as AWS does, so that a policy can be tried, but done for nobody. */
const notDone: Operation = {
  readOnly: false,
  run: (world, call, input) => {
    allowedRole(world, call, parseInput(RoleInput, input).RoleName)
    throw new AwsFault('InvalidAction', 400, `The sandbox does not speak iam:${call.action}.`)
  },
  trail: (_world, input) => trailOf(input)
}

export const iamService: QueryService = {
  protocol: 'query',
  name: 'iam',
  version: '2010-05-08',
  namespace: 'https://iam.amazonaws.com/doc/2010-05-08/',
  operations: {
    GetRole: getRole,
    GetRolePolicy: getRolePolicy,
    ListRolePolicies: listRolePolicies,
    ListAttachedRolePolicies: listAttachedRolePolicies,
    PutRolePolicy: putRolePolicy,
    DeleteRolePolicy: deleteRolePolicy,
    DeleteRolePermissionsBoundary: notDone,
    GetAccountAuthorizationDetails: getAccountAuthorizationDetails,
    ListRoles: listRoles,
    UpdateAssumeRolePolicy: notDone
  }
}

const Name = (maxLength: number) =>
  Type.String({ minLength: 1, maxLength, pattern: '^[\\w+=,.@-]+$' })

const RoleInput = Type.Object({ RoleName: Name(64) })

const PolicyInput = Type.Object({ RoleName: Name(64), PolicyName: Name(128) })

const PutPolicyInput = Type.Object({
  RoleName: Name(64),
  PolicyName: Name(128),
  PolicyDocument: Type.String({ minLength: 1, maxLength: 131_072 })
})

// Asked before it is looked up: who may not ask learns nothing about which roles exist.
function allowedRole(world: World, call: Call, name: string): Role {
  const role = world.roles.get(name)
  const arn = role?.arn ?? `arn:${world.partition}:iam::${world.account}:role/${name}`
  authorize(world, call, { action: `iam:${call.action}`, resource: arn })
  if (role === undefined) {
    throw new AwsFault('NoSuchEntity', 404, `The role with name ${name} cannot be found.`)
  }
  return role
}

function noPolicy(name: string): AwsFault {
  return new AwsFault('NoSuchEntity', 404, `The role policy with name ${name} cannot be found.`)
}

function trailOf(input: JsonObject): Trail {
  return { requestParameters: shown(input, ['RoleName', 'PolicyName']) }
}
