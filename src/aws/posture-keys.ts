/**
 * KMS keys as they are: state, rotation, policy, tags, aliases and grants. Of a key that AWS
 * manages neither rotation nor grants are asked: both are AWS's own. A key of another account tells
 * what its policy lets it tell; GetKeyPolicy, ListResourceTags and ListAliases never cross accounts
 * (AWS KMS API Reference, "Cross-account use").
 */
import {
  DescribeKeyCommand,
  GetKeyPolicyCommand,
  GetKeyRotationStatusCommand,
  type GrantListEntry,
  type KMSClient,
  type KeyMetadata,
  ListAliasesCommand,
  ListGrantsCommand,
  ListKeysCommand,
  ListResourceTagsCommand
} from '@aws-sdk/client-kms'
import type { GrantFacts, KeyFacts } from '../posture/facts.ts'
import { eachOf, instantOf, listAll, present, tagsOf } from './posture-pages.ts'
import type { Scan } from './posture-scan.ts'

export type ListedKeys = {
  /** those of which anything is known */
  readonly keys: readonly KeyFacts[]
  /** ARNs of all that were listed */
  readonly listed: readonly string[]
}

/** Every key of the client's account and Region, with its aliases. */
export const keysIn = async (scan: Scan, client: KMSClient): Promise<ListedKeys> => {
  const keys = await listAll(scan, {
    call: 'kms:ListKeys',
    resource: null,
    send: (Marker, options) =>
      client.send(new ListKeysCommand({ Marker, Limit: scan.page(1000) }), options),
    items: (page) => page.Keys,
    next: (page) => (page.Truncated ? page.NextMarker : undefined)
  })
  const arns = keys.items.flatMap(({ KeyArn }) => KeyArn ?? [])
  const aliases = await aliasesIn(scan, client)
  scan.expect('kms', arns.length)
  const found = await eachOf(arns, async (arn) => {
    const listed = { arn, aliases: aliases.get(arn.split('/').at(-1) ?? '') ?? [], isListed: true }
    const facts = await keyFacts(scan, client, listed)
    scan.did('kms')
    return facts
  })
  return { keys: present(found), listed: arns }
}

/** Keys that something points to and no listing has: of another account, or of another Region. */
export const keysNamed = async (
  scan: Scan,
  clientOf: (arn: string) => KMSClient,
  arns: readonly string[]
): Promise<readonly KeyFacts[]> => {
  scan.expect('kms', arns.length)
  const found = await eachOf(arns, async (arn) => {
    const named = { arn, aliases: [], isListed: false }
    const facts = await keyFacts(scan, clientOf(arn), named)
    scan.did('kms')
    return facts
  })
  return present(found)
}

/** Key id → `alias/…`, sorted. */
const aliasesIn = async (
  scan: Scan,
  client: KMSClient
): Promise<ReadonlyMap<string, readonly string[]>> => {
  const { items } = await listAll(scan, {
    call: 'kms:ListAliases',
    resource: null,
    send: (Marker, options) =>
      client.send(new ListAliasesCommand({ Marker, Limit: scan.page(100) }), options),
    items: (page) => page.Aliases,
    next: (page) => (page.Truncated ? page.NextMarker : undefined)
  })
  const byKey = new Map<string, readonly string[]>()
  for (const { AliasName, TargetKeyId } of items) {
    if (AliasName === undefined || TargetKeyId === undefined) continue
    byKey.set(TargetKeyId, [...(byKey.get(TargetKeyId) ?? []), AliasName].toSorted())
  }
  return byKey
}

type Asked = {
  readonly arn: string
  readonly aliases: readonly string[]
  /** AWS named it a moment ago, so that "not found" means deleted since */
  readonly isListed: boolean
}

/** Null = gone, or nothing is known of it, which a gap says. */
const keyFacts = async (scan: Scan, client: KMSClient, asked: Asked): Promise<KeyFacts | null> => {
  const described = await scan.ask({
    call: 'kms:DescribeKey',
    resource: asked.arn,
    absent: (code) => asked.isListed && code === 'NotFoundException',
    send: (options) => client.send(new DescribeKeyCommand({ KeyId: asked.arn }), options)
  })
  const metadata = described.ok ? described.value.KeyMetadata : undefined
  if (metadata === undefined) return null
  const arn = metadata.Arn ?? asked.arn
  const isOurs = metadata.KeyManager !== 'AWS'
  const [rotation, policy, tags, grants] = await Promise.all([
    isOurs ? rotationOf(scan, client, metadata) : null,
    policyOf(scan, client, arn),
    tagsOn(scan, client, arn),
    isOurs ? grantsOn(scan, client, arn) : null
  ])
  return {
    arn,
    manager: isOurs ? 'CUSTOMER' : 'AWS',
    state: metadata.KeyState ?? 'Unavailable',
    spec: metadata.KeySpec ?? 'SYMMETRIC_DEFAULT',
    usage: metadata.KeyUsage ?? 'ENCRYPT_DECRYPT',
    origin: metadata.Origin ?? 'AWS_KMS',
    multiRegion: metadata.MultiRegion ?? false,
    createdAt: instantOf(metadata.CreationDate),
    deletionAt: instantOf(metadata.DeletionDate),
    materialExpiresAt: instantOf(metadata.ValidTo),
    rotation,
    aliases: asked.aliases,
    tags,
    policy,
    grants
  }
}

