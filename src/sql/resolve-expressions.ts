/**
 * Every name in an expression: what it reads, and what its value is made of. One list of what is
 * still to be looked at takes the place of recursion; only subqueries nest, which the parser
 * bounds. Refused: names that mean nothing or more than one thing, hidden columns, fields a row
 * does not have.
 */
import type {
  ColumnReference,
  Expression,
  FunctionCall,
  Identifier,
  Lambda,
  Over
} from './ast.ts'
import { childrenOf, queryIn } from './children.ts'
import { type Gathering, type Lineage, gather, none } from './lineage.ts'
import {
  type CalledFunction,
  type Clause,
  type Look,
  type Resolver,
  type Sight,
  note,
  problem,
  spend,
  unsupported,
  written
} from './resolution.ts'
import { listOf, lookUp, made, partOf, relationOf, scopeOf } from './scope.ts'
import { type Member, memberOf, typeOf } from './type-of.ts'
import type { SqlType } from './types.ts'

/** Resolves an expression; `into` gathers what its value is made of, where anybody asks. */
export const readExpression = (
  resolver: Resolver,
  node: Expression,
  { sight, clause, into }: {
    readonly sight: Sight
    readonly clause: Clause
    readonly into: Gathering | null
  }
): void => {
  const { looks } = resolver
  const before = looks.length
  let look: Look | undefined = { node, sight, isCounted: false }
  for (; look !== undefined; look = looks.length > before ? looks.pop() : undefined) {
    const { node: here, sight: around } = look
    if (here.kind === 'ColumnReference') {
      add(resolver, readReference(resolver, here, look), into)
      continue
    }
    if (here.kind === 'Parameter') resolver.found.parameters.push(here.at)
    const called = calledBy(here)
    if (called !== null) resolver.found.functions.push(called)
    if (here.kind === 'Dereference') readMember(resolver, here.field, typeOf(resolver, here.base))
    readPattern(resolver, here)
    const query = queryIn(here)
    if (query !== null) {
      const answered = resolver.query(query, around)
      const passed = here.kind === 'Exists' ? [] : listOf(answered)
      for (const { lineage } of passed) add(resolver, lineage, into)
    }
    const within = here.kind === 'Lambda' ? inLambda(here, around) : around
    const counts = here.kind === 'FunctionCall' && isCount(here, clause)
    for (const child of childrenOf(here)) {
      // most of what is no name: nothing is read of it
      if (child.kind === 'StringLiteral' || child.kind === 'NumericLiteral') continue
      const isCounting = counts && child === here.arguments[0]
      looks.push({ node: child, sight: within, isCounted: isCounting })
    }
  }
}

const add = (resolver: Resolver, lineage: Lineage, into: Gathering | null): void => {
  spend(resolver, lineage.size)
  if (into !== null) gather(into, lineage)
}

/** The same where the value is not passed on: a predicate, a grouping. */
export const readCondition = (
  resolver: Resolver,
  node: Expression,
  { sight, clause }: { readonly sight: Sight; readonly clause: Clause }
): void => readExpression(resolver, node, { sight, clause, into: null })

/** A pattern's variables and modes are refused: their names are not those of columns. */
const readPattern = (resolver: Resolver, node: Expression): void => {
  if (node.kind !== 'FunctionCall' && node.kind !== 'Measure') return
  const isOfPattern =
    node.kind === 'Measure' || node.processing !== null || node.label !== null
  if (isOfPattern) unsupported(resolver, 'pattern recognition', node.at)
  if (node.over !== null) readFrame(resolver, node.over)
}

/** A frame that recognises a pattern is refused. */
export const readFrame = (resolver: Resolver, over: Over): void => {
  const frame = over.kind === 'WindowSpecification' ? over.frame : null
  if (frame !== null && frame.matching !== null) {
    unsupported(resolver, 'pattern recognition', frame.at)
  }
}

/** Answers what the value of a reference is made of. */
const readReference = (
  resolver: Resolver,
  node: ColumnReference,
  { sight, isCounted }: Look
): Lineage => {
  const { at, parts } = node
  const hidden = parts.find(isHidden)
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
      problem(resolver, 'UNKNOWN_COLUMN', message, { at, ...near(resolver, sight, parts) })
      return none
    }
    case 'ambiguous': {
      const message = `more than one column answers to ${written(parts)}`
      problem(resolver, 'AMBIGUOUS_COLUMN', message, { at, hint: 'put the table in front of it' })
      return none
    }
    case 'found': {
      resolver.found.references.set(node, found)
      const isWhole = found.used === parts.length
      note(resolver, found, { at, isCounted: isCounted && found.isLocal && isWhole })
      let type = found.field.type
      const members = isWhole ? [] : parts.slice(found.used)
      for (const member of members) type = readMember(resolver, member, type)
      return found.field.lineage
    }
  }
}

const isHidden = ({ name }: Identifier): boolean => name.startsWith('$')

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
  const own = relationOf([partOf(parameters.map(({ name }) => made(name, none, null)))])
  return { ...sight, scope: scopeOf(own, sight.scope, false) }
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

const jsonForms: ReadonlyMap<Expression['kind'], string> = new Map([
  ['JsonArray', 'json_array'],
  ['JsonExists', 'json_exists'],
  ['JsonObject', 'json_object'],
  ['JsonQuery', 'json_query'],
  ['JsonValue', 'json_value']
])

const formOf = (node: Expression): string | null => {
  if (node.kind === 'Cast') return node.isTry ? 'try_cast' : 'cast'
  if (node.kind === 'CurrentValue') return node.name.toLowerCase()
  return forms.has(node.kind) ? node.kind.toLowerCase() : (jsonForms.get(node.kind) ?? null)
}

const near = (
  resolver: Resolver,
  sight: Sight,
  parts: readonly Identifier[]
): { readonly hint?: string } => {
  const [first, second] = parts
  if (first === undefined || second !== undefined || sight.scope === null) return {}
  const { relation } = sight.scope
  resolver.comparisonsLeft -= relation.width
  if (resolver.comparisonsLeft < 0) return {}
  const alike = listOf(relation).find(
    ({ name }) => name !== null && isNear(name, first.name)
  )
  return alike === undefined ? {} : { hint: `did you mean ${alike.name}?` }
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
