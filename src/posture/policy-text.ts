/**
 * The text of a policy as AWS keeps it, read into the statements that iam's evaluator judges. What
 * the evaluator cannot judge is named, never left out: NotPrincipal, NotAction, NotResource in a
 * resource policy, variables, unknown operators and elements, text that is no policy.
 * Source: IAM User Guide, "Grammar of the IAM JSON policy language".
 */
import { type Static, Type } from 'typebox'
import { Compile } from 'typebox/compile'
import { comparisonOf } from '../iam/condition-operators.ts'
import type { PolicyDocument, Statement } from '../iam/policy-document.ts'

export type PolicyRead = {
  readonly document: PolicyDocument
  /** what cannot be evaluated, by statement, in plain words; sorted */
  readonly odd: readonly string[]
}

export type ReadPolicy = (text: string) => PolicyRead

/** Reads each text once, however many resources have the same. */
export const makeReadPolicy = (): ReadPolicy => {
  const known = new Map<string, PolicyRead>()
  return (text) => {
    const before = known.get(text)
    if (before !== undefined) return before
    const read = readPolicyText(text)
    known.set(text, read)
    return read
  }
}

/** The statements; a text that is no policy has none, and says so. */
export const readPolicyText = (text: string): PolicyRead => {
  const value = text.length > mostCharacters ? null : parse(text)
  if (!document.Check(value)) return { document: empty, odd: ['its text is no policy'] }
  const statements = list(value.Statement).map(statementOf)
  const old = value.Version !== '2012-10-17' && text.includes('${')
  return {
    document: { Version: '2012-10-17', Statement: statements },
    odd: [
      ...(old ? ['its version is older than policy variables, and it has some'] : []),
      ...list(value.Statement).flatMap((one, at) =>
        oddities(one).map((what) => `${nameOf(one, at)}: ${what}`)
      )
    ].toSorted()
  }
}

/** The Sid, or the position where it has none. */
export const nameOf = ({ Sid }: { readonly Sid?: string }, at: number): string =>
  Sid === undefined || Sid === '' ? `statement ${at + 1}` : `statement ${JSON.stringify(Sid)}`

export const list = <T>(value: T | readonly T[] | undefined): readonly T[] => {
  if (value === undefined) return []
  return isList(value) ? value : [value]
}

/** An Allow that names everybody. */
export const isPublic = ({ Effect, Principal }: Statement): boolean =>
  Effect === 'Allow' &&
  (Principal === '*' ||
    (typeof Principal === 'object' && list(Principal['AWS']).includes('*')))

const isList = <T>(value: T | readonly T[]): value is readonly T[] => Array.isArray(value)

// a managed policy has at most 6,144 characters, a key policy 32,768, a bucket policy 20,480
const mostCharacters = 131_072

const strings = Type.Union([Type.String(), Type.Array(Type.String())])
const scalar = Type.Union([Type.String(), Type.Boolean(), Type.Number()])
const principal = Type.Union([Type.Literal('*'), Type.Record(Type.String(), strings)])

const StatementText = Type.Object({
  Sid: Type.Optional(Type.String()),
  Effect: Type.Union([Type.Literal('Allow'), Type.Literal('Deny')]),
  Principal: Type.Optional(principal),
  NotPrincipal: Type.Optional(principal),
  Action: Type.Optional(strings),
  NotAction: Type.Optional(strings),
  Resource: Type.Optional(strings),
  NotResource: Type.Optional(strings),
  Condition: Type.Optional(
    Type.Record(
      Type.String(),
      Type.Record(Type.String(), Type.Union([scalar, Type.Array(scalar)]))
    )
  )
})

type StatementText = Static<typeof StatementText>

const document = Compile(
  Type.Object({
    Version: Type.Optional(Type.String()),
    Id: Type.Optional(Type.String()),
    Statement: Type.Union([StatementText, Type.Array(StatementText)])
  })
)

const empty: PolicyDocument = { Version: '2012-10-17', Statement: [] }

/** The parser's own message would quote the text. */
const parse = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

const statementOf = ({ Condition, ...rest }: StatementText): Statement => ({
  ...rest,
  ...(Condition === undefined ? {} : { Condition: conditionOf(Condition) })
})

const conditionOf = (block: NonNullable<StatementText['Condition']>) =>
  Object.fromEntries(
    Object.entries(block).map(([operator, keys]) => [
      operator,
      Object.fromEntries(Object.entries(keys).map(([key, value]) => [key, list(value).map(String)]))
    ])
  )

const elements: ReadonlySet<string> = new Set(Object.keys(StatementText.properties))

const oddities = (statement: StatementText): readonly string[] => {
  const { NotPrincipal, NotAction, NotResource, Principal, Condition = {} } = statement
  const isOfResource = Principal !== undefined || NotPrincipal !== undefined
  const texts = [statement.Action, statement.Resource].flatMap((one) => list(one))
  const values = Object.values(Condition).flatMap((keys) => Object.values(keys).flatMap(list))
  return [
    ...(NotPrincipal === undefined ? [] : ['NotPrincipal']),
    ...(NotAction === undefined || !isOfResource ? [] : ['NotAction']),
    ...(NotResource === undefined || !isOfResource ? [] : ['NotResource']),
    ...([...texts, ...values.map(String)].some((one) => one.includes('${')) ? ['a variable'] : []),
    ...Object.keys(Condition)
      .filter((name) => !isOperator(name))
      .map((name) => `operator ${name}`),
    ...Object.keys(statement)
      .filter((name) => !elements.has(name))
      .map((name) => `element ${name}`)
  ]
}

const isOperator = (name: string): boolean => {
  const base = name.replace(/^(?:ForAnyValue|ForAllValues):/, '').replace(/IfExists$/, '')
  return base === 'Null' || comparisonOf(base) !== null
}