/** A key that cannot rotate by itself does not: asymmetric ones, and material kept elsewhere. */
const rotationOf = async (
  scan: Scan,
  client: KMSClient,
  { Arn, KeySpec }: KeyMetadata
): Promise<KeyFacts['rotation']> => {
  if (KeySpec !== undefined && KeySpec !== 'SYMMETRIC_DEFAULT') return neverRotates
  const got = await scan.ask({
    call: 'kms:GetKeyRotationStatus',
    resource: Arn ?? null,
    absent: (code) => code === 'UnsupportedOperationException',
    send: (options) => client.send(new GetKeyRotationStatusCommand({ KeyId: Arn }), options)
  })
  if (!got.ok) return got.isAbsent ? neverRotates : null
  const { KeyRotationEnabled: enabled = false, RotationPeriodInDays: periodDays } = got.value
  return { enabled, periodDays: periodDays ?? null }
}

const neverRotates = { enabled: false, periodDays: null }

const policyOf = async (scan: Scan, client: KMSClient, arn: string): Promise<string | null> => {
  const got = await scan.ask({
    call: 'kms:GetKeyPolicy',
    resource: arn,
    send: (options) =>
      client.send(new GetKeyPolicyCommand({ KeyId: arn, PolicyName: 'default' }), options)
  })
  return got.ok ? (got.value.Policy ?? null) : null
}

const tagsOn = async (scan: Scan, client: KMSClient, arn: string): Promise<KeyFacts['tags']> => {
  const { items } = await listAll(scan, {
    call: 'kms:ListResourceTags',
    resource: arn,
    send: (Marker, options) => {
      const command = new ListResourceTagsCommand({ KeyId: arn, Marker, Limit: scan.page(50) })
      return client.send(command, options)
    },
    items: (page) => page.Tags,
    next: (page) => (page.Truncated ? page.NextMarker : undefined)
  })
  return tagsOf(items)
}

/** Those that came, where some did; null where none could be read. */
const grantsOn = async (
  scan: Scan,
  client: KMSClient,
  arn: string
): Promise<readonly GrantFacts[] | null> => {
  const { items, isWhole } = await listAll(scan, {
    call: 'kms:ListGrants',
    resource: arn,
    send: (Marker, options) =>
      client.send(new ListGrantsCommand({ KeyId: arn, Marker, Limit: scan.page(100) }), options),
    items: (page) => page.Grants,
    next: (page) => (page.Truncated ? page.NextMarker : undefined)
  })
  return isWhole || items.length > 0 ? items.flatMap(grantFacts) : null
}

const grantFacts = (grant: GrantListEntry): readonly GrantFacts[] => {
  const { GrantId, Name, RetiringPrincipal, Constraints } = grant
  if (GrantId === undefined) return []
  const { EncryptionContextEquals, EncryptionContextSubset } = Constraints ?? {}
  const constraints = {
    ...(EncryptionContextEquals === undefined ? {} : { EncryptionContextEquals }),
    ...(EncryptionContextSubset === undefined ? {} : { EncryptionContextSubset })
  }
  return [
    {
      id: GrantId,
      name: Name === undefined || Name === '' ? null : Name,
      grantee: grant.GranteePrincipal ?? '',
      retiring: RetiringPrincipal ?? null,
      issuingAccount: accountOf(grant.IssuingAccount),
      operations: grant.Operations ?? [],
      constraints: Object.keys(constraints).length === 0 ? null : constraints,
      createdAt: instantOf(grant.CreationDate)
    }
  ]
}

/** KMS answers it as `arn:aws:iam::123456789012:root` or as the twelve digits. */
const accountOf = (issuing: string | undefined): string | null =>
  /\d{12}/.exec(issuing ?? '')?.[0] ?? null
