/**
 * Members of inputs and outputs as the event log shows them: only the named ones, with CloudTrail's
 * lower first letter. What is not named (policy text, plaintext, tokens) never gets there.
 */
import type { TrailFields } from './events.ts'
import type { JsonObject } from './service.ts'

/** The named members that are present, as `lowerFirst(name): value`. */
export function shown(source: JsonObject | undefined, names: readonly string[]): TrailFields {
  if (source === undefined) return {}
  return Object.fromEntries(
    names
      .filter((name) => source[name] !== undefined)
      .map((name) => [lowerFirst(name), lowerMembers(source[name])])
  )
}

/** A nested structure of an answer; empty where it is none. */
export function structure(source: JsonObject | undefined, name: string): JsonObject {
  const value = source?.[name]
  return isObject(value) ? value : {}
}

function lowerMembers(value: unknown): unknown {
  if (value instanceof Date) return value.toISOString()
  return Array.isArray(value) ? value.map(lowerTag) : value
}

// Lists of Key/Value pairs (tags) are written as key/value; every other list is left as it is.
function lowerTag(value: unknown): unknown {
  if (!isObject(value) || typeof value.Key !== 'string') return value
  return { key: value.Key, value: value.Value }
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function lowerFirst(name: string): string {
  return name.slice(0, 1).toLowerCase() + name.slice(1)
}
