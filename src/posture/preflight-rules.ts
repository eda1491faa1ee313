/**
 * Whether the broker could grant on a key of a target at this moment: it asks KMS with `DryRun`,
 * which makes nothing and answers `DryRunOperationException` where it would work (KMS API,
 * CreateGrant; KMS Developer Guide, "Testing your permissions"). Judged only where it was asked.
 */
import { keyPolicy } from '../iam/broker-policies.ts'
import type { KeyFacts } from './facts.ts'
import type { Mend } from './finding.ts'
import { kms, policyTextMend } from './key-mend.ts'
import { type KeyRule, found, nothing, unseen } from './rule.ts'
import type { View } from './scene.ts'

/** What KMS answers where the call would succeed. */
export const wouldWork = 'DryRunOperationException'

export const preflightRules: readonly KeyRule[] = [
  {
    judges: 'key',
    code: 'grant_would_fail',
    severity: 'high',
    elsewhere: null,
    title: 'The broker could not grant on a key of the target',
    why: 'An elevation would be approved and then fail when it starts.',
    seenBy: unseen,
    find: ({ grantDryRun = null }) =>
      grantDryRun === null || grantDryRun === wouldWork
        ? nothing
        : found(`CreateGrant with DryRun was answered ${grantDryRun}`),
    mend: letBrokerGrant
  }
]

/** The key's own statements with those that let the broker grant in place of any of their names. */
function letBrokerGrant(key: KeyFacts, view: View): Mend {
  const { broker, targets } = view.scene
  const look: Mend = {
    cli: [kms(key.arn, 'get-key-policy', '--policy-name', 'default')],
    cloudformation: '# sallyport bootstrap --format cloudformation prints the policy of the key.',
    terraform: '# sallyport bootstrap --format terraform prints the policy of the key.'
  }
  if (broker === null || key.policy === null) return look
  const roles = { adminRoleArn: broker, brokerRoleArn: broker, producerRoleArns: [] }
  const wanted = keyPolicy({ key: key.arn, targets, ...roles })
  const { document } = view.read(key.policy)
  if (!wanted.ok || document.Statement.length === 0) return look
  const own = wanted.value.Statement.filter(({ Sid }) => sids.includes(Sid ?? ''))
  const others = document.Statement.filter(({ Sid }) => !sids.includes(Sid ?? ''))
  return policyTextMend(key.arn, { Version: '2012-10-17', Statement: [...others, ...own] })
}

const sids: readonly string[] = [
  'BrokerCreatesDecryptGrantsForJitSessions',
  'BrokerEndsAndInspects'
]
