/**
 * STS sessions, and the role's inline deny of sessions that were ended early. PutRolePolicy
 * replaces the whole document (IAM API), so the caller renders it from everything it knows, one at
 * a time.
 */
import {
  DeleteRolePolicyCommand,
  GetRolePolicyCommand,
  IAMClient,
  PutRolePolicyCommand
} from '@aws-sdk/client-iam'
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts'
import { instant } from '../elevation/ids.ts'
import { Secret } from '../elevation/secret.ts'
import { endedSessionsPolicy } from '../iam/role-policies.ts'
import type { AwsAnswer, Sessions } from '../ports.ts'
import { type AwsSettings, ask, clientSettings } from './answer.ts'
import { perRegion } from './clients.ts'

/** Name of the inline policy on the role. */
export const endedPolicyName = 'SallyportEndedSessions'

/** STS in the target's region; IAM is global within a partition, which the region picks. */
export const stsSessions = (settings: AwsSettings): Sessions & { readonly close: () => void } => {
  const sts = perRegion((region) => new STSClient(clientSettings(settings, region)))
  const iam = perRegion((region) => new IAMClient(clientSettings(settings, region)))
  return {
    close: () => {
      sts.close()
      iam.close()
    },

    assume: async (parameters, region) => {
      const action = 'sts:AssumeRole'
      const command = new AssumeRoleCommand({ ...parameters, Tags: [...parameters.Tags] })
      const answer = await ask(action, (options) => sts.in(region).send(command, options))
      if (!answer.ok) return answer
      const { Credentials: made, AssumedRoleUser: user } = answer.value
      const { AccessKeyId, SecretAccessKey, SessionToken, Expiration } = made ?? {}
      if (
        !AccessKeyId ||
        !SecretAccessKey ||
        !SessionToken ||
        !Expiration ||
        !user?.AssumedRoleId
      ) {
        return { ok: false, kind: 'unavailable', action, name: 'IncompleteAnswer', requestId: null }
      }
      return {
        ok: true,
        value: {
          accessKeyId: AccessKeyId,
          secretAccessKey: new Secret(SecretAccessKey),
          sessionToken: new Secret(SessionToken),
          expiration: instant(Expiration.getTime()),
          assumedRoleId: user.AssumedRoleId
        }
      }
    },

    denyEnded: async ({ roleArn, region }, { ids, issuedBefore }) => {
      const client = iam.in(region)
      const RoleName = roleArn.slice(roleArn.lastIndexOf('/') + 1)
      const [first, ...others] = ids
      if (first === undefined) return removeDeny(client, RoleName)
      const policy = endedSessionsPolicy([first, ...others], issuedBefore)
      if (!policy.ok) return unsafe
      const document = JSON.stringify(policy.value)
      const there = await denyOf(client, RoleName)
      // a change is what AWS takes seconds to spread, so there is none where nothing changes
      if (there.ok && there.value === document) return { ok: true, value: null }
      return putDeny(client, RoleName, document)
    }
  }
}

const unsafe: AwsAnswer<never> = {
  ok: false,
  kind: 'invalid',
  action: 'iam:PutRolePolicy',
  name: 'UnsafeName',
  requestId: null
}

/** The document as it was sent; null = there is none. */
const denyOf = async (client: IAMClient, RoleName: string): Promise<AwsAnswer<string | null>> => {
  const command = new GetRolePolicyCommand({ RoleName, PolicyName: endedPolicyName })
  const answer = await ask('iam:GetRolePolicy', (options) => client.send(command, options))
  if (!answer.ok) return answer.kind === 'not_found' ? { ok: true, value: null } : answer
  return { ok: true, value: decoded(answer.value.PolicyDocument ?? '') }
}

/** IAM answers documents percent-encoded (RFC 3986); one that is not is none of ours. */
const decoded = (text: string): string | null => {
  try {
    return decodeURIComponent(text)
  } catch {
    return null
  }
}

const putDeny = async (
  client: IAMClient,
  RoleName: string,
  PolicyDocument: string
): Promise<AwsAnswer<null>> => {
  const put = new PutRolePolicyCommand({ RoleName, PolicyName: endedPolicyName, PolicyDocument })
  const answer = await ask('iam:PutRolePolicy', (options) => client.send(put, options))
  return answer.ok ? { ok: true, value: null } : answer
}

const removeDeny = async (client: IAMClient, RoleName: string): Promise<AwsAnswer<null>> => {
  const command = new DeleteRolePolicyCommand({ RoleName, PolicyName: endedPolicyName })
  const answer = await ask('iam:DeleteRolePolicy', (options) => client.send(command, options))
  return answer.ok || answer.kind === 'not_found' ? { ok: true, value: null } : answer
}
