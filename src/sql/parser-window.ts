/**
 * Windows: OVER, the WINDOW clause, and frames. Frames that recognise patterns are refused by name.
 */
import type { FrameBound, Over, WindowDefinition, WindowFrame, WindowSpecification } from './ast.ts'
import type { TokenKind } from './lexer.ts'
import {
  type Cursor, accept, acceptOne, expect, expectOne, identifier, isName, listOf, nested, partnerOf,
  peek, spanFrom, unsupported
} from './parser-cursor.ts'
import { expression } from './parser-expression.ts'
import { orderBy } from './parser-sort.ts'

/** `OVER name` or `OVER (…)`. */
export const over = (c: Cursor): Over => {
  const n = expect(c, 'OVER')
  if (peek(c) === '(') return windowSpecification(c)
  const name = identifier(c)
  return { kind: 'WindowReference', at: spanFrom(c, n), name }
}

export const windowDefinition = (c: Cursor): WindowDefinition => {
  const n = c.index
  const name = identifier(c)
  expect(c, 'AS')
  const window = windowSpecification(c)
  return { kind: 'WindowDefinition', at: spanFrom(c, n), name, window }
}

const windowSpecification = (c: Cursor): WindowSpecification => {
  const n = expect(c, '(')
  const parts = nested(c, (inner) => specificationParts(inner, partnerOf(inner, n)))
  expect(c, ')')
  return { kind: 'WindowSpecification', at: spanFrom(c, n), ...parts }
}

type Parts = Pick<WindowSpecification, 'existingName' | 'partitionBy' | 'orderBy' | 'frame'>

const specificationParts = (c: Cursor, close: number): Parts => {
  const existingName = isExistingName(c) ? identifier(c) : null
  const isPartitioned = accept(c, 'PARTITION')
  if (isPartitioned) expect(c, 'BY')
  const partitionBy = isPartitioned ? listOf(c, expression) : []
  const sorted = orderBy(c)
  const frame = windowFrame(c, close)
  return { existingName, partitionBy, orderBy: sorted, frame }
}

const afterName: ReadonlySet<TokenKind> = new Set<TokenKind>(
  [')', 'PARTITION', 'ORDER', 'RANGE', 'ROWS', 'GROUPS', 'MEASURES']
)

const isExistingName = (c: Cursor): boolean => isName(peek(c)) && afterName.has(peek(c, 1))

const windowFrame = (c: Cursor, close: number): WindowFrame | null => {
  const n = c.index
  if (peek(c) === ')') return null
  if (peek(c) === 'MEASURES') return skipPattern(c, close)
  const type = expectOne(c, 'RANGE', 'ROWS', 'GROUPS')
  const isBetween = accept(c, 'BETWEEN')
  const start = frameBound(c)
  if (isBetween) expect(c, 'AND')
  const end = isBetween ? frameBound(c) : null
  if (isName(peek(c))) return skipPattern(c, close)
  return { kind: 'WindowFrame', at: spanFrom(c, n), type, start, end }
}

const patternWords: ReadonlySet<string> = new Set(
  ['MEASURES', 'AFTER', 'INITIAL', 'SEEK', 'PATTERN', 'SUBSET', 'DEFINE']
)

/** The rest of a window that recognises patterns, up to its closing parenthesis. */
const skipPattern = (c: Cursor, close: number): null => {
  const n = c.index
  const { name } = identifier(c)
  if (!patternWords.has(name.toUpperCase())) {
    c.index = n
    expect(c, ')')
  }
  unsupported(c, 'pattern recognition', spanFrom(c, n))
  c.index = close
  return null
}

const frameBound = (c: Cursor): FrameBound => {
  const n = c.index
  if (peek(c) === 'CURRENT' && peek(c, 1) === 'ROW') {
    c.index += 2
    return { kind: 'FrameBound', at: spanFrom(c, n), type: 'CURRENT_ROW', value: null }
  }
  const next = peek(c, 1)
  const isUnbounded = peek(c) === 'UNBOUNDED' && (next === 'PRECEDING' || next === 'FOLLOWING')
  const value = isUnbounded ? null : expression(c)
  if (isUnbounded) acceptOne(c, 'UNBOUNDED')
  const type = expectOne(c, 'PRECEDING', 'FOLLOWING')
  return { kind: 'FrameBound', at: spanFrom(c, n), type, value }
}
