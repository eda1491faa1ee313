/**
 * Policy texts of a snapshot as the evaluator takes them. Every statement gets a label that names
 * its policy; what is no policy, or was not read, becomes statements that the evaluator cannot
 * decide, so that it can neither open nor close anything for certain.
 * Source: IAM User Guide, "Grammar of the IAM JSON policy language", "IAM identifiers".
 */
import type {
  ConditionBlock,
  OneOrMany,
  PolicyDocument,
  PrincipalBlock,
  Statement
} from '../iam/policy-document.ts'

/** How principals are spelled: unique ids (`AROA…`) of the snapshot to their ARNs. */
export type Ids = ReadonlyMap<string, string>

export type Source = {
  /** how its statements are called in answers, e.g. `key policy` */
  readonly label: string
  readonly kind: 'identity' | 'resource'
  readonly ids: Ids
}

export const documentOf = (statements: readonly Statement[]): PolicyDocument => ({
  Version: '2012-10-17',
  Statement: statements
})

/** The statements of a text. Never throws: what cannot be read is a statement nobody can decide. */
export const statementsOf = (text: string, source: Source): readonly Statement[] => {
  const document = objectOf(parseJson(text))
  const listed = document?.['Statement']
  const all: readonly unknown[] = Array.isArray(listed) ? listed : [listed]
  if (document === null || listed === undefined) return undecided(source, 'text that is no policy')
  // before 2012-10-17 `${` was plain text; without it both versions say the same
  const version = document['Version'] ?? '2008-10-17'
  const dated = version === '2012-10-17' || (version === '2008-10-17' && !text.includes('${'))
  if (!dated) return undecided(source, 'variables of an old version')
  return all.flatMap((one, index) => statementOf(one, source, index))
}

/** A policy that was not read: it may allow and deny anything. */
export const undecided = (source: Source, why: string): readonly Statement[] => [
  ...mayAllow(source, why),
  { ...mayAllow(source, why)[0], Effect: 'Deny' }
]

/** Something that was not read and can only allow, such as a listing of grants. */
export const mayAllow = (source: Source, why: string, action = '*'): readonly [Statement] => {
  // an element that the evaluator does not know: its answer is then `unknown`, with this reason
  const odd = { [why]: true }
  const named = source.kind === 'resource' ? { Principal: '*' as const } : {}
  return [{ Sid: source.label, Effect: 'Allow', ...named, Action: action, Resource: '*', ...odd }]
}

const statementOf = (value: unknown, source: Source, index: number): readonly Statement[] => {
  const fields = objectOf(value)
  const sid = fields?.['Sid']
  const label = `${source.label}.${typeof sid === 'string' && sid !== '' ? sid : index}`
  const here = { ...source, label }
  if (fields === null) return undecided(here, 'statement that is no object')
  const { Effect } = fields
  const read = {
    ...textsAt(fields, ['Action', 'NotAction', 'Resource', 'NotResource']),
    ...principalsAt(fields, source.ids),
    ...conditionAt(fields)
  }
  const isRead = Object.keys(fields).every(
    (name) => name in read || name === 'Sid' || name === 'Effect'
  )
  if ((Effect !== 'Allow' && Effect !== 'Deny') || !isRead) {
    return undecided(here, 'statement that is not understood')
  }
  return [{ Sid: label, Effect, ...read }]
}

/**
 * The statements as they bind somebody who chooses the values of these condition keys: a condition
 * on them keeps nobody out, and a Deny that rests on them is avoided.
 */
export const withoutChosen = (
  statements: readonly Statement[],
  chosen: RegExp
): readonly Statement[] => {
  const rests = ({ Condition }: Statement): boolean =>
    Object.values(Condition ?? {}).some((keys) => Object.keys(keys).some((key) => chosen.test(key)))
  if (!statements.some(rests)) return statements
  return statements.flatMap((one) => {
    if (!rests(one)) return [one]
    return one.Effect === 'Deny' ? [] : [{ ...one, Condition: rest(one.Condition ?? {}, chosen) }]
  })
}

