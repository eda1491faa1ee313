/**
 * Policy text as STS and IAM accept it: JSON of the policy language, nothing else. Refuses unknown
 * elements, statements without action or resource, principals where none belong, and characters
 * outside U+0020-U+00FF, tab, line feed and carriage return. Source: IAM User Guide, "Grammar of
 * the IAM JSON policy language".
 */
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import type { PolicyDocument, Statement } from '../iam/policy-document.ts'
import { AwsFault } from './fault.ts'
import type { StoredPolicy } from './world.ts'

/** An identity or session policy, or AwsFault `MalformedPolicyDocument` (400). */
export function parsePolicyText(text: string): StoredPolicy {
  if (text === '' || NOT_POLICY_TEXT.test(text)) throw malformed('Invalid characters')
  const document = parseJson(text)
  if (!Value.Check(Document, document)) throw malformed('Syntax errors in policy.')
  const statements: readonly Statement[] = Array.isArray(document.Statement)
    ? document.Statement
    : [document.Statement]
  for (const statement of statements) requireComplete(statement)
  return { text, document: { Version: document.Version, Statement: statements } }
}

/** A key's policy, which names principals, or AwsFault `MalformedPolicyDocumentException` (400). */
export function parseKeyPolicyText(text: string): StoredPolicy {
  try {
    const document = parseJson(text)
    if (!Value.Check(KeyDocument, document)) throw malformed('Syntax errors in policy.')
    const statements: readonly Statement[] = [document.Statement].flat()
    for (const statement of statements) {
      requireComplete(statement)
      if ((statement.Principal === undefined) === (statement.NotPrincipal === undefined)) {
        throw malformed('Policy statement must contain principals.')
      }
    }
    return { text, document: { Version: document.Version, Statement: statements } }
  } catch (error) {
    if (!(error instanceof AwsFault)) throw error
    throw new AwsFault('MalformedPolicyDocumentException', 400, error.message)
  }
}

/** A policy written in this code base, kept with its text as the APIs answer it. */
export function storedPolicy(document: PolicyDocument): StoredPolicy {
  return { text: JSON.stringify(document), document }
}

const NOT_POLICY_TEXT = /[^\t\n\r\x20-\xff]/

const Strings = Type.Union([
  Type.String({ minLength: 1 }),
  Type.Array(Type.String({ minLength: 1 }), { minItems: 1 })
])

const ARN = /^arn:[^:]*:[^:]*:[^:]*:[^:]*:./

const closed = { additionalProperties: false }

const StatementMembers = {
  Sid: Type.Optional(Type.String({ pattern: '^[A-Za-z0-9]*$' })),
  Effect: Type.Union([Type.Literal('Allow'), Type.Literal('Deny')]),
  Action: Type.Optional(Strings),
  NotAction: Type.Optional(Strings),
  Resource: Type.Optional(Strings),
  NotResource: Type.Optional(Strings),
  Condition: Type.Optional(Type.Record(Type.String(), Type.Record(Type.String(), Strings)))
}

const StatementShape = Type.Object(StatementMembers, closed)

const Principals = Type.Union([Type.Literal('*'), Type.Record(Type.String(), Strings)])

// KMS takes any characters in a Sid
const KeyStatementShape = Type.Object(
  {
    ...StatementMembers,
    Sid: Type.Optional(Type.String({ maxLength: 256 })),
    Principal: Type.Optional(Principals),
    NotPrincipal: Type.Optional(Principals)
  },
  closed
)

const Document = Type.Object(
  {
    Version: Type.Literal('2012-10-17'),
    Statement: Type.Union([StatementShape, Type.Array(StatementShape, { minItems: 1 })])
  },
  closed
)

const KeyDocument = Type.Object(
  {
    Version: Type.Literal('2012-10-17'),
    Id: Type.Optional(Type.String()),
    Statement: Type.Union([KeyStatementShape, Type.Array(KeyStatementShape, { minItems: 1 })])
  },
  closed
)

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // The parser's own message quotes the text; policy text does not belong in an answer.
    throw malformed('This policy contains invalid Json')
  }
}

function requireComplete(statement: Statement): void {
  if ((statement.Action === undefined) === (statement.NotAction === undefined)) {
    throw malformed('Policy statement must contain actions.')
  }
  if ((statement.Resource === undefined) === (statement.NotResource === undefined)) {
    throw malformed('Policy statement must contain resources.')
  }
  const actions = [statement.Action ?? statement.NotAction ?? []].flat()
  if (actions.some((action) => action !== '*' && !/^[a-z0-9-]+:[A-Za-z0-9*?]+$/i.test(action))) {
    throw malformed('Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.')
  }
  const resources = [statement.Resource ?? statement.NotResource ?? []].flat()
  if (resources.some((resource) => resource !== '*' && !ARN.test(resource))) {
    throw malformed('Resource must be in ARN format or "*".')
  }
}

function malformed(message: string): AwsFault {
  return new AwsFault('MalformedPolicyDocument', 400, message)
}
