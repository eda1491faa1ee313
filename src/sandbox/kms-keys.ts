/**
 * Finding a KMS key and asking whether the caller may do something with it: key policy, identity
 * policies and the grants that are alive. A key of another account is found by its ARN only, and
 * keys are not found by their aliases. Source: KMS Developer Guide,
 * "Policy evaluation", "Key states of AWS KMS keys".
 */
import type { GrantFact } from '../iam/policy-document.ts'
import { authorize, judge } from './authorize.ts'
import type { Context } from './authorize.ts'
import type { Call } from './call.ts'
import { AwsFault } from './fault.ts'
import type { Grant, KmsKey, World } from './world.ts'

/** By key id or ARN. AwsFault NotFoundException, InvalidArnException. */
export function findKey(world: World, keyRef: string): KmsKey {
  const prefix = `arn:${world.partition}:kms:${world.region}:${world.account}:key/`
  if (keyRef.startsWith('arn:') && !KEY_ARN.test(keyRef)) {
    throw new AwsFault('InvalidArnException', 400, `Invalid arn ${keyRef.slice(0, 256)}`)
  }
  const id = keyRef.startsWith(prefix) ? keyRef.slice(prefix.length) : keyRef
  const key = world.keys.get(id)
  if (key !== undefined && key.arn.startsWith(prefix)) return key
  const elsewhere = [...world.keys.values()].find((one) => one.arn === keyRef)
  if (elsewhere !== undefined) return elsewhere
  const arn = keyRef.startsWith('arn:') ? keyRef : `${prefix}${keyRef}`
  throw new AwsFault('NotFoundException', 400, `Key '${arn}' does not exist`)
}

/** Returns when the caller may; the call's own action decides, grants included. */
export function authorizeKey(world: World, call: Call, ask: KeyAsk): void {
  authorize(world, call, question(world, call, ask))
}

/** True where some policy explicitly denies; it binds even what a grant gives by itself. */
export function explicitlyDenied(world: World, call: Call, ask: KeyAsk): boolean {
  return judge(world, call, question(world, call, ask)).decision === 'explicit-deny'
}

export type KeyAsk = { readonly key: KmsKey; readonly context?: Context }

/** Refuses work with a key that is not enabled: DisabledException, KMSInvalidStateException. */
export function requireEnabled(key: KmsKey): void {
  switch (key.state) {
    case 'Enabled':
      return
    case 'Disabled':
      throw new AwsFault('DisabledException', 400, `${key.arn} is disabled.`)
    case 'PendingDeletion':
      throw new AwsFault('KMSInvalidStateException', 400, `${key.arn} is pending deletion.`)
    case 'PendingImport':
      throw new AwsFault('KMSInvalidStateException', 400, `${key.arn} is pending import.`)
  }
}

/** Condition keys of an encryption context: one per pair, and the list of its names. */
export function encryptionContextKeys(pairs: Readonly<Record<string, string>>): Context {
  const entries = Object.entries(pairs)
  if (entries.length === 0) return {}
  return {
    'kms:EncryptionContextKeys': entries.map(([name]) => name),
    ...Object.fromEntries(entries.map(([name, value]) => [`kms:EncryptionContext:${name}`, value]))
  }
}

/** Grants of the key that count, whose grantee is still the role it was made for. */
export function liveGrants(world: World, key: KmsKey): readonly Grant[] {
  return [...world.grants.values()].filter(
    (grant) =>
      grant.keyId === key.keyId &&
      granteeLives(world, grant) &&
      world.faults.counts(grant.createdAt)
  )
}

/** False once the role behind the grantee is gone or was made anew: the grant is dead. */
export function granteeLives(world: World, grant: Grant): boolean {
  if (grant.granteeRoleId === undefined) return true
  return [...world.roles.values()].some((role) => role.roleId === grant.granteeRoleId)
}

/** The account that the key belongs to. */
export function accountOf(key: KmsKey): string {
  return key.arn.split(':')[4] ?? ''
}

const KEY_ARN = /^arn:[a-z-]+:kms:[a-z0-9-]+:\d{12}:key\/[A-Za-z0-9-]{1,64}$/

// One grant that permits CreateGrant would have to bound the new one; here it permits nothing. One
// that permits RetireGrant permits to retire itself only, which grants-end.ts looks at.
const aboutGrants: ReadonlySet<string> = new Set(['CreateGrant', 'RetireGrant'])

function question(world: World, call: Call, { key, context }: KeyAsk) {
  return {
    action: `kms:${call.action}`,
    resource: key.arn,
    resourcePolicy: key.policy.document,
    resourceAccount: accountOf(key),
    grants: aboutGrants.has(call.action) ? [] : liveGrants(world, key).map(grantFact),
    context: { 'kms:KeySpec': 'SYMMETRIC_DEFAULT', 'kms:KeyUsage': 'ENCRYPT_DECRYPT', ...context }
  }
}

function grantFact(grant: Grant): GrantFact {
  const { grantId, keyArn, granteePrincipal, operations, constraints } = grant
  return {
    grantId,
    keyArn,
    granteePrincipal,
    operations,
    ...(constraints === undefined ? {} : { constraints })
  }
}
