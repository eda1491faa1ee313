/**
 * What stands in FROM: tables by name, CTEs, subqueries, joins, UNNEST and LATERAL. Items go left
 * to right, and what is right sees what is left only in UNNEST and LATERAL. A table that is unknown
 * or not granted is opaque, the two alike, so that nothing is told of it.
 */
import type {
  AliasedRelation,
  Expression,
  Identifier,
  Join,
  JoinOn,
  JoinStep,
  Relation as RelationNode,
  SampledRelation,
  Table as TableNode,
  Unnest
} from './ast.ts'
import { gathered, gathering, none } from './lineage.ts'
import {
  type JoinRead,
  type Resolver,
  type Sight,
  type Specification,
  problem,
  spend,
  unsupported
} from './resolution.ts'
import { readCondition, readExpression } from './resolve-expressions.ts'
import { joinNatural } from './resolve-natural.ts'
import { readTable, underName } from './resolve-tables.ts'
import { joinUsing } from './resolve-using.ts'
import {
  type Field,
  type Part,
  type Relation,
  fieldsOf,
  made,
  nothing,
  opaque,
  partOf,
  relationOf,
  scopeOf
} from './scope.ts'
import { typeOf } from './type-of.ts'

/** The fields of FROM's items, separated by commas. */
export const readFrom = (
  resolver: Resolver,
  items: readonly RelationNode[],
  { sight, inside }: { readonly sight: Sight; readonly inside: Specification }
): Relation => {
  const [first] = items
  if (first === undefined) return nothing
  const steps = items.slice(1).map((right): Step => {
    return { type: 'COMMA', right, criteria: null, at: right.at }
  })
  return readJoins(resolver, { first, rest: steps }, { sight, inside })
}

/** The same fields under one name, and under new names of their own where they are given. */
export const renamed = (
  resolver: Resolver,
  relation: Relation,
  { qualifier, names, at }: {
    readonly qualifier: readonly string[]
    readonly names: readonly Identifier[]
    readonly at: Identifier['at']
  }
): Relation => {
  if (relation.isOpaque) return opaque
  spend(resolver, relation.width)
  if (names.length === 0) return underName(relation, qualifier)
  if (names.length !== relation.width) {
    const message = `${names.length} column names are given to ${relation.width} columns`
    problem(resolver, 'UNKNOWN_COLUMN', message, { at })
    return opaque
  }
  let next = 0
  const parts = relation.parts.map((part): Part => {
    const list = part.fields.list.map((field): Field => {
      return { ...field, name: names[next++]?.name ?? field.name }
    })
    return { ...part, qualifier, fields: fieldsOf(list) }
  })
  return { ...relation, parts }
}

/** The same fields, read already. */
export const passedOn = (resolver: Resolver, { parts, width, isOpaque }: Relation): Relation => {
  spend(resolver, width)
  const passed = parts.map(({ qualifier, fields, scan }): Part => {
    return { qualifier, fields, scan, isRead: true }
  })
  return { parts: passed, width, isOpaque }
}

type Around = { readonly sight: Sight; readonly inside: Specification }

const readRelation = (resolver: Resolver, node: RelationNode, around: Around): Relation => {
  switch (node.kind) {
    case 'Table':
      return readNamed(resolver, node, { around, alias: null })
    case 'AliasedRelation':
      return readAliased(resolver, node, around)
    case 'TableSubquery':
    case 'Lateral':
      return passedOn(resolver, resolver.query(node.query, around.sight))
    case 'Unnest':
      return readUnnest(resolver, node, { sight: around.sight, width: null })
    case 'Join':
      return readJoins(resolver, node, around)
    case 'SampledRelation':
      return readSampled(resolver, node, around)
    case 'PatternRecognition':
      readRelation(resolver, node.relation, around)
      unsupported(resolver, 'MATCH_RECOGNIZE', node.match.at)
      return opaque
    case 'TableFunction':
      unsupported(resolver, 'a table function', node.at)
      return opaque
  }
}

const readNamed = (
  resolver: Resolver,
  node: TableNode,
  { around, alias }: { readonly around: Around; readonly alias: string | null }
): Relation => {
  const { period } = node
  const { sight, inside } = around
  const relation = readTable(resolver, node, { ctes: sight.ctes, alias, scans: inside.scans })
  if (period !== null) {
    unsupported(resolver, 'time travel', period.at)
    readCondition(resolver, period.end, { sight, clause: 'from' })
  }
  return relation
}

const readAliased = (resolver: Resolver, node: AliasedRelation, around: Around): Relation => {
  const { relation, alias, columnAliases: names } = node
  if (relation.kind === 'Table' && names.length === 0) {
    return readNamed(resolver, relation, { around, alias: alias.name })
  }
  const width = names.length === 0 ? null : names.length
  const read =
    relation.kind === 'Unnest'
      ? readUnnest(resolver, relation, { sight: around.sight, width })
      : readRelation(resolver, relation, around)
  return renamed(resolver, read, { qualifier: [alias.name], names, at: node.at })
}

const readSampled = (resolver: Resolver, node: SampledRelation, around: Around): Relation => {
  const before = around.inside.scans.length
  const relation = readRelation(resolver, node.relation, around)
  for (const { table } of around.inside.scans.slice(before)) {
    resolver.found.samples.push({ at: node.at, table })
  }
  readCondition(resolver, node.percentage, { sight: around.sight, clause: 'from' })
  return relation
}

