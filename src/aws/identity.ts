/**
 * Who the broker is for AWS: STS GetCallerIdentity, which needs no permission and costs nothing.
 */
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts'
import type { AwsAnswer } from '../ports.ts'
import { type AwsSettings, ask, clientSettings } from './answer.ts'

export type Identity = {
  /** the broker's own ARN */
  readonly ask: () => Promise<AwsAnswer<string>>
  readonly close: () => void
}

/** Asked through STS of this region. */
export const stsIdentity = (settings: AwsSettings, region: string): Identity => {
  const client = new STSClient(clientSettings(settings, region))
  return {
    ask: async () => {
      const action = 'sts:GetCallerIdentity'
      const answer = await ask(action, (options) =>
        client.send(new GetCallerIdentityCommand({}), options)
      )
      if (!answer.ok) return answer
      const { Arn } = answer.value
      if (Arn) return { ok: true, value: Arn }
      return { ok: false, kind: 'unavailable', action, name: 'IncompleteAnswer', requestId: null }
    },
    close: () => client.destroy()
  }
}
