/**
 * Calls: functions with all that may follow them, LISTAGG, which has a grammar of its own, and
 * lambdas.
 */
import type {
  Expression, FunctionCall, Identifier, Lambda, Listagg, ListaggOverflow, SetQuantifier
} from './ast.ts'
import { isAliasNext, startsExpression } from './parser-ahead.ts'
import {
  type Cursor, accept, acceptOne, expect, identifier, inParentheses, isName, isString, listOf,
  nested, none, peek, since
} from './parser-cursor.ts'
import { expression } from './parser-expression.ts'
import { stringValue } from './parser-literal.ts'
import { orderBy, sortItem } from './parser-sort.ts'
import { over } from './parser-window.ts'

/** DISTINCT or ALL before expressions, where ALL can also be the name of a column. */
export const setQuantifier = (c: Cursor): SetQuantifier | null => {
  if (accept(c, 'DISTINCT')) return 'DISTINCT'
  const next = peek(c, 1)
  return peek(c) === 'ALL' && (next === '*' || startsExpression(next)) ? acceptOne(c, 'ALL') : null
}

/**
 * The same where an expression has no alias: what looks like one is the window of a column called
 * `all`, as in `GROUP BY all OVER w`.
 */
export const itemQuantifier = (c: Cursor): SetQuantifier | null => {
  const isColumn = peek(c) === 'ALL' && peek(c, 1) === 'OVER'
  return isColumn && isAliasNext({ ...c, index: c.index + 2 }) ? null : setQuantifier(c)
}

/** The call of `name`, whose arguments come next; its first token is `n`. */
export const functionCall = (
  c: Cursor,
  { n, name, processing }: Pick<FunctionCall, 'name' | 'processing'> & { readonly n: number }
): FunctionCall => {
  const called = inParentheses(c, argumentsOf)
  const filter = filterOf(c)
  const nullTreatment = nullTreatmentOf(c)
  const isOver = peek(c) === 'OVER' && (peek(c, 1) === '(' || isName(peek(c, 1)))
  const window = isOver ? over(c) : null
  return {
    kind: 'FunctionCall',
    at: since(c, n),
    name,
    processing,
    // one by one, for a spread in the middle is slow
    isStar: called.isStar,
    label: called.label,
    quantifier: called.quantifier,
    arguments: called.arguments,
    orderBy: called.orderBy,
    filter,
    nullTreatment,
    over: window
  }
}

type Called = Pick<FunctionCall, 'isStar' | 'label' | 'quantifier' | 'arguments' | 'orderBy'>

const star: Called = { isStar: true, label: null, quantifier: null, arguments: none, orderBy: none }

const argumentsOf = (c: Cursor): Called => {
  if (isName(peek(c)) && peek(c, 1) === '.' && peek(c, 2) === '*' && peek(c, 3) === ')') {
    const label = identifier(c)
    c.index += 2
    return { ...star, label }
  }
  if (peek(c, 1) === ')' && accept(c, '*')) return star
  if (peek(c) === ')' || peek(c) === 'ORDER') return { ...star, isStar: false, orderBy: orderBy(c) }
  const quantifier = itemQuantifier(c)
  const values = listOf(c, expression)
  return { isStar: false, label: null, quantifier, arguments: values, orderBy: orderBy(c) }
}

/** FILTER (WHERE …), when that comes next and not an alias of that name. */
const filterOf = (c: Cursor): Expression | null => {
  if (peek(c) !== 'FILTER' || peek(c, 1) !== '(' || peek(c, 2) !== 'WHERE') return null
  c.index++
  return inParentheses(c, (inner) => {
    expect(inner, 'WHERE')
    return expression(inner)
  })
}

const nullTreatmentOf = (c: Cursor): 'IGNORE' | 'RESPECT' | null => {
  if (peek(c, 1) !== 'NULLS' || peek(c, 2) !== 'OVER') return null
  const treatment = acceptOne(c, 'IGNORE', 'RESPECT')
  if (treatment !== null) c.index++
  return treatment
}

export const listagg = (c: Cursor): Listagg => {
  const n = expect(c, 'LISTAGG')
  const inner = inParentheses(c, listaggArguments)
  expect(c, 'WITHIN')
  expect(c, 'GROUP')
  const withinGroup = inParentheses(c, (sorted) => {
    expect(sorted, 'ORDER')
    expect(sorted, 'BY')
    return listOf(sorted, sortItem)
  })
  const filter = filterOf(c)
  return { kind: 'Listagg', at: since(c, n), ...inner, withinGroup, filter }
}

type ListaggArguments = Pick<Listagg, 'quantifier' | 'value' | 'separator' | 'overflow'>

const listaggArguments = (c: Cursor): ListaggArguments => {
  const quantifier = itemQuantifier(c)
  const value = expression(c)
  const separator = accept(c, ',') ? stringValue(c) : null
  const overflow = accept(c, 'ON') ? listaggOverflow(c) : null
  return { quantifier, value, separator, overflow }
}

const listaggOverflow = (c: Cursor): ListaggOverflow => {
  expect(c, 'OVERFLOW')
  if (accept(c, 'ERROR')) return { kind: 'Error' }
  expect(c, 'TRUNCATE')
  const filler = isString(peek(c)) ? stringValue(c) : null
  const withCount = accept(c, 'WITH')
  if (!withCount) expect(c, 'WITHOUT')
  expect(c, 'COUNT')
  return { kind: 'Truncate', filler, withCount }
}

/** `x -> body`. */
export const nameLambda = (c: Cursor): Lambda => lambda(c, (inner) => [identifier(inner)])

/** `(x, y) -> body`, `() -> body`. */
export const groupLambda = (c: Cursor): Lambda =>
  lambda(c, (inner) =>
    inParentheses(inner, (names) => (peek(names) === ')' ? [] : listOf(names, identifier)))
  )

const lambda = (c: Cursor, parametersOf: (c: Cursor) => readonly Identifier[]): Lambda => {
  const n = c.index
  const parameters = parametersOf(c)
  expect(c, '->')
  const body = nested(c, expression)
  return { kind: 'Lambda', at: since(c, n), parameters, body }
}
