/**
 * RFC 8785 canonical JSON for what a ledger entry may hold: strings, safe integers, booleans, null,
 * arrays and objects. Refused, so that no two printers can differ: fractions, integers beyond
 * 2^53 - 1, -0, lone surrogates, undefined, holes, anything with a prototype of its own.
 */
export type CanonicalJson =
  | string | number | boolean | null
  | readonly CanonicalJson[] | { readonly [key: string]: CanonicalJson }

const maxDepth = 32
/** What JSON writes as it is, which most texts here are. */
const plain = /^[ !#-[\]-~]*$/

/** The one spelling of `value`, whose UTF-8 is hashed; TypeError where it has none, or a cycle. */
export const canonicalText = (value: CanonicalJson): string => print(value, 0)

const print = (value: unknown, depth: number): string => {
  if (typeof value === 'string') return quote(value)
  if (depth > maxDepth) throw new TypeError('canonical JSON: nested too deep')
  if (value === null || typeof value === 'boolean' || isInteger(value)) return String(value)
  if (Array.isArray(value)) return `[${Array.from(value, (v) => print(v, depth + 1)).join(',')}]`
  if (!isObject(value)) throw new TypeError(`canonical JSON: no ${typeof value} of that kind`)
  const members = sorted(Object.keys(value)).map((n) => `${quote(n)}:${print(value[n], depth + 1)}`)
  return `{${members.join(',')}}`
}

const isInteger = (value: unknown): boolean => Number.isSafeInteger(value) && !Object.is(value, -0)

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && [Object.prototype, null].includes(Object.getPrototypeOf(value))

/** What was printed before is in order already, and looking is cheaper than sorting. */
const sorted = (names: readonly string[]): readonly string[] =>
  names.every((name, n) => n === 0 || (names[n - 1] ?? '') < name) ? names : names.toSorted()

const quote = (text: string): string => {
  if (plain.test(text)) return `"${text}"`
  if (!text.isWellFormed()) throw new TypeError('canonical JSON: lone surrogate')
  return JSON.stringify(text)
}
