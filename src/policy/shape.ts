/**
 * Whether a document has the keys and types of its schema: every fault at once, each with its own
 * path and code. An unknown key names the known one it resembles.
 */
import type { TSchema } from 'typebox'
import { Settings } from 'typebox/system'
import { Value } from 'typebox/value'
import type { Path, SourceDocument } from './document.ts'
import { fits } from './fits.ts'
import { type Place, errorAt, hint, quote } from './issue.ts'
import type { PolicyIssue } from './policy.ts'
import { choicesAlong } from './variants.ts'

/** Every way in which the document is not of this schema. */
export const shapeIssues = (document: SourceDocument, schema: TSchema): readonly PolicyIssue[] =>
  fits(schema, document.value)
    ? []
    : allErrors(schema, document.value).flatMap((error) => issuesOf(document, schema, error))

type Fault = ReturnType<typeof Value.Errors>[number]

const mostFaults = 1000

/** The library stops at eight errors unless told otherwise; the setting is put back at once. */
const allErrors = (schema: TSchema, value: unknown): readonly Fault[] => {
  const { maxErrors } = Settings.Get()
  Settings.Set({ maxErrors: mostFaults })
  try {
    return Value.Errors(schema, value)
  } finally {
    Settings.Set({ maxErrors })
  }
}

const issuesOf = (
  document: SourceDocument,
  schema: TSchema,
  fault: Fault
): readonly PolicyIssue[] => {
  const path = pathOf(fault.instancePath)
  const pointer = steps(fault.schemaPath.replace(/^#/, '').replace(/\/additionalProperties$/, ''))
  const choices = choicesAlong(schema, document.value, { pointer, path })
  if (choices.some(({ meant, taken }) => meant !== taken)) return []
  const node = at(schema, pointer)
  const value = at(document.value, path)
  const place = { document, path }
  // of no type that any variant has
  if (fault.keyword === 'anyOf') return [errorAt(place, 'wrong_type', mustBe(node, value))]
  if (fault.keyword === 'boolean') return [unknownKey(place, node, choices.at(-1)?.union)]
  // each of these keys came before as a fault of its own
  if (fault.keyword === 'additionalProperties') return []
  if (fault.keyword === 'required') {
    return fault.params.requiredProperties.map((name) =>
      errorAt({ document, path: [...path, name] }, 'missing', `${quote(name)} is missing`)
    )
  }
  if (fault.keyword === 'uniqueItems') {
    return fault.params.duplicateItems.map((item) =>
      errorAt({ document, path: [...path, item] }, 'duplicate', `${quote(at(value, [item]))} twice`)
    )
  }
  // `managed: "yes"` is a wrong type already
  if (fault.keyword === 'const' && typeof value !== 'boolean') return []
  return [errorAt(place, codeOf(fault, path), mustBe(node, value))]
}

const codeOf = (fault: Fault, path: Path): PolicyIssue['code'] => {
  if (fault.keyword === 'type') return 'wrong_type'
  return fault.keyword === 'minItems' && peopleKeys.has(String(path.at(-1)))
    ? 'empty_approvers'
    : 'bad_value'
}

const peopleKeys: ReadonlySet<string> = new Set(['from', 'of', 'notify', 'review', 'escalateTo'])

/** `union` is the one whose variant `node` is, if it is one. */
const unknownKey = (place: Place, node: unknown, union: unknown): PolicyIssue => {
  const name = String(place.path.at(-1))
  const known = at(node, ['properties'])
  if (!isRecord(known)) {
    return errorAt(place, 'bad_value', `${quote(name)} cannot stand here as a name`)
  }
  const variants: unknown = at(union, ['anyOf'])
  const isOfAnother =
    Array.isArray(variants) &&
    variants.includes(node) &&
    variants.some((variant) => at(variant, ['properties', name]) !== undefined)
  if (isOfAnother) {
    const beside = Object.keys(known).slice(0, 2).join(' and ')
    return errorAt(place, 'contradiction', `${quote(name)} cannot stand beside ${beside}`)
  }
  const message = `unknown key ${quote(name)}${hint(name, Object.keys(known))}`
  return errorAt(place, 'unknown_key', message)
}

const mustBe = (node: unknown, value: unknown): string => {
  const wanted = at(node, ['description']) ?? at(node, ['type'])
  const words = at(node, ['enum'])
  const known = Array.isArray(words) ? words.map(String) : []
  const near = typeof value === 'string' ? hint(value, known) : ''
  return `${quote(value)} must be ${typeof wanted === 'string' ? wanted : 'something else'}${near}`
}

const steps = (pointer: string): readonly string[] =>
  pointer
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))

const pathOf = (pointer: string): Path =>
  steps(pointer).map((step) => (/^[0-9]{1,6}$/.test(step) ? Number(step) : step))

const at = (value: unknown, path: Path): unknown => {
  const [step, ...rest] = path
  if (step === undefined) return value
  if (Array.isArray(value)) return at(value[Number(step)], rest)
  return isRecord(value) && Object.hasOwn(value, step) ? at(value[step], rest) : undefined
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
