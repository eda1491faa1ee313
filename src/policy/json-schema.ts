/**
 * The JSON Schemas (draft 2020-12) of policy documents for editors, from the very types that load
 * them. They say less than loading does: a length is any text, and a name need not exist.
 */
import { type Kind, schemas } from './kind.ts'

/** File name to schema, as they lie in `policies/schema/`. */
export const policySchemas = (): ReadonlyMap<string, object> =>
  new Map(kinds.map((kind) => [`${kind}.json`, jsonOf(kind)]))

const kinds: readonly Kind[] = ['organisation', 'target', 'guardrail', 'posture', 'tests']

const jsonOf = (kind: Kind): object => ({
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  ...schemas[kind]
})
