/**
 * STS: GetCallerIdentity and AssumeRole, with the limits of the API and the trust policy's word on
 * sts:AssumeRole, sts:TagSession and sts:SetSourceIdentity. A role that does not exist is refused
 * like one that is not trusted. Source: AWS STS API Reference; IAM User Guide, "Role chaining".
 */
import { assumeRoleActions, assumeRoleContext } from '../iam/trust.ts'
import { authorize } from './authorize.ts'
import type { Call } from './call.ts'
import type { Trail } from './events.ts'
import { AwsFault } from './fault.ts'
import type { JsonObject, Operation, QueryService } from './service.ts'
import { openSession } from './sessions.ts'
import { packedPolicySize, parseAssumeRole } from './sts-input.ts'
import type { AssumeRoleWish } from './sts-input.ts'
import { shown, structure } from './trail-members.ts'
import type { Role, Session, World } from './world.ts'

const CHAINED_LIMIT_SECONDS = 3600
const DEFAULT_SECONDS = 3600

const getCallerIdentity: Operation = {
  readOnly: true,
  run: (_world, { caller }) => ({
    UserId: caller.userId,
    Account: caller.account,
    Arn: caller.arn
  })
}

const assumeRole: Operation = {
  readOnly: true,
  run: (world, call, input) => {
    const asked = parseAssumeRole(input)
    const wish = { ...asked, ...inherited(call, asked) }
    const role = requireAllowed(world, call, wish)
    const seconds = requireDuration(call, wish, role)
    const packed = packedPolicySize(wish.policy, wish.tags)
    const session = openSession(world, {
      role,
      sessionName: wish.roleSessionName,
      seconds,
      now: call.now,
      tags: wish.tags,
      transitiveTagKeys: wish.transitiveTagKeys,
      ...(wish.sourceIdentity === undefined ? {} : { sourceIdentity: wish.sourceIdentity }),
      ...(wish.policy === undefined ? {} : { policy: wish.policy })
    })
    return answer(session, packed)
  },
  trail: assumeRoleTrail
}

export const stsService: QueryService = {
  protocol: 'query',
  name: 'sts',
  version: '2011-06-15',
  namespace: 'https://sts.amazonaws.com/doc/2011-06-15/',
  operations: { AssumeRole: assumeRole, GetCallerIdentity: getCallerIdentity }
}

// Transitive tags and the source identity of the caller's own session go along and cannot be
// replaced.
function inherited(
  call: Call,
  wish: AssumeRoleWish
): Pick<AssumeRoleWish, 'tags' | 'transitiveTagKeys' | 'sourceIdentity'> {
  const from = call.caller.session
  if (from === undefined) return wish
  const keys = new Set(Object.keys(wish.tags).map((key) => key.toLowerCase()))
  if (from.transitiveTagKeys.some((key) => keys.has(key.toLowerCase()))) {
    const message = 'A tag with the key of an inherited transitive tag cannot be passed.'
    throw new AwsFault('InvalidParameterValue', 400, message)
  }
  if (
    from.sourceIdentity !== undefined &&
    wish.sourceIdentity !== undefined &&
    wish.sourceIdentity !== from.sourceIdentity
  ) {
    throw new AwsFault('AccessDenied', 403, 'The source identity of a session cannot be replaced.')
  }
  const sourceIdentity = wish.sourceIdentity ?? from.sourceIdentity
  const carried = Object.entries(from.tags).filter(([key]) => from.transitiveTagKeys.includes(key))
  return {
    tags: { ...Object.fromEntries(carried), ...wish.tags },
    transitiveTagKeys: [...from.transitiveTagKeys, ...wish.transitiveTagKeys],
    ...(sourceIdentity === undefined ? {} : { sourceIdentity })
  }
}

function requireAllowed(world: World, call: Call, wish: AssumeRoleWish): Role {
  const role = [...world.roles.values()].find((one) => one.arn === wish.roleArn)
  const context = assumeRoleContext({ ...wish, principal: call.caller.principal, context: {} })
  for (const action of assumeRoleActions(wish)) {
    authorize(world, call, {
      action,
      resource: wish.roleArn,
      context,
      ...(role === undefined ? {} : { resourcePolicy: role.trust.document })
    })
  }
  if (role === undefined) {
    const who = `User: ${call.caller.arn} is not authorized to perform: sts:AssumeRole`
    throw new AwsFault('AccessDenied', 403, `${who} on resource: ${wish.roleArn}`)
  }
  return role
}

function requireDuration(call: Call, wish: AssumeRoleWish, role: Role): number {
  const seconds = wish.durationSeconds ?? DEFAULT_SECONDS
  if (call.caller.session !== undefined && seconds > CHAINED_LIMIT_SECONDS) {
    const limit = 'the 1 hour session limit for roles assumed by role chaining.'
    throw new AwsFault('ValidationError', 400, `The requested DurationSeconds exceeds ${limit}`)
  }
  if (seconds > role.maxSessionSeconds) {
    const limit = 'the MaxSessionDuration set for this role.'
    throw new AwsFault('ValidationError', 400, `The requested DurationSeconds exceeds ${limit}`)
  }
  return seconds
}

function answer(session: Session, packed: number): JsonObject {
  return {
    Credentials: {
      AccessKeyId: session.accessKeyId,
      SecretAccessKey: session.secretAccessKey,
      SessionToken: session.sessionToken,
      Expiration: session.notAfter
    },
    AssumedRoleUser: {
      AssumedRoleId: `${session.roleId}:${session.sessionName}`,
      Arn: session.arn
    },
    ...(packed === 0 ? {} : { PackedPolicySize: packed }),
    ...(session.sourceIdentity === undefined ? {} : { SourceIdentity: session.sourceIdentity })
  }
}

function assumeRoleTrail(world: World, input: JsonObject, output: JsonObject | undefined): Trail {
  const { RoleArn } = input
  return {
    requestParameters: shown(input, [
      'RoleArn',
      'RoleSessionName',
      'DurationSeconds',
      'SourceIdentity',
      'Tags',
      'TransitiveTagKeys',
      'ExternalId'
    ]),
    ...(output === undefined
      ? {}
      : {
          responseElements: {
            credentials: shown(structure(output, 'Credentials'), ['AccessKeyId', 'Expiration']),
            assumedRoleUser: {
              assumedRoleId: structure(output, 'AssumedRoleUser').AssumedRoleId,
              arn: structure(output, 'AssumedRoleUser').Arn
            },
            ...shown(output, ['PackedPolicySize', 'SourceIdentity'])
          }
        }),
    ...(typeof RoleArn === 'string'
      ? { resources: [{ ARN: RoleArn, accountId: world.account, type: 'AWS::IAM::Role' }] }
      : {})
  }
}