/** `width`: how many columns the alias names, with the ordinality. */
const readUnnest = (
  resolver: Resolver,
  node: Unnest,
  { sight, width }: { readonly sight: Sight; readonly width: number | null }
): Relation => {
  const parts = node.expressions.map((expression) => {
    const into = gathering()
    readExpression(resolver, expression, { sight, clause: 'from', into })
    return { lineage: into.all, columns: unnestedColumns(resolver, expression) }
  })
  const known = parts.reduce((sum, { columns }) => sum + (columns?.length ?? 0), 0)
  const unknown = parts.filter(({ columns }) => columns === null)
  const ordinality = node.withOrdinality ? 1 : 0
  const left = (width ?? 0) - known - ordinality
  if (unknown.length > 0 && left < unknown.length) {
    const hint = 'name the columns: UNNEST(…) AS t(a, b)'
    const message = 'the columns of this UNNEST are not known'
    problem(resolver, 'UNSUPPORTED', message, { at: node.at, hint })
    return opaque
  }
  // of several unknown ones any may be any column's
  const all = gathered(unknown.map(({ lineage }) => lineage))
  const isOne = unknown.length === 1
  const fields = parts.flatMap(({ lineage, columns }): readonly Field[] =>
    (columns ?? Array.from({ length: isOne ? left : 1 }, () => ({ name: null, type: null }))).map(
      ({ name, type }) => made(name, isOne || columns !== null ? lineage : all, type)
    )
  )
  const more = unknown.length > 1 ? left - unknown.length : 0
  const others = Array.from({ length: more }, (): Field => ({ ...unnamed, lineage: all }))
  // with several of unknown width nobody knows where one ends: each may be made of all
  const whole = gathered(parts.map(({ lineage }) => lineage))
  const mixed =
    unknown.length > 1
      ? [...fields, ...others].map((field) => ({ ...field, lineage: whole }))
      : fields
  spend(resolver, mixed.length)
  return relationOf([partOf(node.withOrdinality ? [...mixed, unnamed] : mixed)])
}

const unnamed = made(null, none, null)

const unnestedColumns = (resolver: Resolver, expression: Expression) => {
  const type = typeOf(resolver, expression)
  if (type?.kind === 'map') return [type.key, type.value].map((one) => ({ name: null, type: one }))
  if (type?.kind !== 'array') return null
  return type.element.kind === 'row' ? type.element.fields : [{ name: null, type: type.element }]
}

type Step = Pick<JoinStep, 'right' | 'criteria' | 'at'> & { readonly type: JoinRead['type'] }

const readJoins = (
  resolver: Resolver,
  { first, rest }: { readonly first: RelationNode; readonly rest: readonly Step[] } | Join,
  around: Around
): Relation =>
  rest.reduce(
    (left: Relation, step: Step) => readJoin(resolver, left, { step, around }),
    readRelation(resolver, first, around)
  )

const readJoin = (
  resolver: Resolver,
  left: Relation,
  { step, around }: { readonly step: Step; readonly around: Around }
): Relation => {
  const { sight, inside } = around
  const { type, criteria, at } = step
  const within = isLateral(step.right) ? besides(left, around) : around
  const right = readRelation(resolver, step.right, within)
  // a table may have no columns, and is joined all the same
  const parts = left.parts.length + right.parts.length
  spend(resolver, Math.max(left.width + right.width, parts))
  if (criteria?.kind === 'JoinNatural') return joinNatural(resolver, [left, right], criteria.at)
  const isUsing = criteria?.kind === 'JoinUsing'
  const on = criteria?.kind === 'JoinOn' ? criteria : null
  const unnested = unnestedBy(step.right)
  const { joins } = resolver.found
  joins.push({ at, type, left, right, on, isUsing, unnested })
  if (criteria?.kind === 'JoinUsing') return joinUsing(resolver, { left, right, criteria, type })
  const joined = {
    parts: left.parts.concat(right.parts),
    width: left.width + right.width,
    isOpaque: left.isOpaque || right.isOpaque
  }
  if (on !== null) readOn(resolver, on, { joined, sight })
  if (on !== null && type === 'INNER') inside.conditions.push(on.expression)
  return joined
}

/** What is right of a relation and sees it. */
const besides = (left: Relation, { inside, sight }: Around): Around => ({
  inside,
  sight: { ...sight, scope: scopeOf(left, sight.scope, false) }
})

const readOn = (
  resolver: Resolver,
  { expression }: JoinOn,
  { joined, sight }: { readonly joined: Relation; readonly sight: Sight }
): void => {
  const scope = scopeOf(joined, sight.scope, true)
  readCondition(resolver, expression, { sight: { ...sight, scope }, clause: 'on' })
}

const isLateral = (node: RelationNode): boolean =>
  node.kind === 'AliasedRelation'
    ? isLateral(node.relation)
    : node.kind === 'Unnest' || node.kind === 'Lateral'

const unnestedBy = (node: RelationNode): readonly Expression[] | null => {
  if (node.kind === 'AliasedRelation') return unnestedBy(node.relation)
  return node.kind === 'Unnest' ? node.expressions : null
}
