/**
 * ListGrants and ListRetirableGrants, in pages of 1 to 100. A grantee whose role is gone is shown
 * by its unique id, `AROA...:session`, as AWS does. Source: AWS KMS API Reference, ListGrants.
 */
import { Type } from 'typebox'
import { authorize } from './authorize.ts'
import { AwsFault } from './fault.ts'
import { authorizeKey, findKey, granteeLives } from './kms-keys.ts'
import { keyTrail } from './kms-trail.ts'
import { parseInput } from './parse-input.ts'
import type { JsonObject, Operation } from './service.ts'
import { shown } from './trail-members.ts'
import type { Grant, World } from './world.ts'

export const listGrants: Operation = {
  readOnly: true,
  run: (world, call, input) => {
    const ask = parseInput(ListGrantsInput, input)
    const key = findKey(world, ask.KeyId)
    authorizeKey(world, call, { key })
    const grants = [...world.grants.values()].filter(
      (grant) =>
        grant.keyId === key.keyId &&
        (ask.GrantId === undefined || grant.grantId === ask.GrantId) &&
        (ask.GranteePrincipal === undefined || grant.granteePrincipal === ask.GranteePrincipal)
    )
    return page(world, grants, ask)
  },
  trail: keyTrail
}

export const listRetirableGrants: Operation = {
  readOnly: true,
  run: (world, call, input) => {
    const ask = parseInput(ListRetirableInput, input)
    authorize(world, call, { action: 'kms:ListRetirableGrants', resource: '*' })
    const grants = [...world.grants.values()].filter(
      (grant) => grant.retiringPrincipal === ask.RetiringPrincipal
    )
    return page(world, grants, ask)
  },
  trail: (_world, input) => ({ requestParameters: shown(input, ['RetiringPrincipal']) })
}

const DEFAULT_LIMIT = 50

const Paging = {
  Limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100 })),
  Marker: Type.Optional(Type.String({ minLength: 1, maxLength: 1024 }))
}

const PrincipalText = Type.String({ minLength: 1, maxLength: 256, pattern: '^[\\w+=,.@:/-]+$' })

const ListGrantsInput = Type.Object({
  KeyId: Type.String({ minLength: 1, maxLength: 2048 }),
  GrantId: Type.Optional(Type.String({ minLength: 1, maxLength: 128 })),
  GranteePrincipal: Type.Optional(PrincipalText),
  ...Paging
})

const ListRetirableInput = Type.Object({ RetiringPrincipal: PrincipalText, ...Paging })

// The marker says after which grant to go on, by order of creation, so a grant that ends in between
// neither hides nor repeats another one.
function page(
  world: World,
  grants: readonly Grant[],
  ask: { readonly Limit?: number; readonly Marker?: string }
): JsonObject {
  const after = ask.Marker === undefined ? 0 : serialOf(ask.Marker)
  const rest = grants.filter((one) => one.serial > after && world.faults.counts(one.createdAt))
  const here = rest.slice(0, ask.Limit ?? DEFAULT_LIMIT)
  const last = here.at(-1)
  const goesOn = here.length < rest.length && last !== undefined
  return {
    Grants: here.map((grant) => entry(world, grant)),
    Truncated: goesOn,
    ...(goesOn ? { NextMarker: Buffer.from(`grant ${last.serial}`).toString('base64url') } : {})
  }
}

function serialOf(marker: string): number {
  const match = /^grant ([1-9]\d{0,8})$/.exec(Buffer.from(marker, 'base64url').toString('latin1'))
  if (match !== null) return Number(match[1])
  throw new AwsFault('InvalidMarkerException', 400, 'The marker is not one of this list.')
}

function entry(world: World, grant: Grant): JsonObject {
  const { granteePrincipal, granteeRoleId } = grant
  const session = granteePrincipal.split('assumed-role/')[1]?.split('/')[1]
  const byId = session === undefined ? granteeRoleId : `${granteeRoleId}:${session}`
  return {
    KeyId: grant.keyArn,
    GrantId: grant.grantId,
    CreationDate: Math.floor(grant.createdAt.getTime() / 1000),
    GranteePrincipal: granteeLives(world, grant) ? granteePrincipal : byId,
    RetiringPrincipal: grant.retiringPrincipal,
    IssuingAccount: grant.issuingAccount,
    Operations: grant.operations,
    Constraints: grant.constraints,
    Name: grant.name ?? ''
  }
}
