/**
 * Ending grants. RevokeGrant is a matter of policy and names key and grant; RetireGrant is a matter
 * of the grant itself (its retiring principal, its grantee where the grant permits it, or a policy
 * of the issuing account) and names a token, or key and grant. An explicit deny binds both. Source:
 * AWS KMS API Reference; KMS Developer Guide, "Retiring and revoking grants".
 */
import { Type } from 'typebox'
import { levelOf } from '../iam/principals.ts'
import type { Call } from './call.ts'
import type { Trail } from './events.ts'
import { AwsFault } from './fault.ts'
import { dryRun, validation } from './kms-faults.ts'
import { authorizeKey, explicitlyDenied, findKey, granteeLives } from './kms-keys.ts'
import { keyResource } from './kms-trail.ts'
import { parseInput } from './parse-input.ts'
import type { JsonObject, Operation } from './service.ts'
import { shown } from './trail-members.ts'
import type { Grant, World } from './world.ts'

export const revokeGrant: Operation = {
  readOnly: false,
  run: (world, call, input) => {
    const ask = parseInput(RevokeInput, input)
    const key = findKey(world, ask.KeyId)
    authorizeKey(world, call, { key })
    const grant = grantOfKey(world, key.keyId, ask.GrantId)
    if (ask.DryRun === true) throw dryRun()
    world.faults.settle('grants', () => world.grants.delete(grant.grantId))
    return {}
  },
  trail: endTrail
}

export const retireGrant: Operation = {
  readOnly: false,
  run: (world, call, input) => {
    const ask = parseInput(RetireInput, input)
    const grant = namedGrant(world, ask)
    requireMayRetire(world, call, grant)
    if (ask.DryRun === true) throw dryRun()
    world.faults.settle('grants', () => world.grants.delete(grant.grantId))
    return {}
  },
  trail: endTrail
}

const KeyRef = Type.String({ minLength: 1, maxLength: 2048 })
const GrantRef = Type.String({ minLength: 1, maxLength: 128 })

const RevokeInput = Type.Object({
  KeyId: KeyRef,
  GrantId: GrantRef,
  DryRun: Type.Optional(Type.Boolean())
})

const RetireInput = Type.Object({
  GrantToken: Type.Optional(Type.String({ minLength: 1, maxLength: 8192 })),
  KeyId: Type.Optional(KeyRef),
  GrantId: Type.Optional(GrantRef),
  DryRun: Type.Optional(Type.Boolean())
})

type RetireAsk = {
  readonly GrantToken?: string
  readonly KeyId?: string
  readonly GrantId?: string
}

function namedGrant(world: World, ask: RetireAsk): Grant {
  const { GrantToken, KeyId, GrantId } = ask
  if (GrantToken !== undefined && KeyId === undefined && GrantId === undefined) {
    return grantOfToken(world, GrantToken)
  }
  if (GrantToken === undefined && KeyId !== undefined && GrantId !== undefined) {
    return grantOfKey(world, findKey(world, KeyId).keyId, GrantId)
  }
  throw validation('grantToken', 'Specify a grant token, or a key and a grant, not both.')
}

function grantOfToken(world: World, token: string): Grant {
  const grantId = world.grantTokens.get(token)
  if (grantId === undefined) {
    throw new AwsFault('InvalidGrantTokenException', 400, 'The grant token is not valid.')
  }
  return world.grants.get(grantId) ?? gone(grantId)
}

function grantOfKey(world: World, keyId: string, grantId: string): Grant {
  if (!/^[0-9a-f]{64}$/.test(grantId)) {
    throw new AwsFault('InvalidGrantIdException', 400, 'The grant id is not valid.')
  }
  const grant = world.grants.get(grantId)
  return grant?.keyId === keyId ? grant : gone(grantId)
}

function gone(grantId: string): never {
  throw new AwsFault('NotFoundException', 400, `Grant ID ${grantId} not found`)
}

function requireMayRetire(world: World, call: Call, grant: Grant): void {
  const ask = { key: findKey(world, grant.keyId) }
  const { principal } = call.caller
  const isNamed = (named: string | undefined): boolean => {
    const level = named === undefined ? null : levelOf(named, principal)
    return level === 'direct' || level === 'role'
  }
  const byGrant =
    isNamed(grant.retiringPrincipal) ||
    (grant.operations.includes('RetireGrant') &&
      granteeLives(world, grant) &&
      isNamed(grant.granteePrincipal))
  if (byGrant && !explicitlyDenied(world, call, ask)) return
  authorizeKey(world, call, ask)
}

// RetireGrant by token names no key; the record shows the grant that the token stood for.
function endTrail(world: World, input: JsonObject): Trail {
  const { GrantToken, GrantId, KeyId } = input
  const byToken = typeof GrantToken === 'string' ? world.grantTokens.get(GrantToken) : undefined
  return {
    requestParameters: shown(input, ['KeyId', 'GrantId', 'DryRun']),
    ...(byToken === undefined || GrantId !== undefined
      ? {}
      : { additionalEventData: { grantId: byToken } }),
    resources: typeof KeyId === 'string' ? keyResource(world, KeyId) : []
  }
}
