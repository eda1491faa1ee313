/**
 * The tokens of a text as lists, one for each thing that is known of a token: a text has thousands,
 * and an object for each would be more to make than the tree of the query is.
 */
import type { Finding, Span } from './refusal.ts'
import type { Word } from './words.ts'

export const marks = [
  '(', ')', '[', ']', ',', '.', ';', '=', '<>', '<', '<=', '>', '>=', '+', '-', '*', '/', '%', '||',
  '?', '->', '=>', '|', '^', '$', '{', '}', '{-', '-}', ':'
] as const
export type Mark = (typeof marks)[number]
/**
 * What a token is: its word or mark, or the sort of thing it holds. A `NAME` is a word of no
 * meaning to the grammar.
 */
export type TokenKind =
  | Word
  | Mark
  | 'NAME'
  | 'QUOTED_NAME'
  | 'STRING'
  | 'UNICODE_STRING'
  | 'BINARY'
  | 'INTEGER'
  | 'DECIMAL'
  | 'DOUBLE_VALUE'
  | 'END_OF_TEXT'

/**
 * Token n has kinds[n], starts at starts[n] and ends before ends[n]; a bracket's partner is the
 * token that closes it, or -1.
 */
export type Tokens = {
  readonly kinds: readonly TokenKind[]
  readonly starts: Int32Array
  readonly ends: Int32Array
  readonly partners: Int32Array
  /** What stopped the lexer; the tokens before it are there. */
  readonly stop: Finding | null
}

/**
 * The tokens from one to another, both of them in it. One number, for each node of a tree has one,
 * and hardly any is ever asked where in the text it stands.
 */
export type Stretch = number

/** Enough for the most tokens there may be; two of them are a small integer yet. */
const bits = 15

export const stretch = (first: number, last: number): Stretch => (first << bits) | last

/** Where in the text it is. */
export const spanOf = ({ starts, ends }: Tokens, at: Stretch): Span => {
  const offset = starts[at >> bits] ?? 0
  const end = ends[at & ((1 << bits) - 1)] ?? offset
  return { offset, length: Math.max(end - offset, 0) }
}

/** The same finding by its place in the text. */
export const located = (tokens: Tokens, finding: Finding<Stretch>): Finding => {
  return { ...finding, at: spanOf(tokens, finding.at) }
}

/** Tokens as they are read. */
export type Growing = {
  readonly sql: string
  readonly kinds: TokenKind[]
  /** how many tokens there are so far; the lists may be longer */
  count: number
  starts: Int32Array
  ends: Int32Array
  partners: Int32Array
  readonly open: number[]
}

/** No token yet of `sql`, and room for some. */
export const growing = (sql: string, room: number): Growing => {
  const list = (): Int32Array => new Int32Array(room)
  const kinds: TokenKind[] = []
  kinds.length = room
  return { sql, kinds, count: 0, starts: list(), ends: list(), partners: list(), open: [] }
}

/** Adds a token and answers where it ends. */
export const push = (out: Growing, kind: TokenKind, from: number, to: number): number => {
  const n = out.count++
  if (n === out.starts.length) grow(out)
  out.kinds[n] = kind
  out.starts[n] = from
  out.ends[n] = to
  out.partners[n] = -1
  return to
}

const grow = (out: Growing): void => {
  out.starts = doubled(out.starts)
  out.ends = doubled(out.ends)
  out.partners = doubled(out.partners)
  out.kinds.length = out.starts.length
}

const doubled = (list: Int32Array): Int32Array => {
  const longer = new Int32Array(list.length * 2)
  longer.set(list)
  return longer
}
