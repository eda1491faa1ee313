/**
 * What AssumeRole is sent for one elevation. The session policy is a branded, required field: a
 * call without one cannot be written. Refused: unsafe source identities, and a window that is over.
 * Source: STS API, AssumeRole; IAM User Guide, "Role chaining" (one hour at most).
 */
import type { ElevationId, Instant } from '../elevation/ids.ts'
import { checkName } from './names.ts'
import { partitionOf } from './partition.ts'
import type { IamResult, WindowOver } from './refusals.ts'
import type { SessionPolicy, SessionPolicyText } from './session-policy-text.ts'

/** AssumeRoleCommandInput as it is sent; lists are mutable only because the SDK's types are. */
export type AssumeRoleParameters = {
  readonly RoleArn: string
  readonly RoleSessionName: string
  readonly Policy: SessionPolicyText
  readonly DurationSeconds: number
  readonly SourceIdentity: string
  readonly Tags: { readonly Key: string; readonly Value: string }[]
}

export type AssumeRoleAsk = {
  readonly elevation: ElevationId
  readonly roleArn: string
  readonly policy: SessionPolicy
  /** who asked, 2 to 64 of `[A-Za-z0-9_+=,.@-]`; it appears in CloudTrail */
  readonly sourceIdentity: string
  readonly now: Instant
}

/** STS's shortest session, and its longest where the broker itself runs under a role. */
const shortest = 900
const longest = 3600

/** `jit-<ULID>`: one elevation, one session name, never reused. */
export const sessionName = (elevation: ElevationId): string => `jit-${elevation}`

/** The session's ARN as grants and CloudTrail name it: a role's path is no part of it. */
export const sessionArn = (roleArn: string, elevation: ElevationId): string => {
  const partition = partitionOf(roleArn)
  const account = roleArn.split(':')[4] ?? ''
  const role = roleArn.split('/').at(-1) ?? ''
  if (partition === null || checkName('role', roleArn, 'role') !== null) {
    throw new Error('not the ARN of an IAM role')
  }
  return `arn:${partition}:sts::${account}:assumed-role/${role}/${sessionName(elevation)}`
}

/**
 * Whole seconds until the policy's end, rounded up, from 900 to 3600. A session that outlives the
 * window is dead weight: the End Deny has closed it.
 */
export const assumeRoleParameters = (ask: AssumeRoleAsk): IamResult<AssumeRoleParameters> => {
  const { elevation, roleArn, policy, sourceIdentity, now } = ask
  const unsafe = [
    checkName('role', roleArn, 'target.role'),
    checkName('source identity', sourceIdentity, 'sourceIdentity')
  ].filter((one) => one !== null)
  if (unsafe.length > 0) return { ok: false, refusals: unsafe }
  if (now >= policy.notAfter) return { ok: false, refusals: [windowOver] }
  const seconds = Math.ceil((policy.notAfter - now) / 1000)
  return {
    ok: true,
    value: {
      RoleArn: roleArn,
      RoleSessionName: sessionName(elevation),
      Policy: policy.text,
      DurationSeconds: Math.min(Math.max(seconds, shortest), longest),
      SourceIdentity: sourceIdentity,
      Tags: [
        { Key: 'jit:request', Value: elevation },
        { Key: 'jit:workgroup', Value: policy.workgroup }
      ]
    }
  }
}

const windowOver: WindowOver = { code: 'ended', message: 'the window is over: nothing to issue' }
