/**
 * Whether a value has a schema's shape, by a validator compiled once per schema: a large policy is
 * thousands of parts, and almost all of them fit.
 */
import type { Static, TSchema } from 'typebox'
import { Compile, type Validator } from 'typebox/compile'

const validators = new WeakMap<TSchema, Validator>()

/** The same answer as `Value.Check`. */
export const fits = <S extends TSchema>(schema: S, value: unknown): value is Static<S> => {
  const known = validators.get(schema)
  if (known !== undefined) return known.Check(value)
  const made: Validator = Compile(schema)
  validators.set(schema, made)
  return made.Check(value)
}
