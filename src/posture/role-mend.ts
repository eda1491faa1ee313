/** Changes of a JIT role: the documents that iam makes for the targets it serves. */
import type { PolicyDocument } from '../iam/policy-document.ts'
import { jitBoundary, jitTrustPolicy } from '../iam/role-policies.ts'
import type { PrincipalFacts } from './facts.ts'
import type { Mend } from './finding.ts'
import { covers, decryptActions } from './key-access.ts'
import { type Fields, cloudformation, flow, line, remark, terraform } from './mend.ts'
import { list } from './policy-text.ts'
import { allowsDecrypt, brokerOf, nameOfRole } from './role-access.ts'
import type { Shown } from './rule.ts'
import { type View, accountOf } from './scene.ts'

export const roleMend = (
  { arn }: PrincipalFacts,
  change: { readonly words: readonly string[]; readonly properties: Fields; readonly body: Fields }
): Mend => {
  const [verb = '', ...rest] = change.words
  const name = nameOfRole(arn)
  return {
    cli: [line('aws', 'iam', verb, '--role-name', name, ...rest)],
    cloudformation: cloudformation('AWS::IAM::Role', { RoleName: name, ...change.properties }),
    terraform: terraform('aws_iam_role', { name, ...change.body })
  }
}

/** Only the broker, only as `jit-*`, only with a source identity. */
export const trustMend = (one: PrincipalFacts, view: View): Mend => {
  const broker = brokerOf(one, view)
  const trust = broker === null ? null : jitTrustPolicy({ brokerRoleArn: broker })
  if (trust === null || !trust.ok) {
    const why = remark(
      'Trust the broker’s role alone: name it with --broker-role to see the policy.'
    )
    return {
      cli: [line('aws', 'iam', 'get-role', '--role-name', nameOfRole(one.arn))],
      cloudformation: why,
      terraform: why
    }
  }
  const text = JSON.stringify(trust.value)
  return roleMend(one, {
    words: ['update-assume-role-policy', '--policy-document', text],
    properties: { AssumeRolePolicyDocument: flow(trust.value) },
    body: { assume_role_policy: text }
  })
}

/** What the role's targets need at most, as a managed policy that bounds it. */
export const boundaryMend = (one: PrincipalFacts, view: View): Mend => {
  const boundary = jitBoundary(view.targetsOf(one.arn))
  const name = `${nameOfRole(one.arn)}-boundary`
  const [, partition = 'aws'] = one.arn.split(':')
  const arn = `arn:${partition}:iam::${accountOf(one.arn)}:policy/${name}`
  const mend = roleMend(one, {
    words: ['put-role-permissions-boundary', '--permissions-boundary', arn],
    properties: { PermissionsBoundary: arn },
    body: { permissions_boundary: arn }
  })
  if (!boundary.ok) return mend
  const text = JSON.stringify(boundary.value)
  const policy = { PolicyName: name, PolicyDocument: text }
  return {
    cli: [
      line('aws', 'iam', 'create-policy', '--policy-name', name, '--policy-document', text),
      ...mend.cli
    ],
    cloudformation: [
      cloudformation('AWS::IAM::ManagedPolicy', {
        ManagedPolicyName: policy.PolicyName,
        PolicyDocument: flow(boundary.value)
      }).replace('Resource:', 'Boundary:'),
      mend.cloudformation
    ].join('\n'),
    terraform: [terraform('aws_iam_policy', { name, policy: text }), mend.terraform].join('\n')
  }
}

/** One of its policies without what decrypts; a managed one is detached. */
export const withoutMend = (one: PrincipalFacts, view: View, { part }: Shown): Mend => {
  const policy = one.policies.find(({ name }) => name === part)
  if (policy?.from !== 'inline') {
    const why = remark(`Take ${part} from the policies that are attached to the role.`)
    return {
      cli: [
        line('aws', 'iam', 'list-attached-role-policies', '--role-name', nameOfRole(one.arn)),
        line(
          'aws',
          'iam',
          'detach-role-policy',
          '--role-name',
          nameOfRole(one.arn),
          '--policy-arn',
          part
        )
      ],
      cloudformation: why,
      terraform: why
    }
  }
  const left = narrowed(view.read(policy.text).document)
  const text = JSON.stringify(left)
  if (left.Statement.length === 0) {
    const why = remark(`Take the inline policy ${part} from the role.`)
    return {
      cli: [
        line(
          'aws',
          'iam',
          'delete-role-policy',
          '--role-name',
          nameOfRole(one.arn),
          '--policy-name',
          part
        )
      ],
      cloudformation: why,
      terraform: why
    }
  }
  return {
    cli: [
      line(
        'aws',
        'iam',
        'put-role-policy',
        '--role-name',
        nameOfRole(one.arn),
        '--policy-name',
        part,
        '--policy-document',
        text
      )
    ],
    cloudformation: cloudformation('AWS::IAM::RolePolicy', {
      RoleName: nameOfRole(one.arn),
      PolicyName: part,
      PolicyDocument: flow(left)
    }),
    terraform: terraform('aws_iam_role_policy', {
      role: nameOfRole(one.arn),
      name: part,
      policy: text
    })
  }
}

const narrowed = ({ Version, Statement }: PolicyDocument): PolicyDocument => ({
  Version,
  Statement: Statement.flatMap((statement) => {
    if (!allowsDecrypt(statement)) return [statement]
    const kept = list(statement.Action).filter(
      (pattern) =>
        !decryptActions.some((action) => covers({ Effect: 'Allow', Action: pattern }, action))
    )
    return kept.length === 0 ? [] : [{ ...statement, Action: kept }]
  })
})
