/**
 * Every SELECT that scans a partitioned table itself has to narrow one of its partition keys: a
 * comparison with constants that is a whole AND term of its WHERE, or of an inner join's ON. Not
 * under OR or NOT, not wrapped in a function or cast, not with another column.
 */
import type { ColumnReference, Expression } from './ast.ts'
import { childrenOf, queryIn } from './children.ts'
import { functionKind } from './functions.ts'
import type { Objection, Resolution } from './resolution.ts'
import type { Restrictions } from './restrictions.ts'
import { type Source, sourcesOf } from './scope.ts'

export const unnarrowedScans = (
  resolution: Resolution,
  { guardrail }: Restrictions
): readonly Objection[] => {
  if (!guardrail.requirePartitionPredicate) return []
  return resolution.specifications.flatMap(({ scans, conditions }) => {
    const narrowed = new Set(
      conditions
        .flatMap(termsOf)
        .flatMap((term) => narrowedBy(term))
        .flatMap((reference) => sourcesBy(resolution, reference))
        .filter(({ column }) => column.isPartitionKey)
        .map(({ scan }) => scan)
    )
    return scans.flatMap((scan): readonly Objection[] => {
      const { table, at } = scan
      const keys = table.columns.filter((column) => column.isPartitionKey).map(({ name }) => name)
      // what has no partitions cannot be narrowed to some
      if (keys.length === 0 || narrowed.has(scan)) return []
      return [
        {
          code: 'PARTITION_PREDICATE_REQUIRED',
          rule: 'require_partition_predicate',
          at,
          message: `${table.id} is read without narrowing ${keys.join(' or ')}`,
          object: { catalog: resolution.catalog, database: table.database, table: table.name },
          hint: `compare ${keys[0]} with a constant in this SELECT's own WHERE, as an AND term`
        }
      ]
    })
  })
}

/** The AND terms of a condition, however long the chain is. */
const termsOf = (condition: Expression): readonly Expression[] => {
  const terms: Expression[] = []
  const left = [condition]
  for (let node = left.pop(); node !== undefined; node = left.pop()) {
    if (node.kind === 'Logical' && node.operator === 'AND') left.push(...node.terms)
    else terms.push(node)
  }
  return terms
}

/** The names that a term compares with constants. */
const narrowedBy = (term: Expression): readonly ColumnReference[] => {
  if (term.kind === 'Comparison' && term.operator !== '<>') {
    return [...named(term.left, [term.right]), ...named(term.right, [term.left])]
  }
  if (term.kind === 'Between' && !term.isNegated) return named(term.value, [term.lower, term.upper])
  if (term.kind === 'InList' && !term.isNegated) return named(term.value, term.items)
  return []
}

const named = (
  value: Expression,
  others: readonly Expression[]
): readonly ColumnReference[] =>
  value.kind === 'ColumnReference' && others.every(isConstant) ? [value] : []

/** Made of literals and scalar functions alone, so that it is known before a row is read. */
const isConstant = (node: Expression): boolean => {
  const { kind } = node
  if (kind === 'ColumnReference' || kind === 'Parameter' || kind === 'Lambda') return false
  if (kind === 'FunctionCall' && functionKind(node.name.parts[0].name) !== 'scalar') return false
  if (kind === 'Listagg' || queryIn(node) !== null) return false
  return childrenOf(node).every(isConstant)
}

/** What a name reads, where it is a column whole and of this SELECT. */
const sourcesBy = ({ references }: Resolution, node: ColumnReference): readonly Source[] => {
  const found = references.get(node)
  return found?.isLocal === true && found.used === node.parts.length ? sourcesOf(found) : []
}
