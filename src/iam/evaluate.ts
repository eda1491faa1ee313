/**
 * The decision on one call: identity policies, session policy, permissions boundary, resource
 * policy and KMS grants. An explicit Deny anywhere wins; what is not understood never allows and,
 * in a Deny, denies. Not looked at: service and resource control policies, endpoint policies; the
 * account root user needs an allow-all identity policy to be passed.
 * Source: IAM User Guide, "Policy evaluation logic"; KMS Developer Guide, "Policy evaluation".
 */
import { readContext } from './conditions.ts'
import { readGrant } from './grants.ts'
import type { AccessRequest, PolicyDocument, PolicySet, Verdict } from './policy-document.ts'
import type { Level } from './principals.ts'
import { readPolicy, type Call, type PolicyKind, type Reading } from './statements.ts'

/** Everything the policies say about the call, before they are put together. */
type Findings = {
  readonly identity: string | null
  /** the allowing statement, null where it does not allow, true where no such policy is set */
  readonly session: string | null | true
  readonly boundary: string | null | true
  readonly resource: Readonly<Partial<Record<Level, string>>>
  readonly grant: Readonly<Partial<Record<Level, string>>>
}

const keylessActions: ReadonlySet<string> = new Set([
  'kms:createkey',
  'kms:generaterandom',
  'kms:listaliases',
  'kms:listkeys',
  'kms:listretirablegrants'
])

/**
 * Decides one call. For `sts:AssumeRole`, `sts:TagSession` and `sts:SetSourceIdentity` the resource
 * is the role and `resource` its trust policy (trust.ts asks all that one AssumeRole needs).
 * `grantsLimitedBySession` absent means limited, the stricter reading.
 */
export const evaluate = (request: AccessRequest, policies: PolicySet): Verdict => {
  if (!/^[a-z0-9-]+:[A-Za-z0-9]+$/i.test(request.action)) {
    return { decision: 'implicit-deny', by: 'request', unknown: [`action ${request.action}`] }
  }
  const call: Call = { request, context: readContext(request.context) }
  const read = (kind: PolicyKind, document: PolicyDocument, name: string): Reading =>
    readPolicy(document, { name, kind }, call)
  const identities = policies.identity.map((one, at) => read('identity', one, `identity[${at}]`))
  const session = policies.session && read('session', policies.session, 'session')
  const boundary = policies.boundary && read('boundary', policies.boundary, 'boundary')
  const resource = policies.resource && read('resource', policies.resource, 'resource')
  const grants = readGrants(call, policies)

  const readings = [...identities, session, boundary, resource].filter((one) => one !== undefined)
  const unknown = [...readings.flatMap((reading) => reading.unknown), ...grants.unknown]
  const deny = readings.find((reading) => reading.deny !== null)?.deny
  if (deny !== undefined && deny !== null) return { decision: 'explicit-deny', by: deny, unknown }

  const findings: Findings = {
    identity: identities.find((reading) => reading.allow !== null)?.allow ?? null,
    session: session === undefined ? true : session.allow,
    boundary: boundary === undefined ? true : boundary.allow,
    resource: resource?.allowAt ?? {},
    grant: grants.byLevel
  }
  return { ...combine(request, policies, findings), unknown }
}

type Outcome = Pick<Verdict, 'decision' | 'by'>

const allow = (by: string): Outcome => ({ decision: 'allow', by })
const missing = (what: string): Outcome => ({ decision: 'implicit-deny', by: `missing: ${what}` })

const combine = (request: AccessRequest, policies: PolicySet, found: Findings): Outcome => {
  if (request.principal.kind === 'service') {
    return found.resource.direct ? allow(found.resource.direct) : missing('resource policy')
  }
  const { account } = request.principal
  const other = policies.resourceAccount !== undefined && policies.resourceAccount !== account
  return other ? acrossAccounts(found) : withinAccount(request, policies, found)
}

/** Both accounts must allow: the caller's by its policies, the owner's by policy or grant. */
const acrossAccounts = (found: Findings): Outcome => {
  const { resource, grant } = found
  const owner = resource.direct ?? resource.role ?? resource.account
  const granted = grant.direct ?? grant.role ?? grant.account
  if (owner === undefined && granted === undefined) return missing('resource policy or grant')
  const caller = callerSide(found)
  return caller.decision === 'allow' ? allow(owner ?? granted ?? caller.by) : caller
}

const withinAccount = (
  request: AccessRequest,
  policies: PolicySet,
  found: Findings
): Outcome => {
  const { resource, grant } = found
  if (resource.direct) return allow(resource.direct)
  const limit = limitOf(found)
  const limited = policies.grantsLimitedBySession ?? true
  if (grant.direct && (limit === null || !limited)) return allow(grant.direct)
  const viaRole = resource.role ?? grant.role
  if (viaRole && limit === null) return allow(viaRole)
  if (!needsResourcePolicy(request)) return callerSide(found)
  if (resource.account || grant.account) return callerSide(found)
  return viaRole || grant.direct ? missing(limit ?? 'session') : missing('resource policy or grant')
}

/** Identity policy, session policy and boundary, all three. */
const callerSide = (found: Findings): Outcome => {
  const limit = limitOf(found)
  if (found.identity === null) return missing('identity')
  return limit === null ? allow(found.identity) : missing(limit)
}

/** The layer whose implicit deny limits the call; null where none does. */
const limitOf = (found: Findings): 'session' | 'boundary' | null => {
  if (found.session === null) return 'session'
  return found.boundary === null ? 'boundary' : null
}

/** A KMS key and a role are closed unless their own policy (or a grant) opens them. */
const needsResourcePolicy = ({ action, resource }: AccessRequest): boolean => {
  const lower = action.toLowerCase()
  if (lower.startsWith('kms:')) return resource !== '*' || !keylessActions.has(lower)
  return lower.startsWith('sts:') && /^arn:[a-z-]+:iam::[0-9]{12}:role\//.test(resource)
}

const readGrants = (
  call: Call,
  policies: PolicySet
): { readonly byLevel: Partial<Record<Level, string>>; readonly unknown: readonly string[] } => {
  const byLevel: Partial<Record<Level, string>> = {}
  const unknown: string[] = []
  for (const grant of policies.grants ?? []) {
    const reading = readGrant(grant, call.request, call.context)
    unknown.push(...reading.unknown)
    if (reading.level !== null) byLevel[reading.level] ??= `grant ${grant.grantId}`
  }
  return { byLevel, unknown }
}
