/**
 * Which variant of a union a value was meant as. A union reports the faults of all its variants;
 * only those of the one that was meant help anybody.
 */
import type { Path } from './document.ts'
import { valueAt } from './part.ts'

/** A step into a union, and how the value at it is to be read. */
export type Choice = {
  readonly union: unknown
  /** position of the variant that was meant; -1 where the value has the type of none */
  readonly meant: number
  /** the variant a fault is of; -1 where the fault is of the union itself */
  readonly taken: number
}

/** Every union on the way of a schema pointer, for the value at the instance's path. */
export const choicesAlong = (
  schema: unknown,
  value: unknown,
  { pointer, path }: { readonly pointer: readonly string[]; readonly path: Path }
): readonly Choice[] => {
  const [step, name = '', ...rest] = pointer
  const variants = valueAt(schema, 'anyOf')
  if (Array.isArray(variants)) {
    const meant = meantBy(variants, value)
    const taken = step === 'anyOf' ? Number(name) : -1
    const choice = { union: schema, meant, taken }
    if (taken < 0) return [choice]
    return [choice, ...choicesAlong(variants[taken], value, { pointer: rest, path })]
  }
  const [key, ...below] = path
  if (step === 'properties') {
    const inner = valueAt(valueAt(schema, step), name)
    return choicesAlong(inner, valueAt(value, name), { pointer: rest, path: below })
  }
  if (step === 'patternProperties') {
    const inner = valueAt(valueAt(schema, step), name)
    return choicesAlong(inner, valueAt(value, String(key)), { pointer: rest, path: below })
  }
  if (step === 'items') {
    const item: unknown = Array.isArray(value) ? value[Number(key)] : undefined
    return choicesAlong(valueAt(schema, step), item, { pointer: pointer.slice(1), path: below })
  }
  return []
}

/**
 * Of the variants with the value's own type: the one with most of its keys, where a key that only
 * says which variant it is (`auto: true`) counts more than any others, and a key's type more than
 * the key.
 */
const meantBy = (variants: readonly unknown[], value: unknown): number => {
  const scores = variants.map((variant) => scoreOf(variant, value))
  const best = Math.max(...scores)
  return best < 0 ? -1 : scores.indexOf(best)
}

const scoreOf = (variant: unknown, value: unknown): number => {
  if (valueAt(variant, 'type') !== typeOf(value)) return -1
  const properties = valueAt(variant, 'properties')
  return keysOf(value).reduce((score, key) => {
    const property = valueAt(properties, key)
    if (property === undefined) return score
    if (valueAt(property, 'const') !== undefined) return score + 1000
    return score + (valueAt(property, 'type') === typeOf(valueAt(value, key)) ? 10 : 1)
  }, 0)
}

const keysOf = (value: unknown): readonly string[] =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.keys(value) : []

const typeOf = (value: unknown): string => {
  if (Array.isArray(value)) return 'array'
  return Number.isInteger(value) ? 'integer' : typeof value
}
