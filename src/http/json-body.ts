/**
 * Strict JSON for request bodies (RFC 8259, I-JSON of RFC 7493): refuses what parsers read
 * differently, namely duplicate member names, lone surrogates, invalid UTF-8 and a byte order
 * mark, and also names that reach a prototype and nesting deeper than eight.
 */
export type JsonRead =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly why: string }

export const maxDepth = 8

/** An empty body is `undefined`. The bytes are attacker-controlled and at most `bodyLimit` long. */
export const readJson = (bytes: Uint8Array): JsonRead => {
  if (bytes.length === 0) return { ok: true, value: undefined }
  try {
    const text = utf8.decode(bytes)
    const value: unknown = JSON.parse(text)
    const why = scan(text)
    return why === null ? { ok: true, value } : { ok: false, why }
  } catch {
    return { ok: false, why: 'The body is not JSON in UTF-8.' }
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const forbidden = new Set(['__proto__', 'constructor', 'prototype'])
const loneSurrogate = /\p{Surrogate}/u
const stringEnd = /[^"\\]*(?:\\.[^"\\]*)*"/y
const colon = /[ \t\n\r]*:/y

/** Walks a text that JSON.parse has accepted; the first thing out of line, or null. */
const scan = (text: string): string | null => {
  const open: Set<string>[] = []
  for (let at = 0; at < text.length; at++) {
    const character = text[at]
    if (character === '{' || character === '[') {
      open.push(new Set())
      if (open.length > maxDepth) return `The body is nested deeper than ${maxDepth}.`
    } else if (character === '}' || character === ']') {
      open.pop()
    } else if (character === '"') {
      const end = endOf(stringEnd, text, at + 1)
      const why = checkString(text.slice(at, end), endOf(colon, text, end) > 0, open.at(-1))
      if (why !== null) return why
      at = end - 1
    }
  }
  return null
}

const endOf = (pattern: RegExp, text: string, from: number): number => {
  pattern.lastIndex = from
  return pattern.test(text) ? pattern.lastIndex : 0
}

const checkString = (
  token: string,
  isName: boolean,
  siblings: Set<string> | undefined
): string | null => {
  const value: unknown = token.includes('\\') ? JSON.parse(token) : token.slice(1, -1)
  if (typeof value !== 'string' || loneSurrogate.test(value)) {
    return 'A text in the body is not well-formed Unicode.'
  }
  if (!isName || siblings === undefined) return null
  if (forbidden.has(value)) return `The name ${value} is not accepted anywhere.`
  if (siblings.has(value)) return `The name ${JSON.stringify(value.slice(0, 64))} occurs twice.`
  siblings.add(value)
  return null
}
