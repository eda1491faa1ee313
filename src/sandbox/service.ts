/**
 * How a service is registered and how one of its operations is run. Query and JSON services are a
 * table of operations; S3 routes raw requests. `invoke` is the one way to run an operation, over
 * the wire or from another service, so that every call, allowed or refused, is in the event log.
 */
import type { Call } from './call.ts'
import { eventRecord } from './events.ts'
import type { Trail } from './events.ts'
import { AwsFault } from './fault.ts'
import type { World } from './world.ts'

export type JsonObject = Readonly<Record<string, unknown>>

/**
 * `run` parses `input` (see parse-input.ts), authorises, acts and answers the output members in the
 * API's own names. JSON services: blobs are base64 strings and timestamps are epoch seconds. Query
 * services: nested objects and arrays become XML members, a Date becomes ISO 8601.
 */
export type Operation = {
  readonly readOnly: boolean
  readonly run: (world: World, call: Call, input: JsonObject) => JsonObject | Promise<JsonObject>
  /** what the event log may show; `output` is undefined when the call was refused */
  readonly trail?: (world: World, input: JsonObject, output: JsonObject | undefined) => Trail
}

export type OperationTable = Readonly<Record<string, Operation>>

/** POST or GET form fields `Action` and `Version`; XML answers in `namespace`. */
export type QueryService = {
  readonly protocol: 'query'
  /** as in the credential scope and in front of its actions */
  readonly name: string
  readonly version: string
  readonly namespace: string
  readonly operations: OperationTable
}

/** `X-Amz-Target: PREFIX.Action`, JSON bodies, content type `application/x-amz-json-VERSION`. */
export type JsonService = {
  readonly protocol: 'json'
  readonly name: string
  readonly jsonVersion: '1.0' | '1.1'
  readonly targetPrefix: string
  readonly operations: OperationTable
}

/** A path-style S3 request whose signature is verified and whose aws-chunked body is decoded. */
export type RawRequest = {
  readonly method: string
  /** empty for the service itself */
  readonly bucket: string
  /** decoded; empty for the bucket itself */
  readonly key: string
  readonly query: URLSearchParams
  /** names in lower case */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
}

export type RawResponse = {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
}

export type RawOperation = {
  /** the API's name, e.g. `GetObject`; it becomes `call.action` and the event's name */
  readonly action: string
  readonly readOnly: boolean
  readonly trail: Trail
  readonly run: (world: World, call: Call) => RawResponse | Promise<RawResponse>
}

export type RawService = {
  readonly protocol: 'rest-xml'
  readonly name: string
  /** what the request asks for; null where it is an operation that is not spoken here */
  readonly route: (request: RawRequest) => RawOperation | null
}

export type Service = QueryService | JsonService | RawService

type Job = { readonly operation: Operation; readonly input: JsonObject }

/**
 * Runs one operation as `call` and records it; rethrows the refusal after recording it.
 * `Unanswered` where it was planned so.
 */
export const invoke = (world: World, call: Call, job: Job): Promise<JsonObject> =>
  world.faults.around(call, (landing, refused) => runOnce(world, landing, { ...job, refused }))

const runOnce = async (
  world: World,
  call: Call,
  { operation, input, refused }: Job & { readonly refused: AwsFault | null }
): Promise<JsonObject> => {
  const trail = (output: JsonObject | undefined): Trail =>
    operation.trail?.(world, input, output) ?? {}
  try {
    if (refused !== null) throw refused
    const output = await operation.run(world, call, input)
    world.events.append(eventRecord(call, { readOnly: operation.readOnly, ...trail(output) }))
    return output
  } catch (error) {
    recordRefusal(world, call, { readOnly: operation.readOnly, trail: trail(undefined), error })
    throw error
  }
}

/** The same for a raw operation. */
export const invokeRaw = (
  world: World,
  call: Call,
  operation: RawOperation
): Promise<RawResponse> =>
  world.faults.around(call, (landing, refused) =>
    runRawOnce(world, landing, { operation, refused })
  )

const runRawOnce = async (
  world: World,
  call: Call,
  { operation, refused }: { readonly operation: RawOperation; readonly refused: AwsFault | null }
): Promise<RawResponse> => {
  const { readOnly, trail } = operation
  try {
    if (refused !== null) throw refused
    const response = await operation.run(world, call)
    world.events.append(eventRecord(call, { readOnly, ...trail }))
    return response
  } catch (error) {
    recordRefusal(world, call, { readOnly, trail, error })
    throw error
  }
}

const recordRefusal = (
  world: World,
  call: Call,
  refusal: { readonly readOnly: boolean; readonly trail: Trail; readonly error: unknown }
): void => {
  const { error, readOnly, trail } = refusal
  const known = error instanceof AwsFault
  world.events.append(
    eventRecord(call, {
      readOnly,
      ...trail,
      errorCode: known ? error.code : 'InternalFailure',
      ...(known ? { errorMessage: error.message } : {})
    })
  )
}
