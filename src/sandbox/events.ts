/**
 * The event log in CloudTrail's record shape (CloudTrail User Guide, "record contents"): who called
 * what, with what outcome. Bounded to the last 10,000 records, never cleared. It takes no secret,
 * session token, grant token or policy text: each operation names what may be shown.
 */
import { randomUUID } from 'node:crypto'
import type { Call, Caller } from './call.ts'

export type TrailFields = Readonly<Record<string, unknown>>

export type TrailResource = {
  readonly ARN: string
  readonly accountId: string
  readonly type: string
}

/** What an operation shows of itself in the log; absent members are null in the record. */
export type Trail = {
  readonly requestParameters?: TrailFields
  readonly responseElements?: TrailFields
  readonly additionalEventData?: TrailFields
  readonly resources?: readonly TrailResource[]
}

export type Outcome = Trail & {
  readonly readOnly: boolean
  readonly errorCode?: string
  readonly errorMessage?: string
}

export type EventRecord = Trail & {
  readonly eventVersion: '1.11'
  readonly userIdentity: TrailFields
  readonly eventTime: string
  readonly eventSource: string
  readonly eventName: string
  readonly awsRegion: string
  readonly sourceIPAddress: string
  readonly userAgent: string
  readonly errorCode?: string
  readonly errorMessage?: string
  readonly requestID: string
  readonly eventID: string
  readonly readOnly: boolean
  readonly eventType: 'AwsApiCall'
  readonly managementEvent: boolean
  readonly recipientAccountId: string
  readonly eventCategory: 'Management' | 'Data'
}

export type EventLog = {
  readonly append: (record: EventRecord) => void
  /** oldest first */
  readonly all: () => readonly EventRecord[]
}

const LIMIT = 10_000

/** An empty log that keeps the last 10,000 records. */
export const makeEventLog = (): EventLog => {
  const records: EventRecord[] = []
  return {
    append: (record) => {
      records.push(record)
      if (records.length > LIMIT) records.shift()
    },
    all: () => records
  }
}

/**
 * One call and its outcome as a record. A call made by a service for the caller names that service.
 */
export const eventRecord = (call: Call, outcome: Outcome): EventRecord => {
  const { readOnly, errorCode, errorMessage, ...trail } = outcome
  const data = call.service === 's3'
  return {
    eventVersion: '1.11',
    userIdentity: userIdentity(call),
    eventTime: call.now.toISOString().replace(/\.\d+Z$/, 'Z'),
    eventSource: `${call.service}.amazonaws.com`,
    eventName: call.action,
    awsRegion: call.region,
    sourceIPAddress: call.viaService === null ? call.sourceIp : servicePrincipal(call.viaService),
    userAgent: call.viaService === null ? call.userAgent : servicePrincipal(call.viaService),
    ...(errorCode === undefined ? {} : { errorCode }),
    ...(errorMessage === undefined ? {} : { errorMessage }),
    ...trail,
    requestID: call.requestId,
    eventID: randomUUID(),
    readOnly,
    eventType: 'AwsApiCall',
    managementEvent: !data,
    recipientAccountId: call.caller.account,
    eventCategory: data ? 'Data' : 'Management'
  }
}

const servicePrincipal = (viaService: string): string =>
  `${viaService.slice(0, viaService.indexOf('.'))}.amazonaws.com`

const userIdentity = (call: Call): TrailFields => {
  const { caller } = call
  const common = {
    principalId: caller.userId,
    arn: caller.arn,
    accountId: caller.account,
    accessKeyId: caller.accessKeyId,
    ...(call.viaService === null ? {} : { invokedBy: servicePrincipal(call.viaService) })
  }
  if (caller.user !== undefined) return { type: 'IAMUser', ...common, userName: caller.user.name }
  return { type: 'AssumedRole', ...common, sessionContext: sessionContext(caller) }
}

const sessionContext = (caller: Caller): TrailFields => ({
  ...(caller.role === undefined
    ? {}
    : {
        sessionIssuer: {
          type: 'Role',
          principalId: caller.role.roleId,
          arn: caller.role.arn,
          accountId: caller.account,
          userName: caller.role.name
        }
      }),
  attributes: {
    creationDate: caller.session?.issuedAt.toISOString().replace(/\.\d+Z$/, 'Z'),
    mfaAuthenticated: 'false'
  },
  ...(caller.session?.sourceIdentity === undefined
    ? {}
    : { sourceIdentity: caller.session.sourceIdentity })
})
