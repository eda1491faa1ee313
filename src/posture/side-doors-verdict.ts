/**
 * Allowed for certain, possibly, or not. The evaluator denies what it does not understand; to see
 * whether that hides a door, the same call is decided again with every undecided Allow counted and
 * every undecided Deny left out. Only where even that denies is there no door.
 */
import { readContext } from '../iam/conditions.ts'
import { evaluate } from '../iam/evaluate.ts'
import type { AccessRequest, PolicyDocument, PolicySet, Statement } from '../iam/policy-document.ts'
import { namedBy } from '../iam/principals.ts'
import { readPolicy, type Call, type PolicyKind } from '../iam/statements.ts'
import { documentOf } from './side-doors-documents.ts'
import type { Certainty } from './side-doors-door.ts'

export type Answer = {
  readonly certainty: Certainty
  readonly by: string
  readonly unknown: readonly string[]
}

/** Null: denied, whatever the undecided parts mean. */
export const answer = (request: AccessRequest, policies: PolicySet): Answer | null => {
  const strict = evaluate(request, policies)
  if (strict.decision === 'allow') {
    return { certainty: 'certain', by: plain(strict.by), unknown: [] }
  }
  if (strict.unknown.length === 0) return null
  const call = { request, context: readContext(request.context) }
  const loosely = (document: PolicyDocument, kind: PolicyKind): PolicyDocument =>
    documentOf(document.Statement.flatMap((one) => loosened(one, kind, call)))
  const loose = evaluate(request, {
    ...policies,
    identity: policies.identity.map((one) => loosely(one, 'identity')),
    ...(policies.boundary && { boundary: loosely(policies.boundary, 'boundary') }),
    ...(policies.resource && { resource: loosely(policies.resource, 'resource') })
  })
  if (loose.decision !== 'allow') return null
  const unknown = [...new Set(strict.unknown.map(plain))].slice(0, 8)
  return { certainty: 'possible', by: plain(loose.by), unknown }
}

const loosened = (statement: Statement, kind: PolicyKind, call: Call): readonly Statement[] => {
  const { unknown } = readPolicy(documentOf([statement]), { name: '', kind }, call)
  if (unknown.length === 0) return [statement]
  if (statement.Effect !== 'Allow') return []
  const { Sid = '' } = statement
  const open: Statement = { Sid, Effect: 'Allow', Action: '*', Resource: '*' }
  return [kind === 'resource' ? { ...open, Principal: { AWS: closest(statement, call) } } : open]
}

/** The caller as closely as the statement names it; where that is not understood, itself. */
const closest = ({ Principal }: Statement, { request }: Call): string => {
  const caller = request.principal
  if (caller.kind === 'service') return '*'
  const level = Principal === undefined ? null : namedBy(Principal, caller).level
  if (level === 'account') return caller.account
  return level === 'role' && caller.kind === 'session' ? caller.roleArn : caller.arn
}

/** The evaluator's own name of the layer is not needed: labels say which policy it is. */
const plain = (text: string): string =>
  text
    .replace(/^(?:identity\[[0-9]+\]|boundary|resource)\./, '')
    .replace(/: element (?=[a-z])/, ': ')
