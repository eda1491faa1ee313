/**
 * What a JIT role may do by itself, and who may become it: read from its policies and asked of
 * iam's evaluator. Identity providers are named like anybody else.
 */
import { evaluate } from '../iam/evaluate.ts'
import { partitionOf } from '../iam/partition.ts'
import type { PolicyDocument, Statement } from '../iam/policy-document.ts'
import type { PrincipalFacts } from './facts.ts'
import { covers, decryptActions } from './key-access.ts'
import { list } from './policy-text.ts'
import { type View, accountOf } from './scene.ts'

/** The name of a role, without its path. */
export const nameOfRole = (arn: string): string => arn.split('/').at(-1) ?? arn

/** An Allow by exclusion allows what it does not exclude. */
export const allowsDecrypt = (statement: Statement): boolean => {
  if (statement.Effect !== 'Allow') return false
  const { NotAction } = statement
  return NotAction === undefined
    ? decryptActions.some((action) => covers(statement, action))
    : decryptActions.some((action) => !covers({ Effect: 'Allow', Action: NotAction }, action))
}

const assumeActions = ['sts:AssumeRole', 'sts:AssumeRoleWithSAML', 'sts:AssumeRoleWithWebIdentity']

/** Every principal that some Allow lets assume it, sorted, each once. */
export const assumers = ({ Statement }: PolicyDocument): readonly string[] => {
  const names = Statement.flatMap((statement) => {
    const { Effect, Principal } = statement
    const isAssume = assumeActions.some((action) => covers(statement, action))
    if (Effect !== 'Allow' || !isAssume || Principal === undefined) return []
    return typeof Principal === 'string' ? [Principal] : Object.values(Principal).flatMap(list)
  })
  return [...new Set(names)].toSorted()
}

/** The broker, else the one role that is trusted. */
export const brokerOf = ({ trust }: PrincipalFacts, { read, scene }: View): string | null => {
  if (scene.broker !== null || trust === null) return scene.broker
  const [one, ...others] = assumers(read(trust).document)
  return one !== undefined && others.length === 0 && one.includes(':role/') ? one : null
}

/** Whether the trust policy lets the broker in under these circumstances. */
export const assumes = (ask: {
  readonly arn: string
  readonly broker: string
  readonly document: PolicyDocument
  readonly context: Readonly<Record<string, string>>
}): boolean => {
  const account = accountOf(ask.broker)
  const session = `arn:${partitionOf(ask.broker) ?? 'aws'}:sts::${account}:assumed-role/${nameOfRole(ask.broker)}/broker`
  const { decision } = evaluate(
    {
      principal: { kind: 'session', arn: session, roleArn: ask.broker, account },
      action: 'sts:AssumeRole',
      resource: ask.arn,
      context: { 'aws:PrincipalArn': ask.broker, 'aws:SecureTransport': 'true', ...ask.context }
    },
    {
      identity: [
        {
          Version: '2012-10-17',
          Statement: [{ Effect: 'Allow', Action: 'sts:AssumeRole', Resource: ask.arn }]
        }
      ],
      resource: ask.document,
      resourceAccount: accountOf(ask.arn)
    }
  )
  return decision === 'allow'
}
