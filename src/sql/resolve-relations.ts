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
  JoinUsing,
  Relation as RelationNode,
  SampledRelation,
  Table as TableNode,
  Unnest
} from './ast.ts'
import type { Column } from './catalog.ts'
import {
  type JoinRead,
  type Resolver,
  type Sight,
  type Specification,
  note,
  problem,
  spend
} from './resolution.ts'
import { readCondition, readExpression } from './resolve-expressions.ts'
import { readTable } from './resolve-tables.ts'
import {
  type Field,
  type Relation,
  fieldsNamed,
  made,
  noSources,
  none,
  nothing,
  opaque,
  scopeOf,
  sourcesOf
} from './scope.ts'
import { commonType, typeOf } from './type-of.ts'

/** The fields of FROM's items, separated by commas. */
export const readFrom = (
  resolver: Resolver,
  items: readonly RelationNode[],
  { sight, inside }: { readonly sight: Sight; readonly inside: Specification }
): Relation => {
  const [first, ...rest] = items
  if (first === undefined) return nothing
  const steps = rest.map((right): Step => {
    return { type: 'COMMA', right, criteria: null, at: right.at }
  })
  return readJoins(resolver, { first, rest: steps }, { sight, inside })
}

/** The same fields under one name, and under new names of their own where they are given. */
export const renamed = (
  resolver: Resolver,
  { fields, isOpaque }: Relation,
  { qualifier, names, at }: {
    readonly qualifier: readonly string[]
    readonly names: readonly Identifier[]
    readonly at: Identifier['at']
  }
): Relation => {
  if (isOpaque) return opaque
  spend(resolver, fields.length)
  if (names.length > 0 && names.length !== fields.length) {
    const message = `${names.length} column names are given to ${fields.length} columns`
    problem(resolver, 'UNKNOWN_COLUMN', message, { at })
    return opaque
  }
  return {
    fields: fields.map(({ name, source, twins, lineage, type }, n) => {
      return { qualifier, name: names[n]?.name ?? name, source, twins, lineage, type }
    }),
    isOpaque
  }
}

/** The same fields, read already. */
export const passedOn = (resolver: Resolver, { fields, isOpaque }: Relation): Relation => {
  spend(resolver, fields.length)
  const passed = fields.map(({ qualifier, name, lineage, type }): Field => {
    return { qualifier, name, source: null, twins: noSources, lineage, type }
  })
  return { fields: passed, isOpaque }
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
  }
}

const readNamed = (
  resolver: Resolver,
  node: TableNode,
  { around, alias }: { readonly around: Around; readonly alias: string | null }
): Relation => {
  const { relation, scan } = readTable(resolver, node, { ctes: around.sight.ctes, alias })
  if (scan !== null) around.inside.scans.push(scan)
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
    const lineage = new Set<Column>()
    readExpression(resolver, expression, { sight, clause: 'from', into: lineage })
    return { lineage, columns: unnestedColumns(resolver, expression) }
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
  const all = new Set(unknown.flatMap(({ lineage }) => [...lineage]))
  const isOne = unknown.length === 1
  const fields = parts.flatMap(({ lineage, columns }): readonly Field[] =>
    (columns ?? Array.from({ length: isOne ? left : 1 }, () => ({ name: null, type: null }))).map(
      ({ name, type }) => made(name, isOne || columns !== null ? lineage : all, type)
    )
  )
  const more = unknown.length > 1 ? left - unknown.length : 0
  const others = Array.from({ length: more }, (): Field => ({ ...unnamed, lineage: all }))
  // with several of unknown width nobody knows where one ends: each may be made of all
  const whole = new Set(parts.flatMap(({ lineage }) => [...lineage]))
  const mixed =
    unknown.length > 1
      ? [...fields, ...others].map((field) => ({ ...field, lineage: whole }))
      : fields
  spend(resolver, mixed.length)
  return { fields: node.withOrdinality ? [...mixed, unnamed] : mixed, isOpaque: false }
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
  const seesLeft = isLateral(step.right)
  const scope = seesLeft ? scopeOf(left, sight.scope, false) : sight.scope
  const right = readRelation(resolver, step.right, { inside, sight: { ...sight, scope } })
  spend(resolver, left.fields.length + right.fields.length)
  const isUsing = criteria?.kind === 'JoinUsing'
  const on = criteria?.kind === 'JoinOn' ? criteria : null
  const unnested = unnestedBy(step.right)
  const { joins } = resolver.found
  joins.push({ at, type, left: left.fields, right: right.fields, on, isUsing, unnested })
  if (criteria?.kind === 'JoinUsing') return joinUsing(resolver, { left, right, criteria, type })
  const joined = {
    fields: [...left.fields, ...right.fields],
    isOpaque: left.isOpaque || right.isOpaque
  }
  if (on !== null) readOn(resolver, on, { joined, sight })
  if (on !== null && type === 'INNER') inside.conditions.push(on.expression)
  return joined
}

const readOn = (
  resolver: Resolver,
  { expression }: JoinOn,
  { joined, sight }: { readonly joined: Relation; readonly sight: Sight }
): void => {
  const scope = scopeOf(joined, sight.scope, true)
  readCondition(resolver, expression, { sight: { ...sight, scope }, clause: 'on' })
}

/** Both sides are read; the merged column stands first and has no qualifier. */
const joinUsing = (
  resolver: Resolver,
  { left, right, criteria, type }: {
    readonly left: Relation
    readonly right: Relation
    readonly criteria: JoinUsing
    readonly type: JoinRead['type']
  }
): Relation => {
  const scopes = [left, right].map((relation) => scopeOf(relation, null, true))
  const taken = new Set<Field>()
  const merged = criteria.columns.map((column): Field => {
    const pair = scopes.map((side) => {
      const [field, other] = fieldsNamed(side, [column], 1)
      if (field !== undefined && other === undefined) return field
      if (field === undefined && side.relation.isOpaque) return null
      const code = field === undefined ? 'UNKNOWN_COLUMN' : 'AMBIGUOUS_COLUMN'
      const message =
        field === undefined
          ? `there is no column ${column.name} on both sides`
          : `more than one column answers to ${column.name} on one side`
      problem(resolver, code, message, { at: column.at })
      return null
    })
    const found = pair.flatMap((field) => field ?? [])
    for (const field of found) {
      taken.add(field)
      note(resolver, field, { at: column.at, by: 'using', isCounted: false })
    }
    // where one side may be missing, its own column is not what the merged one holds
    const sides = { INNER: found, LEFT: pair.slice(0, 1), RIGHT: pair.slice(1) }
    const kept = type === 'LEFT' || type === 'RIGHT' || type === 'INNER' ? sides[type] : []
    const [source = null, ...twins] = kept.flatMap((field) => (field ? sourcesOf(field) : []))
    const lineage = new Set(found.flatMap((field) => [...field.lineage]))
    const common = commonType(pair.map((field) => field?.type ?? null))
    return { qualifier: [], name: column.name, source, twins, lineage, type: common }
  })
  const others = [...left.fields, ...right.fields].filter((field) => !taken.has(field))
  return { fields: [...merged, ...others], isOpaque: left.isOpaque || right.isOpaque }
}

const isLateral = (node: RelationNode): boolean =>
  node.kind === 'AliasedRelation'
    ? isLateral(node.relation)
    : node.kind === 'Unnest' || node.kind === 'Lateral'

const unnestedBy = (node: RelationNode): readonly Expression[] | null => {
  if (node.kind === 'AliasedRelation') return unnestedBy(node.relation)
  return node.kind === 'Unnest' ? node.expressions : null
}
