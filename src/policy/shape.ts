/**
 * Whether a document has the keys and types of its schema: every fault at once, each with its own
 * path and code. An unknown key names the known one it resembles.
 */
import type { TSchema } from 'typebox'
import { Settings } from 'typebox/system'
import { Value } from 'typebox/value'
import type { Path, SourceDocument } from './document.ts'
import { type Place, errorAt, hint, quote } from './issue.ts'
import type { PolicyIssue } from './policy.ts'

/** Every way in which the document is not of this schema. */
export const shapeIssues = (document: SourceDocument, schema: TSchema): readonly PolicyIssue[] =>
  allErrors(schema, document.value).flatMap((error) => issuesOf(document, schema, error))

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
  const pointer = fault.schemaPath.replace(/^#/, '').replace(/\/additionalProperties$/, '')
  const node = at(schema, steps(pointer))
  const value = at(document.value, path)
  const place = { document, path }
  if (fault.keyword === 'boolean') return [unknownKey(place, node)]
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
  return fault.keyword === 'minItems' && path.at(-1) === 'from' ? 'empty_approvers' : 'bad_value'
}

const unknownKey = (place: Place, node: unknown): PolicyIssue => {
  const name = String(place.path.at(-1))
  const known = at(node, ['properties'])
  if (!isRecord(known)) {
    return errorAt(place, 'bad_value', `${quote(name)} cannot stand here as a name`)
  }
  const message = `unknown key ${quote(name)}${hint(name, Object.keys(known))}`
  return errorAt(place, 'unknown_key', message)
}

const mustBe = (node: unknown, value: unknown): string => {
  const wanted = at(node, ['description']) ?? at(node, ['type'])
  return `${quote(value)} must be ${typeof wanted === 'string' ? wanted : 'something else'}`
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
