/**
 * KMS grants. CreateGrant is idempotent by `Name` with equal parameters (KMS API, CreateGrant), so
 * the SDK's retries make one grant. RevokeGrant of a grant that is gone is done.
 */
import { CreateGrantCommand, KMSClient, ListGrantsCommand, RevokeGrantCommand } from '@aws-sdk/client-kms'
import type { AwsAnswer, FoundGrant, Grants } from '../ports.ts'
import { type AwsSettings, ask, clientSettings } from './answer.ts'
import { perRegion, regionOf } from './clients.ts'

/** Grants on keys of any region; `close` ends the connections. */
export const kmsGrants = (settings: AwsSettings): Grants & { readonly close: () => void } => {
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
      const answer = await ask('kms:RevokeGrant', (options) => client(keyArn).send(command, options))
      return answer.ok || answer.kind === 'not_found' ? { ok: true, value: null } : answer
    },

    find: async (keyArn, prefix) => {
      const found: FoundGrant[] = []
      let marker: string | undefined
      do {
        const command = new ListGrantsCommand({ KeyId: keyArn, Limit: 100, Marker: marker })
        const page = await ask('kms:ListGrants', (options) => client(keyArn).send(command, options))
        if (!page.ok) return page
        for (const { GrantId, Name } of page.value.Grants ?? []) {
          if (GrantId && Name?.startsWith(prefix)) found.push({ grantId: GrantId, name: Name })
        }
        marker = page.value.Truncated ? page.value.NextMarker : undefined
        if (page.value.Truncated && !marker) return incomplete('kms:ListGrants')
      } while (marker)
      return { ok: true, value: found }
    }
  }
}

const incomplete = (action: string): AwsAnswer<never> => ({
  ok: false,
  kind: 'unavailable',
  action,
  name: 'IncompleteAnswer',
  requestId: null
})
