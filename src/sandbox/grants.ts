/**
 * CreateGrant. A name makes it idempotent: the same name and parameters give the same grant and a
 * new token; other parameters give a second grant. A grant counts at once unless a lag is planned
 * (faults.ts; AWS: usually within five minutes) and never expires. Source: AWS KMS API Reference,
 * CreateGrant.
 */
import { randomBytes } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import type { Trail } from './events.ts'
import { AwsFault } from './fault.ts'
import { grantContext, parseGrant, principalRoleId } from './grant-input.ts'
import type { GrantWish } from './grant-input.ts'
import { dryRun } from './kms-faults.ts'
import { authorizeKey, findKey, requireEnabled } from './kms-keys.ts'
import { keyResource } from './kms-trail.ts'
import type { JsonObject, Operation } from './service.ts'
import { shown } from './trail-members.ts'
import type { Grant, KmsKey, World } from './world.ts'

type WantedGrant = Omit<Grant, 'createdAt' | 'serial'>

const GRANTS_PER_KEY = 50_000

export const createGrant: Operation = {
  readOnly: false,
  run: (world, call, input) => {
    const wish = parseGrant(input)
    const key = findKey(world, wish.keyRef)
    authorizeKey(world, call, { key, context: grantContext(wish, call.viaService === null) })
    requireEnabled(key)
    const wanted = wantedGrant(world, key, wish)
    const grant = sameGrant(world, wanted) ?? {
      ...wanted,
      createdAt: call.now,
      serial: nextSerial(world)
    }
    requireRoom(world, key)
    if (wish.dryRun) throw dryRun()
    world.grants.set(grant.grantId, grant)
    const token = randomBytes(96).toString('base64')
    world.grantTokens.set(token, grant.grantId)
    return { GrantId: grant.grantId, GrantToken: token }
  },
  trail: createGrantTrail
}

function wantedGrant(world: World, key: KmsKey, wish: GrantWish): WantedGrant {
  if (wish.grantee === undefined || wish.retiringService !== undefined) {
    const message = 'Grants to AWS services are not spoken here.'
    throw new AwsFault('UnsupportedOperationException', 400, message)
  }
  const granteeRoleId = principalRoleId(world, wish.grantee)
  if (wish.retiring !== undefined) principalRoleId(world, wish.retiring)
  return {
    grantId: randomBytes(32).toString('hex'),
    keyId: key.keyId,
    keyArn: key.arn,
    granteePrincipal: wish.grantee,
    issuingAccount: `arn:${world.partition}:iam::${world.account}:root`,
    operations: wish.operations,
    ...(granteeRoleId === undefined ? {} : { granteeRoleId }),
    ...(wish.retiring === undefined ? {} : { retiringPrincipal: wish.retiring }),
    ...(wish.constraints === undefined ? {} : { constraints: wish.constraints }),
    ...(wish.name === undefined ? {} : { name: wish.name })
  }
}

function sameGrant(world: World, wanted: WantedGrant): Grant | undefined {
  if (wanted.name === undefined) return undefined
  return [...world.grants.values()].find((grant) => {
    const { createdAt, serial } = grant
    return isDeepStrictEqual(grant, { ...wanted, createdAt, serial, grantId: grant.grantId })
  })
}

// The last grant in order of creation may have ended; tokens outlive it, so they never go back.
function nextSerial(world: World): number {
  return world.grantTokens.size + 1
}

function requireRoom(world: World, key: KmsKey): void {
  const held = [...world.grants.values()].filter((grant) => grant.keyId === key.keyId).length
  if (held < GRANTS_PER_KEY) return
  throw new AwsFault('LimitExceededException', 400, `${key.arn} has too many grants.`)
}

function createGrantTrail(world: World, input: JsonObject, output: JsonObject | undefined): Trail {
  return {
    requestParameters: shown(input, [
      'KeyId',
      'GranteePrincipal',
      'GranteeServicePrincipal',
      'RetiringPrincipal',
      'RetiringServicePrincipal',
      'Operations',
      'Constraints',
      'Name',
      'DryRun'
    ]),
    ...(output === undefined ? {} : { responseElements: shown(output, ['GrantId']) }),
    resources: typeof input.KeyId === 'string' ? keyResource(world, input.KeyId) : []
  }
}
