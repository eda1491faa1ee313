/**
 * Text → tokens, once from left to right, with Trino's lexis: comments do not nest, `--` ends at
 * CR or LF, `''` and `""` are the only escapes and a backslash is none. Refuses what Trino's lexer
 * refuses, and beyond it: every non-ASCII character outside literals and comments (Trino compares
 * names with equalsIgnoreCase, under which `ſ` is `s`), names that start with a digit or stand in
 * backquotes, `U&""`, NUL, unpaired surrogates, more than 262,144 bytes of UTF-8, 20,000 tokens or
 * 100 open brackets.
 */
import {
  ampersand, bang, bar, closeBrace, dot, doubleQuote, equals, greaterThan, isDash, isDigit, isHex,
  isLetter, isSpace, isWordUnit, lessThan, letterE, letterU, letterX, minus, openBrace, plus, quote,
  slash, star
} from './lexer-units.ts'
import type { Finding, RefusalCode, Span } from './refusal.ts'
import { type Growing, type Mark, type Tokens, growing, marks, push } from './tokens.ts'
import { wordAt } from './words.ts'

export const maxBytes = 262_144
export const maxTokens = 20_000
export const maxNesting = 100

/** Reads the whole of `sql`. The last token is END_OF_TEXT, also after a stop. */
export const tokensOf = (sql: string): Tokens => {
  // most texts have fewer tokens than this; where one has more there is made room for them
  const out = growing(sql, Math.min(sql.length >> 2, maxTokens) + 16)
  const stop = checkText(sql) ?? readAll(out)
  push(out, 'END_OF_TEXT', sql.length, sql.length)
  out.kinds.length = out.count
  return { kinds: out.kinds, starts: out.starts, ends: out.ends, partners: out.partners, stop }
}

const parseError = (message: string, offset: number, length: number): Finding =>
  stopAt('PARSE_ERROR', message, { offset, length })

const stopAt = (code: RefusalCode, message: string, at: Span): Finding => ({ code, message, at })

const checkText = (sql: string): Finding | null => {
  if (sql.length > maxBytes || (sql.length * 3 > maxBytes && bytesOf(sql) > maxBytes)) {
    return stopAt(
      'TOO_COMPLEX',
      `the query is longer than ${maxBytes} bytes`,
      { offset: 0, length: 0 }
    )
  }
  const nul = sql.indexOf('\0')
  if (nul !== -1) return parseError('the query holds a NUL character', nul, 1)
  if (!sql.isWellFormed()) return parseError('the query holds an unpaired surrogate', 0, 0)
  return null
}

const bytesOf = (sql: string): number => {
  let bytes = 0
  for (let i = 0; i < sql.length; i++) {
    const unit = sql.charCodeAt(i)
    // A surrogate pair is four bytes: two for each half.
    if (unit < 0x80) bytes += 1
    else if (unit < 0x800 || (unit >= 0xd800 && unit <= 0xdfff)) bytes += 2
    else bytes += 3
  }
  return bytes
}

const readAll = (out: Growing): Finding | null => {
  const { sql } = out
  let i = 0
  while (i < sql.length) {
    const unit = sql.charCodeAt(i)
    if (isSpace(unit)) {
      i++
      continue
    }
    const next = sql.charCodeAt(i + 1)
    const end = isDash(unit, next) ? lineEnd(sql, i) : readToken(out, i)
    if (typeof end !== 'number') return end
    if (out.count > maxTokens) {
      return stopAt(
        'TOO_COMPLEX',
        `the query has more than ${maxTokens} tokens`,
        { offset: i, length: end - i }
      )
    }
    if (out.open.length > maxNesting) {
      return stopAt(
        'TOO_COMPLEX',
        `brackets are nested more than ${maxNesting} deep`,
        { offset: i, length: 1 }
      )
    }
    i = end
  }
  return null
}

/** The end of the token or bracketed comment at `i`, or what stops the lexer there. */
const readToken = (out: Growing, i: number): number | Finding => {
  const { sql } = out
  const unit = sql.charCodeAt(i)
  const next = sql.charCodeAt(i + 1)
  if (isLetter(unit)) return readWord(out, i)
  if (unit === quote) return readString(out, i, i)
  if (unit === doubleQuote) return readQuotedName(out, i)
  if (isDigit(unit) || (unit === dot && isDigit(next))) return readNumber(out, i)
  if (unit === slash && next === star) {
    const end = commentEnd(sql, i)
    const open = { offset: i, length: 2 }
    return end === -1 ? stopAt('PARSE_ERROR', 'the comment is not closed', open) : end
  }
  return readMark(out, i)
}

/** The offset after the first end of the comment at `i`, or -1. Comments do not nest. */
const commentEnd = (sql: string, i: number): number => {
  for (let at = i + 3; at < sql.length; at++) {
    if (sql.charCodeAt(at) === slash && sql.charCodeAt(at - 1) === star) return at + 1
  }
  return -1
}

const readWord = (out: Growing, i: number): number | Finding => {
  const { sql } = out
  const unit = sql.charCodeAt(i) | 0x20
  const next = sql.charCodeAt(i + 1)
  if (unit === letterX && next === quote) return readBinary(out, i)
  if (unit === letterU && next === ampersand) {
    return sql.charCodeAt(i + 2) === quote
      ? readString(out, i, i + 2)
      : parseError('unexpected character &', i + 1, 1)
  }
  let end = i + 1
  while (isWordUnit(sql.charCodeAt(end))) end++
  return push(out, wordAt(sql, i, end) ?? 'NAME', i, end)
}

