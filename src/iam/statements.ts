/**
 * Whether one statement applies to one call. An element that is not understood leaves the answer
 * `unknown`, unless another element already shows that the statement is about something else.
 * Source: IAM User Guide, "IAM JSON policy elements reference".
 */
import { conditionsHold, type Context } from './conditions.ts'
import { actionMatches, resourceMatches } from './match.ts'
import type { AccessRequest, OneOrMany, PolicyDocument, Statement } from './policy-document.ts'
import { namedBy, type Level } from './principals.ts'
import { every, known, no, not, some, unknown, yes, type Truth } from './truth.ts'

export type PolicyKind = 'identity' | 'session' | 'boundary' | 'resource'

export type Call = { readonly request: AccessRequest; readonly context: Context }

/** What one policy says: the statement that denies, those that allow, what was not understood. */
export type Reading = {
  readonly deny: string | null
  readonly allow: string | null
  /** for a resource policy: the statement that allows, by how closely it names the caller */
  readonly allowAt: Readonly<Partial<Record<Level, string>>>
  readonly unknown: readonly string[]
}

type Applied = { readonly truth: Truth; readonly level: Level | null }

const elements: ReadonlySet<string> = new Set([
  'Sid',
  'Effect',
  'Principal',
  'NotPrincipal',
  'Action',
  'NotAction',
  'Resource',
  'NotResource',
  'Condition'
])

/** Reads every statement; `name` is how the policy is called in answers, e.g. `identity[0]`. */
export const readPolicy = (
  document: PolicyDocument,
  policy: { readonly name: string; readonly kind: PolicyKind },
  call: Call
): Reading => {
  const allowAt: Partial<Record<Level, string>> = {}
  const unclear: string[] = []
  let deny: string | null = null
  let allow: string | null = null
  for (const [index, statement] of document.Statement.entries()) {
    const { truth, level } = applies(statement, { document, kind: policy.kind }, call)
    if (truth.holds === false) continue
    const where = `${policy.name}.${statement.Sid ?? index}`
    unclear.push(...truth.unknown.map((why) => `${where}: ${why}`))
    if (statement.Effect !== 'Allow') {
      if (statement.Effect !== 'Deny') unclear.push(`${where}: effect ${String(statement.Effect)}`)
      deny ??= where
    } else if (truth.holds === true) {
      allow ??= where
      if (level !== null) allowAt[level] ??= where
    }
  }
  return { deny, allow, allowAt, unknown: unclear }
}

const applies = (
  statement: Statement,
  policy: { readonly document: PolicyDocument; readonly kind: PolicyKind },
  call: Call
): Applied => {
  const nothing: Applied = { truth: no, level: null }
  const action = actionTruth(statement, call.request.action)
  if (action.holds === false) return nothing
  const resource = resourceTruth(statement, policy.kind, call.request)
  if (resource.holds === false) return nothing
  const { truth: principal, level } = principalTruth(statement, policy.kind, call.request)
  if (principal.holds === false) return nothing
  const condition = conditionsHold(statement.Condition ?? {}, call.context)
  const form = formTruth(statement, policy.document)
  return { truth: every([action, resource, principal, condition, form]), level }
}

const formTruth = (statement: Statement, document: PolicyDocument): Truth => {
  // before 2012-10-17 policy variables were plain text, so the same words meant something else
  if (document.Version !== '2012-10-17') return unknown(`version ${String(document.Version)}`)
  const odd = Object.keys(statement).find((name) => !elements.has(name))
  return odd === undefined ? yes : unknown(`element ${odd}`)
}

const actionTruth = (statement: Statement, action: string): Truth => {
  const { Action, NotAction } = statement
  if ((Action === undefined) === (NotAction === undefined)) return unknown('Action and NotAction')
  return Action === undefined
    ? not(someAction(NotAction ?? [], action))
    : someAction(Action, action)
}

const someAction = (patterns: OneOrMany<string>, action: string): Truth =>
  some(
    list(patterns).map((pattern) =>
      /^(?:\*|[A-Za-z0-9-]+:[A-Za-z0-9*?]+)$/.test(pattern)
        ? known(actionMatches(pattern, action))
        : unknown(`action ${pattern}`)
    )
  )

const resourceTruth = (statement: Statement, kind: PolicyKind, request: AccessRequest): Truth => {
  const { Resource, NotResource } = statement
  if (Resource !== undefined && NotResource !== undefined) {
    return unknown('Resource and NotResource')
  }
  if (Resource !== undefined) return someResource(Resource, request.resource)
  if (NotResource !== undefined) return not(someResource(NotResource, request.resource))
  // a trust policy has no Resource: it is about the role it belongs to
  const trust = kind === 'resource' && request.action.toLowerCase().startsWith('sts:')
  return trust ? yes : unknown('no Resource')
}

const someResource = (patterns: OneOrMany<string>, resource: string): Truth =>
  some(
    list(patterns).map((pattern) => {
      if (pattern.includes('${')) return unknown(`resource ${pattern}`)
      const fits = resourceMatches(pattern, resource)
      return fits === 'unknown' ? unknown(`resource ${pattern}`) : known(fits)
    })
  )

const principalTruth = (
  statement: Statement,
  kind: PolicyKind,
  request: AccessRequest
): Applied => {
  const { Principal, NotPrincipal } = statement
  const named = Principal !== undefined || NotPrincipal !== undefined
  if (kind !== 'resource') {
    return { truth: named ? unknown('Principal outside a resource policy') : yes, level: null }
  }
  if (Principal === undefined || NotPrincipal !== undefined) {
    return { truth: unknown(named ? 'NotPrincipal' : 'no Principal'), level: null }
  }
  const naming = namedBy(Principal, request.principal)
  if (naming.level !== null) return { truth: yes, level: naming.level }
  const truth = some(naming.unknown.map(unknown))
  return { truth, level: null }
}

const list = (value: OneOrMany<string>): readonly string[] =>
  typeof value === 'string' ? [value] : value
