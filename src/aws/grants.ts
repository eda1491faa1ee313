/**
 * KMS grants. CreateGrant is idempotent by `Name` with equal parameters (KMS API, CreateGrant), so
 * the SDK's retries make one grant. RevokeGrant of a grant that is gone is done.
 */
import {
  CreateGrantCommand,
  type GrantListEntry,
  KMSClient,
  ListGrantsCommand,
  ListRetirableGrantsCommand,
  RevokeGrantCommand
} from '@aws-sdk/client-kms'
import type { AwsAnswer, FoundGrant, Grants } from '../ports.ts'
import type { RetirableGrant, RetirableGrants } from '../ports-orphans.ts'
import { type AwsSettings, ask, clientSettings } from './answer.ts'
import { perRegion, regionOf } from './clients.ts'

/** Grants on keys of any region; `close` ends the connections. */
export const kmsGrants = (
  settings: AwsSettings
): Grants & RetirableGrants & { readonly close: () => void } => {
  const clients = perRegion((region) => new KMSClient(clientSettings(settings, region)))
  const client = (keyArn: string) => clients.in(regionOf(keyArn))
  return {
    close: clients.close,

    create: async (parameters) => {
      const { KeyId } = parameters
      const answer = await ask('kms:CreateGrant', (options) =>
        client(KeyId).send(new CreateGrantCommand(parameters), options)
      )
      if (!answer.ok) return answer
      const { GrantId } = answer.value
      return GrantId ? { ok: true, value: { grantId: GrantId } } : incomplete('kms:CreateGrant')
    },

    revoke: async (keyArn, grantId) => {
      const command = new RevokeGrantCommand({ KeyId: keyArn, GrantId: grantId })
      const answer = await ask('kms:RevokeGrant', (options) =>
        client(keyArn).send(command, options)
      )
      return answer.ok || answer.kind === 'not_found' ? { ok: true, value: null } : answer
    },

    find: async (keyArn, prefix) => {
      const all = await pages('kms:ListGrants', (Marker, options) =>
        client(keyArn).send(new ListGrantsCommand({ KeyId: keyArn, Limit: 100, Marker }), options)
      )
      if (!all.ok) return all
      const found: FoundGrant[] = []
      for (const { GrantId, Name } of all.value) {
        if (GrantId && Name?.startsWith(prefix)) found.push({ grantId: GrantId, name: Name })
      }
      return { ok: true, value: found }
    },

    retirable: async (region, RetiringPrincipal) => {
      const all = await pages('kms:ListRetirableGrants', (Marker, options) => {
        const command = new ListRetirableGrantsCommand({ RetiringPrincipal, Limit: 100, Marker })
        return clients.in(region).send(command, options)
      })
      if (!all.ok) return all
      const found: RetirableGrant[] = []
      for (const { KeyId, GrantId, Name } of all.value) {
        if (KeyId && GrantId) found.push({ keyArn: KeyId, grantId: GrantId, name: Name ?? '' })
      }
      return { ok: true, value: found }
    }
  }
}

type Page = {
  readonly Grants?: readonly GrantListEntry[] | undefined
  readonly NextMarker?: string | undefined
  readonly Truncated?: boolean | undefined
}

/** Every page, or the first failure. */
const pages = async (
  action: string,
  send: (
    marker: string | undefined,
    options: { readonly abortSignal: AbortSignal }
  ) => Promise<Page>
): Promise<AwsAnswer<readonly GrantListEntry[]>> => {
  const all: GrantListEntry[] = []
  let marker: string | undefined
  do {
    const page = await ask(action, (options) => send(marker, options))
    if (!page.ok) return page
    all.push(...(page.value.Grants ?? []))
    marker = page.value.Truncated ? page.value.NextMarker : undefined
    if (page.value.Truncated && !marker) return incomplete(action)
  } while (marker)
  return { ok: true, value: all }
}

const incomplete = (action: string): AwsAnswer<never> => ({
  ok: false,
  kind: 'unavailable',
  action,
  name: 'IncompleteAnswer',
  requestId: null
})
