/** Windows: OVER, the WINDOW clause, and frames, which may recognise patterns. */
import type { FrameBound, Over, WindowDefinition, WindowFrame, WindowSpecification } from './ast.ts'
import type { TokenKind } from './tokens.ts'
import {
  type Cursor, accept, acceptOne, expect, expectOne, identifier, inParentheses, isName, peek,
  since
} from './parser-cursor.ts'
import { expression } from './parser-expression.ts'
import { matchingAfter, measureDefinitions } from './parser-pattern.ts'
import { orderBy, partitionBy } from './parser-sort.ts'

/** `OVER name` or `OVER (…)`. */
export const over = (c: Cursor): Over => {
  const n = expect(c, 'OVER')
  if (peek(c) === '(') return windowSpecification(c)
  const name = identifier(c)
  return { kind: 'WindowReference', at: since(c, n), name }
}

export const windowDefinition = (c: Cursor): WindowDefinition => {
  const n = c.index
  const name = identifier(c)
  expect(c, 'AS')
  const window = windowSpecification(c)
  return { kind: 'WindowDefinition', at: since(c, n), name, window }
}

const windowSpecification = (c: Cursor): WindowSpecification => {
  const n = c.index
  const parts = inParentheses(c, specificationParts)
  return { kind: 'WindowSpecification', at: since(c, n), ...parts }
}

type Parts = Pick<WindowSpecification, 'existingName' | 'partitionBy' | 'orderBy' | 'frame'>

const specificationParts = (c: Cursor): Parts => {
  const existingName = isExistingName(c) ? identifier(c) : null
  const partition = partitionBy(c)
  const sorted = orderBy(c)
  const frame = peek(c) === ')' ? null : windowFrame(c)
  return { existingName, partitionBy: partition, orderBy: sorted, frame }
}

const afterName: ReadonlySet<TokenKind> = new Set<TokenKind>(
  [')', 'PARTITION', 'ORDER', 'RANGE', 'ROWS', 'GROUPS', 'MEASURES']
)

const isExistingName = (c: Cursor): boolean => isName(peek(c)) && afterName.has(peek(c, 1))

const windowFrame = (c: Cursor): WindowFrame => {
  const n = c.index
  const measures = measureDefinitions(c)
  const type = expectOne(c, 'RANGE', 'ROWS', 'GROUPS')
  const isBetween = accept(c, 'BETWEEN')
  const start = frameBound(c)
  if (isBetween) expect(c, 'AND')
  const end = isBetween ? frameBound(c) : null
  const isMatching = measures.length > 0 || peek(c) !== ')'
  const matching = isMatching ? { measures, ...matchingAfter(c) } : null
  return { kind: 'WindowFrame', at: since(c, n), type, start, end, matching }
}

const frameBound = (c: Cursor): FrameBound => {
  const n = c.index
  if (peek(c) === 'CURRENT' && peek(c, 1) === 'ROW') {
    c.index += 2
    return { kind: 'FrameBound', at: since(c, n), type: 'CURRENT_ROW', value: null }
  }
  const next = peek(c, 1)
  const isUnbounded = peek(c) === 'UNBOUNDED' && (next === 'PRECEDING' || next === 'FOLLOWING')
  const value = isUnbounded ? null : expression(c)
  if (isUnbounded) acceptOne(c, 'UNBOUNDED')
  const type = expectOne(c, 'PRECEDING', 'FOLLOWING')
  return { kind: 'FrameBound', at: since(c, n), type, value }
}
