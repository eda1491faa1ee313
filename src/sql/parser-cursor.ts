/**
 * Where the parser stands: one token ahead, never back. What all parts of the grammar share: taking
 * tokens, counting how deep they nest, names, and `fail` and `halt`, which stop the parse.
 */
import type { Identifier, QualifiedName, Some } from './ast.ts'
import { isUpper } from './lexer-units.ts'
import { maxNesting } from './lexer.ts'
import type { Finding, RefusalCode } from './refusal.ts'
import { type Stretch, type TokenKind, type Tokens, stretch } from './tokens.ts'
import { freeWords } from './words.ts'

export type Cursor = {
  readonly sql: string
  readonly tokens: Tokens
  /** The token not yet taken. */
  index: number
  depth: number
  /** How deep anything within the chain being read has come; see `heighten`. */
  deepest: number
  /** The token at which the last complete primary expression began: `target` in `target.*`. */
  primaryStart: number
}

/** Thrown by the parser to its own entry, which turns it into a refusal. */
export class Halt extends Error {
  readonly finding: Finding<Stretch>
  constructor(finding: Finding<Stretch>) {
    super(finding.message)
    this.finding = finding
  }
}

export const cursorOf = (sql: string, tokens: Tokens): Cursor => ({
  sql,
  tokens,
  index: 0,
  depth: 0,
  deepest: 0,
  primaryStart: -1
})

/** The kind of the token `ahead` of the next one (0 is the next one itself). */
export const peek = (c: Cursor, ahead = 0): TokenKind =>
  c.tokens.kinds[c.index + ahead] ?? 'END_OF_TEXT'

/** Takes the next token when it is of this kind. */
export const accept = (c: Cursor, kind: TokenKind): boolean => {
  if (peek(c) !== kind) return false
  c.index++
  return true
}

/** Takes the next token, which has to be of this kind, and says which one it was. */
export const expect = (c: Cursor, kind: TokenKind): number => {
  if (peek(c) !== kind) return fail(c)
  return c.index++
}

/** The one of `kinds` that comes next, taken; null when it is none of them. */
export const acceptOne = <K extends TokenKind>(c: Cursor, ...kinds: readonly K[]): K | null => {
  const next = peek(c)
  for (const kind of kinds) {
    if (kind !== next) continue
    c.index++
    return kind
  }
  return null
}

export const expectOne = <K extends TokenKind>(
  c: Cursor,
  ...kinds: readonly K[]
): K => acceptOne(c, ...kinds) ?? fail(c)

/** The text of token `n`, as written. */
export const textOf = (c: Cursor, n: number): string => c.sql.slice(
  c.tokens.starts[n],
  c.tokens.ends[n]
)

/** From token `first` to the last one taken. */
export const since = (c: Cursor, first: number): Stretch =>
  stretch(first, Math.max(c.index - 1, first))

/**
 * Stops the parse at the next token, or at token `n`. A literal is not repeated: it may hold what
 * nobody should read.
 */
export const fail = (c: Cursor, n: number = c.index): never => {
  const kind = c.tokens.kinds[n] ?? 'END_OF_TEXT'
  return halt('PARSE_ERROR', `unexpected ${wordFor(c, kind, n)}`, stretch(n, n))
}

const literals: ReadonlySet<TokenKind> = new Set(
  ['STRING', 'UNICODE_STRING', 'BINARY', 'INTEGER', 'DECIMAL', 'DOUBLE_VALUE']
)

const wordFor = (c: Cursor, kind: TokenKind, n: number): string => {
  if (kind === 'END_OF_TEXT') return 'end of the query'
  return literals.has(kind) ? 'literal' : textOf(c, n).slice(0, 40)
}

export const halt = (code: RefusalCode, message: string, at: Stretch): never => {
  throw new Halt({ code, message, at })
}

/** Runs one level deeper. Everything that recurses goes through here. */
export const nested = <T>(c: Cursor, parse: (c: Cursor) => T): T => {
  c.depth++
  if (c.depth > c.deepest) reach(c, c.depth)
  const result = parse(c)
  c.depth--
  return result
}

