/**
 * The one question every operation asks: may this caller do this to that? Builds the condition
 * context of the call and hands all policies that bear on it to the evaluator; anything but "allow"
 * is refused in AWS's words. Source: IAM User Guide, "Policy evaluation logic", "Global condition
 * context keys", "Troubleshoot access denied error messages".
 */
import { evaluate } from '../iam/evaluate.ts'
import type { GrantFact, OneOrMany, PolicyDocument, Verdict } from '../iam/policy-document.ts'
import type { Call, Caller } from './call.ts'
import { AwsFault } from './fault.ts'
import type { StoredPolicy, World } from './world.ts'

export type Context = Readonly<Record<string, OneOrMany<string>>>

export type AuthorizeOptions = {
  /** the service's own condition keys, e.g. `kms:EncryptionContext:KEY`, `s3:prefix` */
  readonly context?: Context
  /** key policy, bucket policy or trust policy */
  readonly resourcePolicy?: PolicyDocument
  readonly resourceAccount?: string
  /** the grants on the key that may bear on the call */
  readonly grants?: readonly GrantFact[]
}

/**
 * Returns when allowed; throws AwsFault `AccessDenied` otherwise. `action` is `service:Action` and
 * need not be the call's own (AssumeRole with tags also asks `sts:TagSession`).
 */
export const authorize = (
  world: World,
  call: Call,
  ask: { readonly action: string; readonly resource: string } & AuthorizeOptions
): void => {
  const verdict = judge(world, call, ask)
  if (verdict.decision === 'allow') return
  throw new AwsFault('AccessDenied', 403, deniedMessage(call.caller, ask, verdict))
}

/** The verdict alone, for a caller that answers it in another way. */
export const judge = (
  world: World,
  call: Call,
  ask: { readonly action: string; readonly resource: string } & AuthorizeOptions
): Verdict => {
  const { caller } = call
  const identity = identityPolicies(world, caller)
  const boundary = caller.role?.boundary ?? caller.user?.boundary
  return evaluate(
    {
      principal: caller.principal,
      action: ask.action,
      resource: ask.resource,
      context: { ...globalContext(call), ...ask.context }
    },
    {
      identity: identity.map((policy) => policy.document),
      ...(caller.session?.policy === undefined ? {} : { session: caller.session.policy.document }),
      ...(boundary === undefined ? {} : { boundary: boundary.policy.document }),
      ...(ask.resourcePolicy === undefined ? {} : { resource: ask.resourcePolicy }),
      resourceAccount: ask.resourceAccount ?? world.account,
      ...(ask.grants === undefined ? {} : { grants: ask.grants })
    }
  )
}

/** Inline and attached ones, and those of a user's groups. */
const identityPolicies = (world: World, caller: Caller): readonly StoredPolicy[] => {
  const groups = (caller.user?.groups ?? []).flatMap((name) => world.groups.get(name) ?? [])
  const holders = [caller.role, caller.user, ...groups].filter((one) => one !== undefined)
  return holders.flatMap(({ policies, attached = [] }) => [
    ...policies.values(),
    ...attached.flatMap((arn) => world.managedPolicies.get(arn)?.policy ?? [])
  ])
}

const globalContext = (call: Call): Context => {
  const { caller, chain, now } = call
  const direct = call.viaService === null
  const first = chain[0]
  const last = chain.at(-1)
  return {
    'aws:CurrentTime': now.toISOString().replace(/\.\d+Z$/, 'Z'),
    'aws:EpochTime': String(Math.floor(now.getTime() / 1000)),
    'aws:userid': caller.userId,
    'aws:PrincipalArn': caller.role?.arn ?? caller.arn,
    'aws:PrincipalAccount': caller.account,
    'aws:PrincipalType': caller.user === undefined ? 'AssumedRole' : 'User',
    'aws:RequestedRegion': call.region,
    'aws:SecureTransport': String(call.secureTransport),
    'aws:ViaAWSService': String(!direct),
    ...(direct ? { 'aws:SourceIp': call.sourceIp } : {}),
    ...(call.userAgent === '' ? {} : { 'aws:UserAgent': call.userAgent }),
    ...(caller.user === undefined ? {} : { 'aws:username': caller.user.name }),
    ...sessionContext(caller),
    ...(first === undefined || last === undefined
      ? {}
      : { 'aws:CalledVia': chain, 'aws:CalledViaFirst': first, 'aws:CalledViaLast': last }),
    ...(call.service === 'kms' ? kmsContext(call) : {})
  }
}

const sessionContext = ({ session }: Caller): Context => {
  if (session === undefined) return {}
  return {
    'aws:TokenIssueTime': session.issuedAt.toISOString().replace(/\.\d+Z$/, 'Z'),
    'aws:MultiFactorAuthPresent': 'false',
    ...(session.sourceIdentity === undefined
      ? {}
      : { 'aws:SourceIdentity': session.sourceIdentity }),
    ...Object.fromEntries(
      Object.entries(session.tags).map(([key, value]) => [`aws:PrincipalTag/${key}`, value])
    )
  }
}

const kmsContext = (call: Call): Context => ({
  'kms:CallerAccount': call.caller.account,
  ...(call.viaService === null ? {} : { 'kms:ViaService': call.viaService })
})

const deniedMessage = (
  caller: Caller,
  ask: { readonly action: string; readonly resource: string },
  verdict: Verdict
): string => {
  const who = `User: ${caller.arn} is not authorized to perform: ${ask.action}`
  const on = ask.resource === '*' ? who : `${who} on resource: ${ask.resource}`
  const layer = layerOf(verdict.by)
  return verdict.decision === 'explicit-deny'
    ? `${on} with an explicit deny in ${article(layer)} ${layer}`
    : `${on} because no ${layer} allows the ${ask.action} action`
}

type Layer =
  'identity-based policy' | 'session policy' | 'permissions boundary' | 'resource-based policy'

const layerOf = (by: string): Layer => {
  const decided = by.replace(/^missing: /, '')
  if (decided.startsWith('session')) return 'session policy'
  if (decided.startsWith('boundary')) return 'permissions boundary'
  if (decided.startsWith('resource')) return 'resource-based policy'
  return 'identity-based policy'
}

const article = (layer: Layer): string => (layer === 'identity-based policy' ? 'an' : 'a')
