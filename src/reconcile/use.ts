/**
 * What a CloudTrail record says about a target: a query, a Decrypt, a session, a grant. Everything
 * else is null. A denied call is an attempt, no use. SQL text of a record is never read.
 * Source: CloudTrail User Guide, "CloudTrail record contents", "userIdentity element".
 */
import { fieldAt, keyOf, textAt, timeOf } from './record-fields.ts'

export type UseKind = 'query' | 'decrypt' | 'session' | 'grant'

export const wantedEvents = ['StartQueryExecution', 'Decrypt', 'AssumeRole', 'CreateGrant'] as const

export type Use = {
  readonly kind: UseKind
  /** `eventID` */
  readonly id: string
  /** epoch milliseconds */
  readonly at: number
  readonly isRefused: boolean
  /** ARN of the caller, or its unique id, or the service */
  readonly actor: string
  readonly isService: boolean
  /** session name of the caller; for `session`, of the session made; for `grant`, the grantee's */
  readonly session: string | null
  readonly account: string
  readonly region: string
  /** workgroup, key ARN or role ARN */
  readonly resource: string
  /** query execution or grant id; null = none */
  readonly made: string | null
  /** name of the grant */
  readonly name: string | null
}

/** The use, null = another event, `bad` = a record that lacks what its event has. */
export const useOf = (value: unknown): Use | 'bad' | null => {
  const event = `${textAt(value, 'eventSource')} ${textAt(value, 'eventName')}`
  const kind = kinds[event]
  if (kind === undefined) return null
  const at = timeOf(value)
  const id = textAt(value, 'eventID')
  const identity = at === null ? null : fieldAt(value, 'userIdentity')
  if (at === null || id === null || identity === null || identity === undefined) return 'bad'
  const isRefused = textAt(value, 'errorCode') !== null
  const asked = fieldAt(value, 'requestParameters')
  const answered = fieldAt(value, 'responseElements')
  const actor =
    textAt(identity, 'arn') ?? textAt(identity, 'principalId') ?? textAt(identity, 'invokedBy')
  const resource = resourceOf(kind, value, asked)
  // AWS leaves the parameters of denied calls out
  if (resource === null) return isRefused ? null : 'bad'
  const named = {
    query: sessionIn(actor ?? ''),
    decrypt: sessionIn(actor ?? ''),
    session: textAt(asked, 'roleSessionName'),
    grant: sessionIn(textAt(asked, 'granteePrincipal') ?? '')
  }
  return {
    kind,
    id,
    at,
    isRefused,
    actor: actor ?? 'unknown',
    isService: textAt(identity, 'type') === 'AWSService',
    session: named[kind],
    account: textAt(value, 'recipientAccountId') ?? textAt(identity, 'accountId') ?? '',
    region: textAt(value, 'awsRegion') ?? '',
    resource,
    made: textAt(answered, kind === 'query' ? 'queryExecutionId' : 'grantId'),
    name: textAt(asked, 'name')
  }
}

const kinds: Readonly<Record<string, UseKind>> = {
  'athena.amazonaws.com StartQueryExecution': 'query',
  'kms.amazonaws.com Decrypt': 'decrypt',
  'sts.amazonaws.com AssumeRole': 'session',
  'kms.amazonaws.com CreateGrant': 'grant'
}

const resourceOf = (kind: UseKind, value: unknown, asked: unknown): string | null => {
  if (kind === 'query') return textAt(asked, 'workGroup') ?? 'primary'
  if (kind === 'session') return textAt(asked, 'roleArn')
  return keyOf(value)
}

/** The session's name in an assumed-role ARN or in `AROA…:name`. */
const sessionIn = (text: string): string | null =>
  /^arn:[a-z-]+:sts::[0-9]{12}:assumed-role\/[^/]+\/([^/]+)$/.exec(text)?.[1] ??
  /^AROA[A-Z0-9]+:(.+)$/.exec(text)?.[1] ??
  null
