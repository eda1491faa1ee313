/**
 * Two answers that every KMS operation may give: a bad member, and a dry run that would succeed.
 */
import { AwsFault } from './fault.ts'

/** The member (its name as in the API, first letter lower) and why it is refused. */
export function validation(member: string, message: string): AwsFault {
  const text = `1 validation error detected: Value at '${member}': ${message}`
  return new AwsFault('ValidationError', 400, text)
}

/** KMS says "it would have succeeded" by an error. */
export function dryRun(): AwsFault {
  const message = 'The request would have succeeded, but the DryRun option is set.'
  return new AwsFault('DryRunOperationException', 412, message)
}
