/**
 * A text → the tree of the one query it holds, or every reason found why it is none.
 * Exactly one statement, one optional `;` after it, and it reads: whatever else Trino or Athena
 * would
 * run is refused by its name. Never throws: what goes wrong here is a refusal too.
 */
import type { Query } from './ast.ts'
import { tokensOf } from './lexer.ts'
import {
  type Cursor, Halt, accept, cursorOf, fail, isName, peek, since, textOf
} from './parser-cursor.ts'
import { query } from './parser-query.ts'
import { type Finding, type Refusal, refusalsOf } from './refusal.ts'
import { type Tokens, located, spanOf, stretch } from './tokens.ts'
import { secondWords, statementWords } from './words.ts'

export type Parsed =
  | { readonly ok: true; readonly query: Query; readonly tokens: Tokens }
  | { readonly ok: false; readonly refusals: readonly [Refusal, ...Refusal[]] }

/** Parses one Trino query. The refusals are in the order of the text; there is at least one. */
export const parse = (sql: string): Parsed => {
  const result = attempt(sql)
  if ('query' in result) return { ok: true, query: result.query, tokens: result.tokens }
  const [first, ...rest] = refusalsOf(sql, result.findings)
  if (first === undefined) throw new RangeError('a parse without a tree has a finding')
  return { ok: false, refusals: [first, ...rest] }
}

type Attempt =
  | { readonly query: Query; readonly tokens: Tokens }
  | { readonly findings: readonly Finding[] }

const attempt = (sql: string): Attempt => {
  const wholeText = { offset: 0, length: sql.length }
  try {
    return statement(cursorOf(sql, tokensOf(sql)))
  } catch (error) {
    // The limits make an overflow impossible in a stack of ordinary size; a smaller one refuses.
    const finding: Finding =
      error instanceof RangeError
        ? { code: 'TOO_COMPLEX', message: 'the query is too deep to be parsed', at: wholeText }
        : { code: 'INTERNAL', message: 'the query could not be parsed', at: wholeText }
    return { findings: [finding] }
  }
}

const statement = (c: Cursor): Attempt => {
  const before = [...notReadOnly(c), ...laterStatement(c.tokens)]
  if (c.tokens.stop !== null) return { findings: [...before, c.tokens.stop] }
  if (before.length > 0) return { findings: before }
  try {
    const result = query(c)
    accept(c, ';')
    if (peek(c) !== 'END_OF_TEXT') fail(c)
    return { query: result, tokens: c.tokens }
  } catch (error) {
    if (error instanceof Halt) return { findings: [located(c.tokens, error.finding)] }
    throw error
  }
}

/** The statement's name, when its first word names one that is no query. */
const notReadOnly = (c: Cursor): readonly Finding[] => {
  const name = nameOf(c)
  if (name === null) return []
  c.index = name.split(' ').length
  const message = `${name} is not a query that only reads`
  return [{ code: 'NOT_READ_ONLY', message, at: spanOf(c.tokens, since(c, 0)) }]
}

const nameOf = (c: Cursor): string | null => {
  const first = wordAt(c, 0)
  const second = wordAt(c, 1)
  if (statementWords.has(first)) return secondWords.has(second) ? `${first} ${second}` : first
  // `WITH function AS (…)` is a query; `WITH FUNCTION f(…)` brings code of its own, and
  // `WITH SESSION …` settings.
  const isBringing = first === 'WITH' && (
    second === 'FUNCTION' || second === 'SESSION'
  ) && isName(peek(c, 2))
  return isBringing ? `${first} ${second}` : null
}

const wordAt = (c: Cursor, n: number): string =>
  c.tokens.kinds[n] === 'QUOTED_NAME' ? '' : textOf(c, n).slice(0, 20).toUpperCase()

/**
 * What follows the first semicolon: nothing may, not even a second one. A semicolon alone is no
 * statement to have another after it.
 */
const laterStatement = (tokens: Tokens): readonly Finding[] => {
  const semicolon = tokens.kinds.indexOf(';')
  const next = semicolon + 1
  if (semicolon < 1 || next >= tokens.kinds.length - 1) return []
  const at = spanOf(tokens, stretch(next, next))
  return [{ code: 'MULTIPLE_STATEMENTS', message: 'only one statement may be run', at }]
}
