/**
 * Every name in an expression: what it reads, and what its value is made of. One list of what is
 * still to be looked at takes the place of recursion; only subqueries nest, which the parser
 * bounds. Refused: names that mean nothing or more than one thing, hidden columns, fields a row
 * does not have.
 */
import type { ColumnReference, Expression, FunctionCall, Identifier, Lambda } from './ast.ts'
import type { Column } from './catalog.ts'
import { childrenOf, queryIn } from './children.ts'
import {
  type CalledFunction,
  type Clause,
  type Resolver,
  type Sight,
  note,
  problem,
  spend,
  written
} from './resolution.ts'
import { lookUp, made, none, scopeOf } from './scope.ts'
import { type Member, memberOf, typeOf } from './type-of.ts'
import type { SqlType } from './types.ts'

type Look = {
  readonly node: Expression
  readonly sight: Sight
  /** an argument of `count` itself */
  readonly isCounted: boolean
}

/** Resolves an expression; the columns its value is made of are added to `into`. */
export const readExpression = (
  resolver: Resolver,
  node: Expression,
  { sight, clause, into }: {
    readonly sight: Sight
    readonly clause: Clause
    readonly into: Set<Column>
  }
): void => {
  const looks: Look[] = [{ node, sight, isCounted: false }]
  const add = (lineage: ReadonlySet<Column>): void => {
    spend(resolver, lineage.size)
    for (const column of lineage) into.add(column)
  }
  for (let look = looks.pop(); look !== undefined; look = looks.pop()) {
    const { node: here, sight: around, isCounted } = look
    if (here.kind === 'ColumnReference') {
      add(readReference(resolver, here, { sight: around, isCounted }))
      continue
    }
    if (here.kind === 'Parameter') resolver.found.parameters.push(here.at)
    const called = calledBy(here)
    if (called !== null) resolver.found.functions.push(called)
    if (here.kind === 'Dereference') readMember(resolver, here.field, typeOf(resolver, here.base))
    const query = queryIn(here)
    if (query !== null) {
      const { fields } = resolver.query(query, around)
      if (here.kind !== 'Exists') for (const { lineage } of fields) add(lineage)
    }
    const within = here.kind === 'Lambda' ? inLambda(here, around) : around
    const counts = here.kind === 'FunctionCall' && isCount(here, clause)
    for (const child of childrenOf(here)) {
      const isCounting = counts && child === here.arguments[0]
      looks.push({ node: child, sight: within, isCounted: isCounting })
    }
  }
}

/** The same where the value is not passed on: a predicate, a grouping. */
export const readCondition = (
  resolver: Resolver,
  node: Expression,
  { sight, clause }: { readonly sight: Sight; readonly clause: Clause }
): void => readExpression(resolver, node, { sight, clause, into: new Set() })

/** Answers what the value of a reference is made of. */
const readReference = (
  resolver: Resolver,
  node: ColumnReference,
  { sight, isCounted }: { readonly sight: Sight; readonly isCounted: boolean }
): ReadonlySet<Column> => {
  const { at, parts } = node
  const hidden = parts.find(({ name }) => name.startsWith('$'))
  if (hidden !== undefined) {
    const message = `${hidden.name} is a hidden column`
    problem(resolver, 'HIDDEN_COLUMN', message, { at, object: { column: hidden.name } })
    return none
  }
  const found = lookUp(sight.scope, parts)
  switch (found.kind) {
    case 'opaque':
      return none
    case 'unknown': {
      const message = `there is no column ${written(parts)} here`
      problem(resolver, 'UNKNOWN_COLUMN', message, { at, ...near(sight, parts) })
      return none
    }
    case 'ambiguous': {
      const message = `more than one column answers to ${written(parts)}`
      problem(resolver, 'AMBIGUOUS_COLUMN', message, { at, hint: 'put the table in front of it' })
      return none
    }
    case 'found': {
      resolver.found.references.set(node, found)
      const rest = parts.slice(found.used)
      const isBare = isCounted && found.isLocal && rest.length === 0
      note(resolver, found.field, { at, by: 'name', isCounted: isBare })
      let type = found.field.type
      for (const part of rest) type = readMember(resolver, part, type)
      return found.field.lineage
    }
  }
}

const readMember = (
  resolver: Resolver,
  field: Identifier,
  type: SqlType | null
): SqlType | null => {
  const member: Member = memberOf(type, field.name)
  if (member.kind === 'missing') {
    const message = `there is no field ${field.name} in this value`
    problem(resolver, 'UNKNOWN_COLUMN', message, { at: field.at })
  }
  if (member.kind === 'ambiguous') {
    const message = `the value has more than one field ${field.name}`
    problem(resolver, 'AMBIGUOUS_COLUMN', message, { at: field.at })
  }
  return member.type
}

/** Its parameters are a level of their own, over the columns. */
const inLambda = ({ parameters }: Lambda, sight: Sight): Sight => {
  const fields = parameters.map(({ name }) => made(name, none, null))
  return { ...sight, scope: scopeOf({ fields, isOpaque: false }, sight.scope, false) }
}

const counting: ReadonlySet<string> = new Set(['count', 'approx_distinct'])
const aggregatedIn: ReadonlySet<Clause> = new Set(['select', 'having', 'orderBy'])

const isCount = (call: FunctionCall, clause: Clause): boolean =>
  call.name.parts.length === 1 &&
  counting.has(call.name.parts[0].name) &&
  call.over === null &&
  call.filter === null &&
  call.orderBy.length === 0 &&
  aggregatedIn.has(clause)

/**
 * The function that an expression calls, whether it is written as a call or in words of its own.
 */
const calledBy = (node: Expression): CalledFunction | null => {
  if (node.kind === 'FunctionCall') {
    return { at: node.name.at, name: written(node.name.parts) }
  }
  const name = formOf(node)
  return name === null ? null : { at: node.at, name }
}

const forms: ReadonlySet<Expression['kind']> = new Set([
  'Listagg',
  'Extract',
  'Trim',
  'Position',
  'Substring',
  'Normalize',
  'Grouping'
])

const formOf = (node: Expression): string | null => {
  if (node.kind === 'Cast') return node.isTry ? 'try_cast' : 'cast'
  if (node.kind === 'CurrentValue') return node.name.toLowerCase()
  return forms.has(node.kind) ? node.kind.toLowerCase() : null
}

const near = (sight: Sight, parts: readonly Identifier[]): { readonly hint?: string } => {
  const [first, second] = parts
  if (first === undefined || second !== undefined || sight.scope === null) return {}
  const names = sight.scope.relation.fields.flatMap(({ name }) => name ?? [])
  const alike = names.find((name) => isNear(name, first.name))
  return alike === undefined ? {} : { hint: `did you mean ${alike}?` }
}

/** One letter more, less, other or swapped. */
const isNear = (one: string, other: string): boolean => {
  if (Math.abs(one.length - other.length) > 1 || other.length < 3) return false
  let start = 0
  while (start < one.length && one[start] === other[start]) start++
  const tails = [
    [one.slice(start + 1), other.slice(start + 1)],
    [one.slice(start + 1), other.slice(start)],
    [one.slice(start), other.slice(start + 1)],
    [one.slice(start + 2), other.slice(start + 2)]
  ] as const
  const isSwapped = one[start] === other[start + 1] && one[start + 1] === other[start]
  return tails.some(([left, right], way) => left === right && (way < 3 || isSwapped))
}
