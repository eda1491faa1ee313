/**
 * Principals of a snapshot as callers, with the trust of the roles. A gap at a principal, or at the
 * listing of an account, leaves its permissions undecided.
 * Source: IAM User Guide, "AWS global condition context keys"; STS API, AssumeRole.
 */
import { actionMatches } from '../iam/match.ts'
import type { Principal, Statement } from '../iam/policy-document.ts'
import type { Facts, PrincipalFacts } from './facts.ts'
import { type Caller, type Context, type Readable, dateOf } from './side-doors-caller.ts'
import {
  type Ids,
  listOf,
  sessionArn,
  statementsOf,
  undecided,
  withoutChosen
} from './side-doors-documents.ts'

/** A session name that no elevation has. */
const anyName = 'side-door'

export const callersOf = (
  facts: Facts,
  ids: Ids
): { readonly callers: readonly Caller[]; readonly trusts: ReadonlyMap<string, Readable> } => {
  const trusts = new Map(
    facts.principals.flatMap((one): [string, Readable][] =>
      one.trust === null ? [] : [[one.arn, trustOf(one.trust, ids)]]
    )
  )
  const callers = facts.principals.map((one) => callerOf(one, { facts, ids, trusts }))
  const unlisted = facts.gaps.filter((gap) => gap.call.startsWith('iam:') && gap.resource === null)
  if (unlisted.length === 0) return { callers, trusts }
  const why = `${unlisted[0]?.call} answered ${unlisted[0]?.code}`
  const rest = facts.accounts.map((account) => unseen(account, why, facts.at))
  return { callers: [...callers, ...rest], trusts }
}

/** Sessions of roles that a policy or grant names one by one, by role. */
export const sessionsOf = (
  callers: readonly Caller[],
  names: ReadonlySet<string>
): ReadonlyMap<string, readonly Caller[]> => {
  const sessions = new Map<string, Caller[]>()
  for (const name of names) {
    const match = /^arn:[a-z-]+:sts::([0-9]{12}):assumed-role\/([^/]+)\/([^*?$]+)$/.exec(name)
    const role = callers.find(
      (one) => one.kind === 'role' && sessionArn(one.arn, match?.[3] ?? '') === name
    )
    if (role === undefined || match === null) continue
    sessions.set(role.arn, [...(sessions.get(role.arn) ?? []), named(role, match[3] ?? '')])
  }
  return sessions
}

const named = (role: Caller, session: string): Caller => {
  const userid = String(role.context['aws:userid']).replace(/:.*$/, `:${session}`)
  const arn = sessionArn(role.arn, session)
  const principal: Caller['principal'] =
    role.principal.kind === 'session' ? { ...role.principal, arn } : role.principal
  const context = { ...role.context, 'aws:userid': userid }
  return { ...role, principal, context, answers: new Map() }
}

const callerOf = (
  one: PrincipalFacts,
  given: {
    readonly facts: Facts
    readonly ids: Ids
    readonly trusts: ReadonlyMap<string, Readable>
  }
): Caller => {
  const { facts, ids, trusts } = given
  const source = (label: string) => ({ label, kind: 'identity', ids }) as const
  const read = (from: (policy: PrincipalFacts['policies'][number]) => boolean): Statement[] =>
    one.policies.filter(from).flatMap((policy) => statementsOf(policy.text, source(policy.name)))
  const gap = facts.gaps.find((it) => it.call.startsWith('iam:') && it.resource === one.arn)
  const hidden =
    gap === undefined ? [] : undecided(source(nameOf(one.arn)), `${gap.call} answered ${gap.code}`)
  const account = one.arn.split(':')[4] ?? ''
  return {
    arn: one.arn,
    account,
    kind: one.kind,
    principal: principalOf(one, account),
    statements: {
      inline: [...read((policy) => policy.from === 'inline'), ...hidden],
      attached: read((policy) => policy.from !== 'inline')
    },
    boundary: one.boundary === null ? null : statementsOf(one.boundary, source('boundary')),
    context: contextOf(one, account, facts.at),
    openTags: (trusts.get(one.arn) ?? []).some(letsTag),
    narrowed: new Map(),
    answers: new Map()
  }
}

const nameOf = (arn: string): string => arn.split('/').at(-1) ?? arn

const principalOf = (one: PrincipalFacts, account: string): Caller['principal'] => {
  const user: Principal = { kind: 'user', arn: one.arn, account }
  if (one.kind === 'user') return user
  return { kind: 'session', arn: sessionArn(one.arn, anyName), roleArn: one.arn, account }
}

const contextOf = (one: PrincipalFacts, account: string, at: string): Context => ({
  'aws:CurrentTime': dateOf(at),
  'aws:EpochTime': String(Math.floor(Date.parse(at) / 1000)),
  'aws:SecureTransport': 'true',
  'aws:PrincipalArn': one.arn,
  'aws:PrincipalAccount': account,
  'aws:PrincipalType': one.kind === 'role' ? 'AssumedRole' : 'User',
  'aws:userid': one.kind === 'role' ? `${one.id}:${anyName}` : one.id,
  'kms:CallerAccount': account,
  ...(one.kind === 'role'
    ? { 'aws:TokenIssueTime': dateOf(at) }
    : { 'aws:username': nameOf(one.arn) }),
  ...Object.fromEntries(
    Object.entries(one.tags).map(([key, value]) => [`aws:PrincipalTag/${key}`, value])
  )
})

const letsTag = ({ Effect, Action }: Statement): boolean =>
  Effect === 'Allow' && listOf(Action ?? '*').some((one) => actionMatches(one, 'sts:TagSession'))

/** Principals that could not be listed, as one: it has what its account may give. */
const unseen = (account: string, why: string, at: string): Caller => {
  const arn = `arn:aws:iam::${account}:root`
  const source = { label: 'principals', kind: 'identity', ids: new Map() } as const
  return {
    arn,
    account,
    kind: 'unlisted',
    principal: { kind: 'user', arn: `arn:aws:iam::${account}:user/unlisted`, account },
    statements: { inline: undecided(source, why), attached: [] },
    boundary: null,
    context: {
      'aws:CurrentTime': dateOf(at),
      'aws:SecureTransport': 'true',
      'aws:PrincipalAccount': account,
      'kms:CallerAccount': account
    },
    openTags: true,
    narrowed: new Map(),
    answers: new Map()
  }
}

/** Whoever calls AssumeRole chooses these itself, so no condition on them keeps it out. */
const chosen =
  /^(?:sts:(?:RoleSessionName|SourceIdentity|ExternalId|TransitiveTagKeys)|aws:(?:TagKeys|RequestTag\/.*))$/i

const trustOf = (text: string, ids: Ids): Readable =>
  withoutChosen(statementsOf(text, { label: 'trust', kind: 'resource', ids }), chosen)