const readString = (out: Growing, start: number, open: number): number | Finding => {
  const end = closingQuote(out.sql, open, "'")
  return end === -1
    ? parseError('the string is not closed', open, 1)
    : push(out, start === open ? 'STRING' : 'UNICODE_STRING', start, end)
}

const readBinary = (out: Growing, i: number): number | Finding => {
  const { sql } = out
  const close = sql.indexOf("'", i + 2)
  if (close === -1) return parseError('the binary literal is not closed', i, 2)
  for (let at = i + 2; at < close; at++) {
    if (!isHex(sql.charCodeAt(at)) && !isSpace(sql.charCodeAt(at))) {
      return parseError('a binary literal holds hexadecimal digits only', i, 2)
    }
  }
  return push(out, 'BINARY', i, close + 1)
}

const readQuotedName = (out: Growing, i: number): number | Finding => {
  const { sql } = out
  const end = closingQuote(sql, i, '"')
  if (end === -1) return parseError('the quoted name is not closed', i, 1)
  if (end === i + 2) return parseError('a quoted name is empty', i, 2)
  for (let at = i + 1; at < end; at++) if (sql.charCodeAt(at) > 0x7e) return unexpected(sql, at)
  return push(out, 'QUOTED_NAME', i, end)
}

/** The offset after the closing quote, or -1. A doubled quote is part of the text. */
const closingQuote = (sql: string, open: number, mark: string): number => {
  let at = sql.indexOf(mark, open + 1)
  while (at !== -1 && sql.startsWith(mark, at + 1)) at = sql.indexOf(mark, at + 2)
  return at === -1 ? -1 : at + 1
}

const readNumber = (out: Growing, i: number): number | Finding => {
  const { sql } = out
  const whole = digitsEnd(sql, i)
  const hasPoint = sql.charCodeAt(whole) === dot
  const mantissa = hasPoint ? digitsEnd(sql, whole + 1) : whole
  const end = exponentEnd(sql, mantissa)
  if (
    end > mantissa && !(
      isWordUnit(sql.charCodeAt(end)) && !hasPoint && isWordOnly(sql, mantissa, end)
    )
  ) {
    return push(out, 'DOUBLE_VALUE', i, end)
  }
  if (hasPoint) return push(out, 'DECIMAL', i, mantissa)
  if (isWordUnit(sql.charCodeAt(whole))) {
    return parseError('a name cannot start with a digit; put it in double quotes', i, whole - i)
  }
  return push(out, 'INTEGER', i, whole)
}

const digitsEnd = (sql: string, from: number): number => {
  let end = from
  while (isDigit(sql.charCodeAt(end))) end++
  return end
}

/** The end of `E5`, `e-5` at `from`, or `from` when there is none. */
const exponentEnd = (sql: string, from: number): number => {
  if ((sql.charCodeAt(from) | 0x20) !== letterE) return from
  const sign = sql.charCodeAt(from + 1)
  const digits = sign === plus || sign === minus ? from + 2 : from + 1
  const end = digitsEnd(sql, digits)
  return end === digits ? from : end
}

/**
 * `1e5x` is one name to Trino's lexer, which takes the longest token; `1e-5x` is a number and a
 * name.
 */
const isWordOnly = (
  sql: string,
  from: number,
  to: number
): boolean => to - from > 1 && isWordUnit(sql.charCodeAt(from + 1))

/** By their units. */
const singles: readonly (Mark | undefined)[] = marks.reduce((all: Mark[], mark) => {
  if (mark.length === 1) all[mark.charCodeAt(0)] = mark
  return all
}, [])

const readMark = (out: Growing, i: number): number | Finding => {
  const { sql } = out
  const double = doubleMark(sql.charCodeAt(i), sql.charCodeAt(i + 1))
  if (double !== null) return push(out, double, i, i + 2)
  const mark = singles[sql.charCodeAt(i)]
  if (mark === undefined) return unexpected(sql, i)
  const n = out.count
  push(out, mark, i, i + 1)
  if (mark === '(' || mark === '[') out.open.push(n)
  if (mark === ')' || mark === ']') closeBracket(out, n, mark === ')' ? '(' : '[')
  return i + 1
}

const closeBracket = (out: Growing, n: number, opener: Mark): void => {
  const open = out.open.at(-1)
  // A bracket without its partner is for the parser to refuse, at its place.
  if (open === undefined || out.kinds[open] !== opener) return
  out.open.pop()
  out.partners[open] = n
}

const doubleMark = (unit: number, next: number): Mark | null => {
  if (unit === lessThan && next === greaterThan) return '<>'
  if (unit === bang && next === equals) return '<>'
  if (unit === lessThan && next === equals) return '<='
  if (unit === greaterThan && next === equals) return '>='
  if (unit === bar && next === bar) return '||'
  if (unit === minus && next === greaterThan) return '->'
  if (unit === openBrace && next === minus) return '{-'
  if (unit === minus && next === closeBrace) return '-}'
  if (unit === equals && next === greaterThan) return '=>'
  return null
}

const unexpected = (sql: string, i: number): Finding => {
  const point = sql.codePointAt(i) ?? 0
  const character = String.fromCodePoint(point)
  const at = { offset: i, length: character.length }
  const name = `U+${point.toString(16).toUpperCase().padStart(4, '0')}`
  if (point > 0x7f && character.trim() !== '') {
    return stopAt('NON_ASCII', `${name} stands outside a string: names are ASCII only`, at)
  }
  const isPrintable = point > 0x20 && point < 0x7f
  return stopAt('PARSE_ERROR', `unexpected character ${isPrintable ? character : name}`, at)
}

const lineEnd = (sql: string, from: number): number => {
  let end = from + 2
  while (end < sql.length && sql.charCodeAt(end) !== 10 && sql.charCodeAt(end) !== 13) end++
  return end
}
