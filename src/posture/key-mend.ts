/**
 * Changes of a key and of its policy. A policy is given whole, as PutKeyPolicy takes it: what is
 * out of line is taken from the statements that have it, everything else stays as it is. KMS
 * refuses a policy that would lock out whoever puts it, and that check is not bypassed.
 */
import { administerKey } from '../iam/broker-policies.ts'
import type { PolicyDocument, PrincipalBlock, Statement } from '../iam/policy-document.ts'
import type { GrantFacts, KeyFacts } from './facts.ts'
import type { Mend } from './finding.ts'
import { covers, decryptActions } from './key-access.ts'
import {
  type Fields,
  cloudformation,
  expression,
  flow,
  line,
  map,
  remark,
  terraform
} from './mend.ts'
import { list } from './policy-text.ts'
import { type View, regionOf } from './scene.ts'
import { tagList } from './workgroup-mend.ts'

/** A property of the key, with the line that sets it. */
export const keyMend = (
  { arn }: KeyFacts,
  change: {
    readonly words: readonly string[]
    readonly properties: Fields
    readonly body: Fields
  }
): Mend => ({
  cli: [kms(arn, ...change.words)],
  cloudformation: cloudformation('AWS::KMS::Key', change.properties),
  terraform: terraform('aws_kms_key', change.body)
})

/** `aws kms WORDS --region R`, with the key's ARN where KMS wants it. */
export const kms = (arn: string, ...words: readonly (string | Fields)[]): string => {
  const [verb = '', ...rest] = words
  return line('aws', 'kms', verb, '--region', regionOf(arn), '--key-id', arn, ...rest)
}

export const tagKeyMend = ({ arn, tags }: KeyFacts, tag: string): Mend => ({
  cli: [kms(arn, 'tag-resource', '--tags', JSON.stringify([{ TagKey: tag, TagValue: 'VALUE' }]))],
  cloudformation: cloudformation('AWS::KMS::Key', { Tags: tagList({ ...tags, [tag]: 'VALUE' }) }),
  terraform: terraform('aws_kms_key', { tags: map({ ...tags, [tag]: 'VALUE' }) })
})

/** A key that cannot be mended: a new one, and what lies under the old written anew. */
export const newKeyMend = (key: KeyFacts, view: View): Mend => {
  const days = Math.floor(view.scene.posture.maxRotation / 86_400)
  const create = line('aws', 'kms', 'create-key', '--region', regionOf(key.arn))
  return {
    cli: [
      `KEY=$(${create} --query KeyMetadata.Arn --output text)`,
      `aws kms enable-key-rotation --region ${regionOf(key.arn)} --key-id "$KEY" --rotation-period-in-days ${days}`
    ],
    cloudformation: cloudformation('AWS::KMS::Key', {
      EnableKeyRotation: true,
      RotationPeriodInDays: days,
      KeyPolicy: { Ref: 'KeyPolicy' }
    }),
    terraform: terraform('aws_kms_key', {
      enable_key_rotation: true,
      rotation_period_in_days: days,
      policy: expression('data.aws_iam_policy_document.key.json')
    })
  }
}

/** What is taken from the Allows of some principals; `null` = the principals altogether. */
export type Cut = {
  readonly principals: readonly string[]
  readonly actions: readonly string[] | null
}

/** What reads: without these a principal can still describe and administer. */
export const useActions: readonly string[] = [...decryptActions, 'kms:CreateGrant']

export const policyMend = (key: KeyFacts, view: View, cut: Cut): Mend => {
  const { document } = view.read(key.policy ?? '')
  return policyTextMend(key.arn, {
    Version: '2012-10-17',
    Statement: document.Statement.flatMap((one) => cutOf(one, cut))
  })
}

export const policyTextMend = (arn: string, policy: PolicyDocument): Mend => {
  const text = JSON.stringify(policy)
  return {
    cli: [kms(arn, 'put-key-policy', '--policy-name', 'default', '--policy', text)],
    cloudformation: cloudformation('AWS::KMS::Key', { KeyPolicy: flow(policy) }),
    terraform: terraform('aws_kms_key_policy', { key_id: arn, policy: text })
  }
}

/** A grant ends; what is still needed is asked for anew, through the broker. */
export const revokeMend = ({ arn }: KeyFacts, { id, name }: GrantFacts): Mend => {
  const remarked = remark(`Take out the grant ${name ?? id} of ${arn}, if it was made here.`)
  return {
    cli: [kms(arn, 'revoke-grant', '--grant-id', id)],
    cloudformation: '# A grant is no resource of CloudFormation: whoever made it has to end it.',
    terraform: [remarked, `# resource "aws_kms_grant"`].join('\n')
  }
}

const cutOf = (statement: Statement, { principals, actions }: Cut): readonly Statement[] => {
  if (statement.Effect !== 'Allow' || !namesAny(statement, principals)) return [statement]
  if (actions !== null && !actions.some((one) => covers(statement, one))) return [statement]
  const others = without(statement.Principal, principals)
  const rest = others === null ? [] : [{ ...statement, Principal: others }]
  if (actions === null) return rest
  const left = leftActions(statement, actions)
  const named = onlyThese(statement.Principal, principals)
  return left.length === 0 || named === null
    ? rest
    : [...rest, { ...statement, Principal: named, Action: left }]
}

const namesAny = ({ Principal }: Statement, principals: readonly string[]): boolean => {
  if (Principal === undefined) return false
  if (typeof Principal === 'string') return principals.includes('*')
  return Object.values(Principal).some((names) =>
    list(names).some((one) => principals.includes(one))
  )
}

const filtered = (
  block: PrincipalBlock | undefined,
  keep: (name: string) => boolean
): PrincipalBlock | null => {
  if (block === undefined) return null
  if (typeof block === 'string') return keep('*') ? '*' : null
  const left = Object.entries(block).flatMap(([type, names]) => {
    const kept = list(names).filter(keep)
    return kept.length === 0 ? [] : [[type, kept] as const]
  })
  return left.length === 0 ? null : Object.fromEntries(left)
}

const without = (block: PrincipalBlock | undefined, names: readonly string[]) =>
  filtered(block, (name) => !names.includes(name))

const onlyThese = (block: PrincipalBlock | undefined, names: readonly string[]) =>
  filtered(block, (name) => names.includes(name))

/** A pattern that covers what must go is replaced by the administration it also covered. */
const leftActions = (statement: Statement, gone: readonly string[]): readonly string[] => {
  const isGone = (pattern: string): boolean =>
    gone.some((action) => covers({ Effect: 'Allow', Action: pattern }, action))
  const kept = list(statement.Action).filter((pattern) => !isGone(pattern))
  const wide = list(statement.Action).filter((pattern) => pattern.includes('*') && isGone(pattern))
  const left = wide.flatMap((pattern) =>
    administerKey.filter((one) => covers({ Effect: 'Allow', Action: pattern }, sampleOf(one)))
  )
  return [...new Set([...kept, ...left])]
}

const sampleOf = (pattern: string): string => pattern.replace('*', 'Key')
