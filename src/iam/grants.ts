/**
 * Whether a KMS grant covers a call: its key, its operation, its grantee and its constraint.
 * A constraint of another kind than the two encryption-context ones is not understood and allows
 * nothing. Source: KMS Developer Guide, "Grants in AWS KMS"; KMS API, CreateGrant.
 */
import type { Context } from './conditions.ts'
import type { AccessRequest, GrantFact } from './policy-document.ts'
import { levelOf, type Level } from './principals.ts'

export type GrantReading = {
  readonly level: Level | null
  readonly unknown: readonly string[]
}

const prefix = 'kms:encryptioncontext:'
const none: GrantReading = { level: null, unknown: [] }

/** How closely the grant names the caller; level null where it does not cover the call. */
export const readGrant = (
  grant: GrantFact,
  request: AccessRequest,
  context: Context
): GrantReading => {
  const [service, operation] = request.action.split(':')
  if (service?.toLowerCase() !== 'kms' || grant.keyArn !== request.resource) return none
  const wanted = operation?.toLowerCase()
  if (!grant.operations.some((name) => name.toLowerCase() === wanted)) return none
  const level = levelOf(grant.granteePrincipal, request.principal)
  if (level === null) return none
  const odd = Object.keys(grant.constraints ?? {}).find(
    (name) => name !== 'EncryptionContextEquals' && name !== 'EncryptionContextSubset'
  )
  if (odd !== undefined) {
    return { level: null, unknown: [`grant ${grant.grantId}: constraint ${odd}`] }
  }
  return constraintsHold(grant, context) ? { level, unknown: [] } : none
}

/** Keys without case, values with it; Equals wants exactly these pairs, Subset at least these. */
const constraintsHold = (grant: GrantFact, context: Context): boolean => {
  const { constraints } = grant
  const equals = constraints?.EncryptionContextEquals
  const subset = constraints?.EncryptionContextSubset
  const held = [...context.keys()].filter((key) => key.startsWith(prefix)).length
  if (equals !== undefined && Object.keys(equals).length !== held) return false
  return Object.entries({ ...equals, ...subset }).every(([key, value]) => {
    const actual = context.get(prefix + key.toLowerCase())
    return actual?.length === 1 && actual[0] === value
  })
}
