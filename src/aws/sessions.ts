/**
 * STS sessions, and the role's inline deny of sessions that were ended early. PutRolePolicy replaces
 * the whole document (IAM API), so the caller renders it from everything it knows, one at a time.
 */
import { DeleteRolePolicyCommand, IAMClient, PutRolePolicyCommand } from '@aws-sdk/client-iam'
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
      if (!AccessKeyId || !SecretAccessKey || !SessionToken || !Expiration || !user?.AssumedRoleId) {
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

    denyEnded: async ({ roleArn, region }, assumedRoleIds) => {
      const client = iam.in(region)
      const RoleName = roleArn.slice(roleArn.lastIndexOf('/') + 1)
      const [first, ...others] = assumedRoleIds
      if (first === undefined) return removeDeny(client, RoleName)
      const policy = endedSessionsPolicy([first, ...others])
      if (!policy.ok) {
        const action = 'iam:PutRolePolicy'
        return { ok: false, kind: 'invalid', action, name: 'UnsafeName', requestId: null }
      }
      const PolicyDocument = JSON.stringify(policy.value)
      const put = new PutRolePolicyCommand({ RoleName, PolicyName: endedPolicyName, PolicyDocument })
      const answer = await ask('iam:PutRolePolicy', (options) => client.send(put, options))
      return answer.ok ? { ok: true, value: null } : answer
    }
  }
}

const removeDeny = async (client: IAMClient, RoleName: string): Promise<AwsAnswer<null>> => {
  const command = new DeleteRolePolicyCommand({ RoleName, PolicyName: endedPolicyName })
  const answer = await ask('iam:DeleteRolePolicy', (options) => client.send(command, options))
  return answer.ok || answer.kind === 'not_found' ? { ok: true, value: null } : answer
}
