/**
 * A part of a document, such as one rule, that has its schema's shape and so can be read as such.
 * A part with an unknown key is read without it, so that what else is wrong is told at once.
 */
import type { Static, TSchema } from 'typebox'
import { Value } from 'typebox/value'
import type { SourceDocument } from './document.ts'
import { fits } from './fits.ts'
import type { Place } from './issue.ts'

export type Part<T> = Place & { readonly value: T }

/** The items of the list under `key` that fit, and whether all did. */
export const partsOf = <S extends TSchema>(
  documents: readonly SourceDocument[],
  key: string,
  schema: S
): { readonly parts: readonly Part<Static<S>>[]; readonly whole: boolean } => {
  const items = documents.flatMap((document) => {
    const list = valueAt(document.value, key)
    if (list === undefined) return []
    if (!Array.isArray(list)) return [{ document, path: [key], value: null }]
    return list.map((value: unknown, index) => ({ document, path: [key, index], value }))
  })
  const parts = items.flatMap((item) => fitting(item, schema))
  return { parts, whole: parts.length === items.length }
}

/** The part with this value, if it fits its schema once unknown keys are left out. */
export const fitting = <S extends TSchema>(
  { document, path, value }: Part<unknown>,
  schema: S
): readonly Part<Static<S>>[] => {
  if (fits(schema, value)) return [{ document, path, value }]
  const known = Value.Clean(schema, structuredClone(value))
  return fits(schema, known) ? [{ document, path, value: known }] : []
}

/** A key's own value in a mapping; undefined where there is no such mapping or key. */
export const valueAt = (value: unknown, key: string): unknown =>
  typeof value === 'object' &&
  value !== null &&
  !Array.isArray(value) &&
  Object.hasOwn(value, key)
    ? Reflect.get(value, key)
    : undefined

/** What a parser made of a text that its schema already let through. */
export const checked = <T>(parsed: T | null): T => {
  if (parsed === null) throw new Error('a schema and its parser disagree')
  return parsed
}
