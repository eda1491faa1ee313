/**
 * The one border check of operation inputs: a TypeBox schema per operation. Members that the schema
 * does not name are ignored, as AWS ignores them; a missing or wrong one is a ValidationError that
 * names the member, never its value.
 */
import type { Static, TSchema } from 'typebox'
import { Value } from 'typebox/value'
import { AwsFault } from './fault.ts'

/** The input as the schema's type, or AwsFault `ValidationError` (400). */
export const parseInput = <S extends TSchema>(schema: S, input: unknown): Static<S> => {
  if (Value.Check(schema, input)) return input
  const problems = Value.Errors(schema, input).map(
    (problem) => `Value at '${memberName(problem.instancePath)}' ${problem.message}`
  )
  throw new AwsFault(
    'ValidationError',
    400,
    `${problems.length} validation errors detected: ${problems.join('; ')}`
  )
}

const memberName = (path: string): string => path.slice(1).replaceAll('/', '.') || 'input'