const rest = (block: ConditionBlock, chosen: RegExp): ConditionBlock =>
  Object.fromEntries(
    Object.entries(block).flatMap(([operator, keys]) => {
      const left = Object.entries(keys).filter(([key]) => !chosen.test(key))
      return left.length === 0 ? [] : [[operator, Object.fromEntries(left)]]
    })
  )

type Texts = Pick<Statement, 'Action' | 'NotAction' | 'Resource' | 'NotResource'>

const textsAt = (fields: Fields, names: readonly (keyof Texts)[]): Texts =>
  Object.fromEntries(
    names.flatMap((name) => {
      const read = textsOf(fields[name])
      return read === null ? [] : [[name, read]]
    })
  )

const principalsAt = (
  fields: Fields,
  ids: Ids
): Pick<Statement, 'Principal' | 'NotPrincipal'> => ({
  ...(principalOf(fields['Principal'], ids, 'Principal')),
  ...(principalOf(fields['NotPrincipal'], ids, 'NotPrincipal'))
})

const principalOf = (
  value: unknown,
  ids: Ids,
  name: 'Principal' | 'NotPrincipal'
): Readonly<Record<string, PrincipalBlock>> => {
  if (value === '*') return { [name]: '*' }
  const entries = Object.entries(objectOf(value) ?? {})
  const read = entries.flatMap(([type, given]): [string, OneOrMany<string>][] => {
    const texts = textsOf(given)
    if (texts === null) return []
    return [[type, listOf(texts).map((one) => spelled(one, ids))]]
  })
  return entries.length === 0 || read.length < entries.length
    ? {}
    : { [name]: Object.fromEntries(read) }
}

/** An id that no principal of the snapshot has belongs to one that is gone: it names nobody. */
export const spelled = (value: string, ids: Ids): string => {
  const [id = '', session] = value.split(':')
  if (!/^A[RI][OD]A[A-Z0-9]{12,}$/.test(id)) return value
  const arn = ids.get(id)
  if (arn === undefined) return 'arn:aws:iam::000000000000:role/gone'
  return session === undefined ? arn : sessionArn(arn, session)
}

/** `arn:P:sts::ACCOUNT:assumed-role/ROLE/SESSION`: a role's path is no part of it. */
export const sessionArn = (roleArn: string, session: string): string => {
  const [, partition = '', , , account = ''] = roleArn.split(':')
  const role = roleArn.split('/').at(-1) ?? ''
  return `arn:${partition}:sts::${account}:assumed-role/${role}/${session}`
}

const conditionAt = (fields: Fields): { readonly Condition?: ConditionBlock } => {
  const operators = Object.entries(objectOf(fields['Condition']) ?? {})
  const read = operators.map(([operator, keys]) => [operator, keysOf(keys)] as const)
  const isRead = read.every(([, keys]) => keys !== null)
  return fields['Condition'] === undefined || objectOf(fields['Condition']) === null || !isRead
    ? {}
    : { Condition: Object.fromEntries(read.map(([name, keys]) => [name, keys ?? {}])) }
}

const keysOf = (value: unknown): Readonly<Record<string, OneOrMany<string>>> | null => {
  const given = objectOf(value)
  if (given === null) return null
  const read = Object.entries(given).map(([key, values]) => [key, textsOf(values)] as const)
  return read.some(([, texts]) => texts === null)
    ? null
    : Object.fromEntries(read.map(([key, texts]) => [key, texts ?? []]))
}

type Fields = Readonly<Record<string, unknown>>

const objectOf = (value: unknown): Fields | null =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value))
    : null

/** JSON policies also spell `true` and numbers without quotes. */
const textsOf = (value: unknown): OneOrMany<string> | null => {
  if (isPlain(value)) return String(value)
  return Array.isArray(value) && value.every(isPlain) ? value.map(String) : null
}

const isPlain = (one: unknown): one is string | boolean | number =>
  typeof one === 'string' || typeof one === 'boolean' || typeof one === 'number'

export const listOf = (values: OneOrMany<string>): readonly string[] =>
  typeof values === 'string' ? [values] : values

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
