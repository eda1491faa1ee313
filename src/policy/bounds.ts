/**
 * How deep and how wide a YAML text is, measured without recursion before anything recursive sees
 * it: text that exhausts the stack inside a regular expression ends the whole process, and looking
 * for duplicate keys takes time by the square of the keys of one mapping.
 */
import type { CST } from 'yaml'

const maxDepth = 32
const maxKeys = 2000

/** Where and why a text is beyond what any policy needs; null where it is not. */
export const beyondBounds = (
  tokens: readonly CST.Token[]
): { readonly at: number; readonly message: string } | null => {
  let level = tokens
  for (let depth = 0; depth <= maxDepth; depth += 1) {
    const wide = level.find((token) => keysOf(token) > maxKeys)
    if (wide) return { at: wide.offset, message: `over ${maxKeys} keys in one mapping` }
    level = level.flatMap(within)
  }
  const [deep] = level
  return deep ? { at: deep.offset, message: `nested over ${maxDepth} deep` } : null
}

const keysOf = (token: CST.Token): number => {
  if (token.type === 'block-map') return token.items.length
  return token.type === 'flow-collection' && token.start.source === '{' ? token.items.length : 0
}

const within = (token: CST.Token): readonly CST.Token[] => {
  if (token.type === 'document') return token.value ? [token.value] : []
  if (!('items' in token)) return []
  return token.items.flatMap(({ key, value }) => [key ?? [], value ?? []].flat())
}
