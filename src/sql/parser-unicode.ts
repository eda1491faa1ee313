/**
 * `U&'…'`: a string with Unicode escapes, `\0073` and `\+000073`; UESCAPE names another escape
 * character. Refuses what Trino refuses: other digits, half an escape, surrogates, what is no code
 * point. Its value is what any other string's is: nothing in it is read again.
 */
import { type Cursor, accept, expect, halt, since, textOf } from './parser-cursor.ts'

/** The value of the string that comes next. */
export const unicodeString = (c: Cursor): string => {
  const n = expect(c, 'UNICODE_STRING')
  const escape = accept(c, 'UESCAPE') ? escapeCharacter(c) : '\\'
  const raw = textOf(c, n).slice(3, -1).replaceAll("''", "'")
  const value = unescaped(raw, escape)
  return value ?? halt('PARSE_ERROR', 'a Unicode escape is incomplete or wrong', since(c, n))
}

const escapeCharacter = (c: Cursor): string => {
  const n = expect(c, 'STRING')
  const [, character] = /^'([!-~])'$/.exec(textOf(c, n)) ?? []
  if (character !== undefined && !/[0-9a-f"+]/i.test(character)) return character
  return halt('PARSE_ERROR', 'no such character can be an escape', since(c, n))
}

const unescaped = (raw: string, escape: string): string | null => {
  let value = ''
  let from = 0
  for (let at = raw.indexOf(escape); at !== -1; at = raw.indexOf(escape, from)) {
    const read = escapeAt(raw, at, escape)
    if (read === null) return null
    value += raw.slice(from, at) + read.text
    from = at + read.length
  }
  return value + raw.slice(from)
}

type Escape = { readonly text: string; readonly length: number }

const escapeAt = (raw: string, at: number, escape: string): Escape | null => {
  if (raw.startsWith(escape, at + 1)) return { text: escape, length: 2 }
  const isLong = raw.startsWith('+', at + 1)
  const length = isLong ? 8 : 5
  const digits = raw.slice(at + (isLong ? 2 : 1), at + length)
  if (digits.length !== (isLong ? 6 : 4) || !/^[0-9a-f]+$/i.test(digits)) return null
  const point = Number.parseInt(digits, 16)
  const isSurrogate = point >= 0xd800 && point <= 0xdfff
  return isSurrogate || point > 0x10ffff ? null : { text: String.fromCodePoint(point), length }
}
