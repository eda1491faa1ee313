/**
 * Who calls and through what. A `Call` is one API call being answered; a service that calls another
 * on the caller's behalf passes `forward(call, ...)`: the caller stays, the path grows. Sources:
 * IAM User Guide "aws:CalledVia", KMS Developer Guide "kms:ViaService".
 */
import type { Principal } from '../iam/policy-document.ts'
import type { Role, Session, User } from './world.ts'

export type ServiceName = 'sts' | 'iam' | 'kms' | 's3' | 'glue' | 'athena'

/** The signer. `role` and `user` are live records: a policy put later counts at once. */
export type Caller = {
  readonly arn: string
  readonly account: string
  /** `aws:userid`: `AROA...:session` or `AIDA...` */
  readonly userId: string
  readonly accessKeyId: string
  readonly principal: Principal
  readonly role?: Role
  readonly user?: User
  /** present for temporary credentials: policy, tags, source identity, expiry */
  readonly session?: Session
}

export type Call = {
  readonly caller: Caller
  /** a `ServiceName`, or the name of a service that is not simulated */
  readonly service: string
  readonly action: string
  readonly region: string
  /** the instant this call is judged at; background work sets its own: `{ ...call, now }` */
  readonly now: Date
  readonly requestId: string
  /** service principals it came through, first to last, for aws:CalledVia, -First and -Last */
  readonly chain: readonly string[]
  /** `s3.eu-west-1.amazonaws.com` when S3 calls KMS for the caller; null when called directly */
  readonly viaService: string | null
  /**
   * the loopback wire stands for AWS's TLS endpoint, so this is true for every call from outside
   */
  readonly secureTransport: boolean
  readonly sourceIp: string
  readonly userAgent: string
}

/**
 * The call that `through` makes to `to` on the caller's behalf, with the caller's own permissions.
 * `forward(call, 'athena', { service: 's3', action: 'GetObject' })` adds athena to aws:CalledVia;
 * `forward(call, 's3', { service: 'kms', action: 'Decrypt' })` only sets kms:ViaService, because S3
 * and Glue are not among the services that AWS names in aws:CalledVia.
 */
export const forward = (
  call: Call,
  through: string,
  to: { readonly service: ServiceName; readonly action: string }
): Call => ({
  ...call,
  service: to.service,
  action: to.action,
  chain: namedInCalledVia.has(through) ? [...call.chain, `${through}.amazonaws.com`] : call.chain,
  viaService: `${through}.${call.region}.amazonaws.com`
})

const namedInCalledVia: ReadonlySet<string> = new Set(['athena'])
