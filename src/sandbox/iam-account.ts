/**
 * IAM as a whole: GetAccountAuthorizationDetails, with groups and managed policies beside users and
 * roles, and ListRoles. Lists go by name within users, groups, roles and policies, at most 1,000 a
 * page. Filters are refused: not honoured they would answer more than was asked for. Source: AWS
 * IAM API Reference.
 */
import { Type } from 'typebox'
import { authorize } from './authorize.ts'
import { AwsFault } from './fault.ts'
import { encodePolicy, roleAnswer } from './iam-answers.ts'
import { pageOf } from './pages.ts'
import { parseInput } from './parse-input.ts'
import type { JsonObject, Operation } from './service.ts'
import type { Group, ManagedPolicy, Role, StoredPolicy, User, World } from './world.ts'

export const getAccountAuthorizationDetails: Operation = {
  readOnly: true,
  run: (world, call, input) => {
    const asked = parseInput(DetailsInput, input)
    authorize(world, call, { action: 'iam:GetAccountAuthorizationDetails', resource: '*' })
    const { items, ...rest } = paged(details(world), asked)
    const of = (list: Detail['list']): readonly JsonObject[] =>
      items.filter((item) => item.list === list).map((item) => item.answer)
    return {
      UserDetailList: of('users'),
      GroupDetailList: of('groups'),
      RoleDetailList: of('roles'),
      Policies: of('policies'),
      ...rest
    }
  }
}

export const listRoles: Operation = {
  readOnly: true,
  run: (world, call, input) => {
    const asked = parseInput(RolesInput, input)
    authorize(world, call, { action: 'iam:ListRoles', resource: '*' })
    const roles = [...world.roles.values()].map((role) => ({ name: role.name, role }))
    const { items, ...rest } = paged(roles, asked)
    return { Roles: items.map(({ role }) => listedRole(role)), ...rest }
  }
}

const Paging = {
  MaxItems: Type.Optional(Type.String({ pattern: '^([1-9]\\d{0,2}|1000)$' })),
  Marker: Type.Optional(Type.String({ minLength: 1, maxLength: 2048 }))
}
const DetailsInput = Type.Object({ ...Paging, Filter: Type.Optional(Type.Never()) })
const RolesInput = Type.Object({ ...Paging, PathPrefix: Type.Optional(Type.Never()) })

type Asked = { readonly MaxItems?: string; readonly Marker?: string }

function paged<T extends { readonly name: string }>(all: readonly T[], asked: Asked) {
  const size = Number(asked.MaxItems ?? 100)
  const page = pageOf(all, { name: ({ name }) => name, size, marker: asked.Marker })
  if (page === null) throw new AwsFault('ValidationError', 400, 'Invalid Marker.')
  const { items, next } = page
  const more = next === undefined ? {} : { Marker: next }
  return { items, IsTruncated: next !== undefined, ...more }
}

type Detail = {
  /** its place in the whole list */
  readonly name: string
  readonly list: 'users' | 'groups' | 'roles' | 'policies'
  readonly answer: JsonObject
}

function details(world: World): readonly Detail[] {
  const named = (list: Detail['list'], place: number) => (name: string, answer: JsonObject) => ({
    name: `${place} ${name}`,
    list,
    answer
  })
  const user = named('users', 1)
  const group = named('groups', 2)
  const role = named('roles', 3)
  const policy = named('policies', 4)
  return [
    ...[...world.users.values()].map((one) => user(one.name, userDetail(world, one))),
    ...[...world.groups.values()].map((one) => group(one.name, groupDetail(world, one))),
    ...[...world.roles.values()].map((one) => role(one.name, roleDetail(world, one))),
    ...[...world.managedPolicies.values()].map((one) => policy(one.arn, policyDetail(one)))
  ]
}

function userDetail(world: World, user: User): JsonObject {
  return {
    Path: '/',
    UserName: user.name,
    UserId: user.userId,
    Arn: user.arn,
    UserPolicyList: inline(user.policies),
    GroupList: user.groups ?? [],
    AttachedManagedPolicies: attached(world, user.attached),
    ...boundary(user),
    Tags: tags(user.tags)
  }
}

function groupDetail(world: World, group: Group): JsonObject {
  return {
    Path: '/',
    GroupName: group.name,
    GroupId: group.groupId,
    Arn: group.arn,
    GroupPolicyList: inline(group.policies),
    AttachedManagedPolicies: attached(world, group.attached)
  }
}

function roleDetail(world: World, role: Role): JsonObject {
  return {
    Path: role.path,
    RoleName: role.name,
    RoleId: role.roleId,
    Arn: role.arn,
    CreateDate: role.createdAt,
    AssumeRolePolicyDocument: encodePolicy(role.trust.text),
    RolePolicyList: inline(role.policies),
    AttachedManagedPolicies: attached(world, role.attached),
    ...boundary(role),
    Tags: tags(role.tags),
    RoleLastUsed:
      role.lastUsedAt === undefined ? {} : { LastUsedDate: role.lastUsedAt, Region: world.region }
  }
}

function policyDetail(policy: ManagedPolicy): JsonObject {
  return {
    PolicyName: policy.name,
    PolicyId: policy.policyId,
    Arn: policy.arn,
    Path: '/',
    DefaultVersionId: 'v1',
    IsAttachable: true,
    CreateDate: policy.createdAt,
    PolicyVersionList: [
      {
        Document: encodePolicy(policy.policy.text),
        VersionId: 'v1',
        IsDefaultVersion: true,
        CreateDate: policy.createdAt
      }
    ]
  }
}

/** ListRoles leaves out tags, boundary and last use, as AWS does. */
function listedRole(role: Role): JsonObject {
  const { PermissionsBoundary: _, ...listed } = roleAnswer(role)
  return listed
}

function inline(policies: ReadonlyMap<string, StoredPolicy>): readonly JsonObject[] {
  return [...policies].map(([PolicyName, { text }]) => ({
    PolicyName,
    PolicyDocument: encodePolicy(text)
  }))
}

function attached(world: World, arns: readonly string[] = []): readonly JsonObject[] {
  return arns.map((PolicyArn) => ({
    PolicyName: world.managedPolicies.get(PolicyArn)?.name ?? PolicyArn.split('/').at(-1),
    PolicyArn
  }))
}

function boundary({ boundary: one }: Pick<Role, 'boundary'>): JsonObject {
  if (one === undefined) return {}
  return {
    PermissionsBoundary: { PermissionsBoundaryType: 'Policy', PermissionsBoundaryArn: one.arn }
  }
}

function tags(of: Readonly<Record<string, string>> = {}): readonly JsonObject[] {
  return Object.entries(of).map(([Key, Value]) => ({ Key, Value }))
}