/**
 * `a[1][2]`, `f().x.y`: read in a loop, yet each step wraps all that came before, so the tree grows
 * upwards: by one level over the deepest point of its base. Between `startChain` and `endChain`
 * `deepest` is that of the chain alone.
 */
export const heighten = (c: Cursor): void => reach(c, c.deepest + 1)

export const startChain = (c: Cursor): number => {
  const before = c.deepest
  c.deepest = c.depth
  return before
}

export const endChain = (c: Cursor, before: number): void => {
  if (before > c.deepest) c.deepest = before
}

const reach = (c: Cursor, depth: number): void => {
  c.deepest = depth
  if (depth <= maxNesting) return
  halt('TOO_COMPLEX', `the query is nested more than ${maxNesting} deep`, since(c, c.index))
}

/** `( … )` around what `parse` reads. */
export const inParentheses = <T>(c: Cursor, parse: (c: Cursor) => T): T => {
  expect(c, '(')
  const result = nested(c, parse)
  expect(c, ')')
  return result
}

/** `one, one, …`: at least one. */
export const listOf = <T>(c: Cursor, parse: (c: Cursor) => T): readonly [T, ...T[]] => {
  const first = parse(c)
  if (!accept(c, ',')) return [first]
  // two are made at once: a list that grows takes room for many
  const items: [T, ...T[]] = [first, parse(c)]
  while (accept(c, ',')) items.push(parse(c))
  return items
}

/** The token that closes the bracket at token `n`; the end of the text when none does. */
export const partnerOf = (c: Cursor, n: number): number => {
  const close = c.tokens.partners[n] ?? -1
  return close === -1 ? c.tokens.kinds.length - 1 : close
}

/**
 * Whether a token of this kind stands between the brackets that open at token `n`, outside inner
 * brackets.
 */
export const holds = (c: Cursor, n: number, kind: TokenKind): boolean => {
  const close = partnerOf(c, n)
  for (let i = n + 1; i < close; i++) {
    if (c.tokens.kinds[i] === kind) return true
    i = Math.max(i, c.tokens.partners[i] ?? -1)
  }
  return false
}

const names: ReadonlySet<TokenKind> = new Set<TokenKind>(freeWords)

/** Whether a token of this kind is a string, with Unicode escapes or without. */
export const isString = (kind: TokenKind): boolean => kind === 'STRING' || kind === 'UNICODE_STRING'

/** Whether a token of this kind can be a name. */
export const isName = (kind: TokenKind): boolean =>
  kind === 'NAME' || kind === 'QUOTED_NAME' || names.has(kind)

export const identifier = (c: Cursor): Identifier => {
  const n = c.index
  const kind = peek(c)
  if (!isName(kind)) fail(c)
  c.index++
  const text = textOf(c, n)
  const isQuoted = kind === 'QUOTED_NAME'
  const value = isQuoted ? text.slice(1, -1).replaceAll('""', '"') : text
  return { kind: 'Identifier', at: since(c, n), value, isQuoted, name: lowerCase(value) }
}

/** Most names are in lower case already, and need not be copied to become it. */
const lowerCase = (name: string): string => {
  for (let at = 0; at < name.length; at++) {
    if (isUpper(name.charCodeAt(at))) return name.toLowerCase()
  }
  return name
}

export const qualifiedName = (c: Cursor): QualifiedName => {
  const n = c.index
  const first = identifier(c)
  if (!accept(c, '.')) return { kind: 'QualifiedName', at: first.at, parts: [first] }
  const parts: [Identifier, ...Identifier[]] = [first, identifier(c)]
  while (accept(c, '.')) parts.push(identifier(c))
  return { kind: 'QualifiedName', at: since(c, n), parts }
}

/** `(a, b)` after an alias; empty when there is none. */
export const columnAliases = (c: Cursor): readonly Identifier[] =>
  peek(c) === '(' ? inParentheses(c, identifiers) : none

/** An empty list, the same for all that have nothing there. */
export const none: readonly never[] = []

export const identifiers = (c: Cursor): Some<Identifier> => listOf(c, identifier)
