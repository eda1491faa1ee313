/**
 * YAML text to tokens, as long as it is no deeper and no wider than any policy needs. Measured
 * without recursion before anything recursive sees it: text that exhausts the stack inside a
 * regular expression ends the whole process, and looking for duplicate keys takes time by the
 * square of the keys of one mapping.
 */
import { type CST, Lexer, type LineCounter, Parser } from 'yaml'

const maxDepth = 32
const maxKeys = 2000

export type Beyond = { readonly at: number; readonly message: string }

export type Tokens =
  | { readonly ok: true; readonly tokens: readonly CST.Token[] }
  | { readonly ok: false; readonly beyond: Beyond }

/** The tokens of a text, its lines noted in `lines`; or where and why it is beyond the bounds. */
export const readTokens = (text: string, lines: LineCounter): Tokens => {
  const parser = new Parser(lines.addNewLine)
  const tokens: CST.Token[] = []
  lines.addNewLine(0)
  for (const lexeme of new Lexer().lex(text)) {
    for (const token of parser.next(lexeme)) tokens.push(token)
    // a megabyte of brackets is not read to its end; what is open counts a token twice at most
    if (parser.stack.length > 2 * maxDepth) return { ok: false, beyond: tooDeep(parser.offset) }
  }
  for (const token of parser.end()) tokens.push(token)
  const beyond = beyondBounds(tokens)
  return beyond === null ? { ok: true, tokens } : { ok: false, beyond }
}

const beyondBounds = (tokens: readonly CST.Token[]): Beyond | null => {
  const left: { readonly token: CST.Token; readonly depth: number }[] = []
  // scalars, which are most tokens, are neither deep nor wide
  const add = (token: CST.Token | null | undefined, depth: number): void => {
    if (token && ('items' in token || token.type === 'document')) left.push({ token, depth })
  }
  for (const token of tokens) add(token, 0)
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    const { token, depth } = next
    if (depth > maxDepth) return tooDeep(token.offset)
    if (keysOf(token) > maxKeys) {
      return { at: token.offset, message: `over ${maxKeys} keys in one mapping` }
    }
    if (token.type === 'document') add(token.value, depth + 1)
    if (!('items' in token)) continue
    for (const { key, value } of token.items) {
      add(key, depth + 1)
      add(value, depth + 1)
    }
  }
  return null
}

const tooDeep = (at: number): Beyond => ({ at, message: `nested over ${maxDepth} deep` })

const keysOf = (token: CST.Token): number => {
  if (token.type === 'block-map') return token.items.length
  return token.type === 'flow-collection' && token.start.source === '{' ? token.items.length : 0
}
