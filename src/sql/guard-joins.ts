/**
 * Joins that pair every row with every row: CROSS JOIN, commas, and an ON that relates no column of
 * one side to one of the other. CROSS JOIN UNNEST of a column of the left side is none.
 */
import type { Expression } from './ast.ts'
import { childrenOf } from './children.ts'
import type { JoinRead, Objection, Resolution } from './resolution.ts'
import type { Restrictions } from './restrictions.ts'
import type { Part } from './scope.ts'

export const crossJoins = (
  resolution: Resolution,
  { guardrail }: Restrictions
): readonly Objection[] => {
  if (!guardrail.forbidCrossJoin) return []
  return resolution.joins
    .filter((join) => !isRelated(resolution, join))
    .map(({ at, on }) => ({
      code: 'CROSS_JOIN',
      rule: 'forbid_cross_join',
      at: on === null ? at : on.at,
      message: 'the join relates no column of its left side to one of its right side',
      hint: 'write JOIN … ON left.column = right.column'
    }))
}

type Side = 'left' | 'right'
type Sides = ReadonlyMap<Part, Side>

const isRelated = (
  resolution: Resolution,
  { left, right, on, isUsing, unnested }: JoinRead
): boolean => {
  if (isUsing) return true
  const sides: Sides = new Map([
    ...left.parts.map((part) => [part, 'left'] as const),
    ...right.parts.map((part) => [part, 'right'] as const)
  ])
  const mentions = (nodes: readonly Expression[], side: Side): boolean =>
    nodes.some((node) => sidesIn(resolution, node, sides).has(side))
  if (unnested !== null) return mentions(unnested, 'left')
  const relates = (node: Expression): boolean => {
    if (node.kind === 'Logical') {
      return node.operator === 'AND' ? node.terms.some(relates) : node.terms.every(relates)
    }
    if (node.kind === 'Not') return relates(node.value)
    const [one, others] = comparedIn(node)
    return (
      (mentions(one, 'left') && mentions(others, 'right')) ||
      (mentions(one, 'right') && mentions(others, 'left'))
    )
  }
  return on !== null && relates(on.expression)
}

/** What a predicate compares with what; of anything else all with all. */
const comparedIn = (
  node: Expression
): readonly [one: readonly Expression[], others: readonly Expression[]] => {
  if (node.kind === 'Comparison') return [[node.left], [node.right]]
  if (node.kind === 'IsDistinctFrom') return [[node.value], [node.right]]
  if (node.kind === 'Between') return [[node.value], [node.lower, node.upper]]
  if (node.kind === 'InList') return [[node.value], node.items]
  if (node.kind === 'Like') return [[node.value], [node.pattern]]
  return [[node], [node]]
}

const sidesIn = (
  { references }: Resolution,
  expression: Expression,
  sides: Sides
): ReadonlySet<Side> => {
  const found = new Set<Side>()
  const left = [expression]
  for (let node = left.pop(); node !== undefined; node = left.pop()) {
    const part = node.kind === 'ColumnReference' ? references.get(node)?.part : undefined
    const side = part && sides.get(part)
    if (side !== undefined) found.add(side)
    for (const child of childrenOf(node)) left.push(child)
  }
  return found
}
