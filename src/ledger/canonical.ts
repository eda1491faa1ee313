/**
 * RFC 8785 canonical JSON for what a ledger entry may hold: strings, safe integers, booleans, null,
 * arrays and objects. Refused, so that no two printers can differ: fractions, integers beyond
 * 2^53 - 1, -0, lone surrogates, undefined, holes, anything with a prototype of its own.
 */
export type CanonicalJson =
  | string
  | number
  | boolean
  | null
  | readonly CanonicalJson[]
  | { readonly [key: string]: CanonicalJson }

const utf8 = new TextEncoder()

/** Deeper than this is refused, which also ends a cycle. */
const maxDepth = 32

/** The one UTF-8 spelling of `value`; throws TypeError where it has none (see above). */
export const canonicalBytes = (value: CanonicalJson): Uint8Array =>
  utf8.encode(print(value, 0))

const print = (value: unknown, depth: number): string => {
  if (depth > maxDepth) throw new TypeError('canonical JSON: nested too deep')
  if (value === null || typeof value === 'boolean') return String(value)
  if (typeof value === 'string') return quote(value)
  if (typeof value === 'number' && isInteger(value)) return String(value)
  if (Array.isArray(value)) return `[${Array.from(value, (v) => print(v, depth + 1)).join(',')}]`
  if (typeof value !== 'object') throw new TypeError(`canonical JSON: no ${typeof value}`)
  const maker: unknown = Object.getPrototypeOf(value)
  if (maker !== Object.prototype && maker !== null) throw new TypeError('canonical JSON: a class')
  const members = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return `{${members.map(([k, v]) => `${quote(k)}:${print(v, depth + 1)}`).join(',')}}`
}

const isInteger = (value: number): boolean => Number.isSafeInteger(value) && !Object.is(value, -0)

const quote = (text: string): string => {
  if (!text.isWellFormed()) throw new TypeError('canonical JSON: lone surrogate')
  return JSON.stringify(text)
}
