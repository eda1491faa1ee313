/**
 * The parts of an expression, whatever it is, so that a walk needs to know only the nodes it is
 * about. A part that is a query is not among them: it has a scope of its own.
 */
import type { JsonInput, JsonPath, JsonValueBehavior } from './ast-json.ts'
import type { Expression, FunctionCall, Over, Query, SortItem } from './ast.ts'

const none: readonly never[] = []

/** The expressions directly under one, those of its window, filter and ordering included. */
export const childrenOf = (node: Expression): readonly Expression[] => {
  switch (node.kind) {
    case 'NullLiteral':
    case 'BooleanLiteral':
    case 'StringLiteral':
    case 'BinaryLiteral':
    case 'NumericLiteral':
    case 'GenericLiteral':
    case 'IntervalLiteral':
    case 'Parameter':
    case 'ColumnReference':
    case 'CurrentValue':
    case 'SubqueryExpression':
    case 'Exists':
      return none
    case 'Logical':
    case 'Concatenation':
      return node.terms
    case 'Not':
    case 'ArithmeticUnary':
    case 'Cast':
    case 'Extract':
    case 'Normalize':
    case 'IsNull':
    case 'QuantifiedComparison':
    case 'InSubquery':
      return [node.value]
    case 'Comparison':
      return [node.left, node.right]
    case 'Between':
      return [node.value, node.lower, node.upper]
    case 'InList':
      return [node.value, ...node.items]
    case 'Like':
      return [node.value, node.pattern, ...given(node.escape)]
    case 'IsDistinctFrom':
      return [node.value, node.right]
    case 'Arithmetic':
      return [node.first, ...node.rest.map((step) => step.value)]
    case 'AtTimeZone':
      return [node.value, node.zone]
    case 'Dereference':
      return [node.base]
    case 'Subscript':
      return [node.base, node.index]
    case 'FunctionCall':
      return partsOfCall(node)
    case 'Measure':
      return windowed(node.over)
    case 'Listagg':
      return [node.value, ...sorted(node.withinGroup), ...given(node.filter)]
    case 'Lambda':
      return [node.body]
    case 'Row':
    case 'ArrayConstructor':
      return node.items
    case 'Case':
      return [
        ...given(node.operand),
        ...node.whens.flatMap(({ condition, result }) => [condition, result]),
        ...given(node.otherwise)
      ]
    case 'Trim':
      return [...given(node.character), node.value]
    case 'Position':
      return [node.needle, node.value]
    case 'Substring':
      return [node.value, node.start, ...given(node.length)]
    case 'Grouping':
      return node.columns
    case 'JsonExists':
    case 'JsonQuery':
      return reaching(node)
    case 'JsonValue':
      return [...reaching(node), ...defaulted(node.onEmpty), ...defaulted(node.onError)]
    case 'JsonObject':
      return node.members.flatMap(({ key, value }) => [key, value.value])
    case 'JsonArray':
      return node.items.map(({ value }) => value)
  }
}

/** Its arguments alone, most often: then no list is made. */
const partsOfCall = (call: FunctionCall): readonly Expression[] => {
  const { arguments: values, orderBy, filter, over } = call
  if (orderBy.length === 0 && filter === null && over === null) return values
  const window = over === null ? none : windowed(over)
  return [...values, ...sorted(orderBy), ...given(filter), ...window]
}

/** What a JSON path is applied to, and what is passed to it. */
const reaching = ({ input, passing }: JsonPath): readonly Expression[] => {
  const inputs: readonly JsonInput[] = [input, ...passing.map((one) => one.input)]
  return inputs.map(({ value }) => value)
}

const defaulted = (behavior: JsonValueBehavior | null): readonly Expression[] =>
  behavior?.kind === 'Default' ? [behavior.value] : none

/** The query that an expression holds, if it holds one. */
export const queryIn = (node: Expression): Query | null => ('query' in node ? node.query : null)

/**
 * The expressions of a window: partition, order and frame. Those of a pattern are not among them:
 * its variables are a scope of their own.
 */
export const windowed = (over: Over): readonly Expression[] => {
  if (over.kind === 'WindowReference') return none
  const { partitionBy, orderBy, frame } = over
  return [
    ...partitionBy,
    ...sorted(orderBy),
    ...given(frame?.start.value ?? null),
    ...given(frame?.end?.value ?? null)
  ]
}

const sorted = (items: readonly SortItem[]): readonly Expression[] =>
  items.map(({ expression }) => expression)

const given = (node: Expression | null): readonly Expression[] => (node === null ? none : [node])
