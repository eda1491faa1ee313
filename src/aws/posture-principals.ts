/**
 * Users and roles with every policy that speaks for them, resolved to its text. Policy documents
 * come percent-encoded. IAM API Reference: GetAccountAuthorizationDetails, and ListRoles for the
 * one thing the former leaves out, how long a session of a role may last.
 */
import {
  type AttachedPolicy,
  GetAccountAuthorizationDetailsCommand,
  type GetAccountAuthorizationDetailsResponse,
  type GroupDetail,
  type IAMClient,
  ListRolesCommand,
  type ManagedPolicyDetail,
  type PolicyDetail,
  type RoleDetail,
  type UserDetail
} from '@aws-sdk/client-iam'
import type { PolicyFacts, PrincipalFacts } from '../posture/facts.ts'
import { instantOf, listAll, tagsOf } from './posture-pages.ts'
import type { Scan } from './posture-scan.ts'

const call = 'iam:GetAccountAuthorizationDetails'

/** Every user and role of the account. */
export const principalsOf = async (
  scan: Scan,
  client: IAMClient
): Promise<readonly PrincipalFacts[]> => {
  const { items: pages } = await listAll(scan, {
    call,
    resource: null,
    send: (Marker, options) => {
      const page = { Marker, MaxItems: scan.page(1000) }
      return client.send(new GetAccountAuthorizationDetailsCommand(page), options)
    },
    items: (page): readonly GetAccountAuthorizationDetailsResponse[] => [page],
    next: (page) => (page.IsTruncated ? page.Marker : undefined)
  })
  const roles = pages.flatMap((page) => page.RoleDetailList ?? [])
  const users = pages.flatMap((page) => page.UserDetailList ?? [])
  const lengths = roles.length === 0 ? new Map() : await sessionLengths(scan, client)
  scan.expect('iam', roles.length + users.length)
  const known: Known = {
    scan,
    texts: textsOf(pages.flatMap((page) => page.Policies ?? [])),
    groups: new Map(
      pages.flatMap((page) => page.GroupDetailList ?? []).map((group) => [group.GroupName, group])
    )
  }
  return [
    ...roles.flatMap((role) => roleFacts(known, role, lengths.get(role.Arn) ?? null)),
    ...users.flatMap((user) => userFacts(known, user))
  ]
}

type Known = {
  readonly scan: Scan
  /** managed policy ARN → text of its default version */
  readonly texts: ReadonlyMap<string, string>
  readonly groups: ReadonlyMap<string | undefined, GroupDetail>
}

const roleFacts = (
  known: Known,
  role: RoleDetail,
  maxSessionSeconds: number | null
): readonly PrincipalFacts[] => {
  const { Arn: arn, RoleId: id } = role
  if (arn === undefined || id === undefined) return []
  known.scan.did('iam')
  return [
    {
      arn,
      kind: 'role',
      id,
      policies: policiesOf(known, {
        inline: role.RolePolicyList,
        attached: role.AttachedManagedPolicies,
        from: 'attached'
      }),
      boundary: boundaryOf(known, role.PermissionsBoundary?.PermissionsBoundaryArn),
      trust: decoded(role.AssumeRolePolicyDocument ?? ''),
      maxSessionSeconds,
      lastUsedAt: instantOf(role.RoleLastUsed?.LastUsedDate),
      tags: tagsOf(role.Tags)
    }
  ]
}

const userFacts = (known: Known, user: UserDetail): readonly PrincipalFacts[] => {
  const { Arn: arn, UserId: id } = user
  if (arn === undefined || id === undefined) return []
  known.scan.did('iam')
  const own = { inline: user.UserPolicyList, attached: user.AttachedManagedPolicies }
  return [
    {
      arn,
      kind: 'user',
      id,
      policies: [
        ...policiesOf(known, { ...own, from: 'attached' }),
        ...(user.GroupList ?? []).flatMap((name) => groupPolicies(known, name))
      ],
      boundary: boundaryOf(known, user.PermissionsBoundary?.PermissionsBoundaryArn),
      trust: null,
      maxSessionSeconds: null,
      lastUsedAt: null,
      tags: tagsOf(user.Tags)
    }
  ]
}

const groupPolicies = (known: Known, name: string): readonly PolicyFacts[] => {
  const group = known.groups.get(name)
  if (group === undefined) {
    missing(known, `group/${name}`)
    return []
  }
  const own = { inline: group.GroupPolicyList, attached: group.AttachedManagedPolicies }
  return policiesOf(known, { ...own, from: 'group' })
}

type Held = {
  readonly inline: readonly PolicyDetail[] | undefined
  readonly attached: readonly AttachedPolicy[] | undefined
  readonly from: 'attached' | 'group'
}

const policiesOf = (known: Known, { inline, attached, from }: Held): readonly PolicyFacts[] => [
  ...(inline ?? []).map(({ PolicyName: name = '', PolicyDocument: text = '' }) => ({
    name,
    from: from === 'group' ? ('group' as const) : ('inline' as const),
    text: decoded(text)
  })),
  ...(attached ?? []).flatMap(({ PolicyName, PolicyArn }) => {
    const text = textOf(known, PolicyArn)
    return text === null ? [] : [{ name: PolicyName ?? PolicyArn ?? '', from, text }]
  })
]

/** A boundary whose text did not come limits nothing as far as is known; the gap says so. */
const boundaryOf = (known: Known, arn: string | undefined): string | null =>
  arn === undefined ? null : (textOf(known, arn) ?? limitsNothing)

const limitsNothing = JSON.stringify({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }]
})

const textOf = (known: Known, arn: string | undefined): string | null => {
  const text = arn === undefined ? undefined : known.texts.get(arn)
  if (text !== undefined) return text
  missing(known, arn ?? null)
  return null
}

/** The answer names something that it does not hold; a page that is lost takes it along. */
const missing = ({ scan }: Known, resource: string | null): void => {
  if (scan.gaps.some((gap) => gap.call === call && gap.resource === resource)) return
  const message = 'The answer names it and does not describe it.'
  scan.gaps.push({ call, resource, code: 'IncompleteAnswer', message })
}

const textsOf = (policies: readonly ManagedPolicyDetail[]): ReadonlyMap<string, string> => {
  const texts = new Map<string, string>()
  for (const { Arn, DefaultVersionId, PolicyVersionList } of policies) {
    const version =
      PolicyVersionList?.find((one) => one.VersionId === DefaultVersionId) ??
      PolicyVersionList?.find((one) => one.IsDefaultVersion)
    const document = version?.Document
    if (Arn !== undefined && document !== undefined) texts.set(Arn, decoded(document))
  }
  return texts
}

/** Role ARN → `MaxSessionDuration`. */
const sessionLengths = async (
  scan: Scan,
  client: IAMClient
): Promise<ReadonlyMap<string | undefined, number>> => {
  const { items } = await listAll(scan, {
    call: 'iam:ListRoles',
    resource: null,
    send: (Marker, options) =>
      client.send(new ListRolesCommand({ Marker, MaxItems: scan.page(1000) }), options),
    items: (page) => page.Roles,
    next: (page) => (page.IsTruncated ? page.Marker : undefined)
  })
  return new Map(
    items.flatMap(({ Arn, MaxSessionDuration: seconds }) =>
      seconds === undefined ? [] : [[Arn, seconds] as const]
    )
  )
}

/** RFC 3986 percent-encoding; what is not encoded so is left as it is. */
const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
