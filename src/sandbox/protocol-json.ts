/**
 * The AWS JSON 1.0/1.1 protocols (KMS, Athena, Glue): `X-Amz-Target` names the operation, bodies
 * are JSON objects, errors carry `__type` and `x-amzn-errortype`. Source: Smithy, "AWS JSON
 * protocol".
 */
import { AwsFault, wireName } from './fault.ts'
import type { JsonObject, JsonService, RawResponse } from './service.ts'

export type JsonAsk = { readonly action: string; readonly input: JsonObject }

/** The operation named by the target header and its input. */
export function parseJsonCall(
  service: JsonService,
  request: { readonly target: string | undefined; readonly body: Buffer }
): JsonAsk {
  const [prefix, action = ''] = (request.target ?? '').split('.')
  if (prefix !== service.targetPrefix || !Object.hasOwn(service.operations, action)) {
    throw new AwsFault('UnknownOperationException', 400, 'The operation is not spoken here.')
  }
  return { action, input: parseObject(request.body) }
}

/** The JSON answer. */
export function jsonAnswer(service: JsonService, output: JsonObject): RawResponse {
  return jsonResponse(service.jsonVersion, 200, output)
}

/** The error answer; the fault's fields become members beside `message`. */
export function jsonFault(fault: AwsFault, jsonVersion: JsonService['jsonVersion']): RawResponse {
  const { code, status } = wireName(fault, 'json')
  const body = { __type: code, message: fault.message, ...fault.fields }
  const response = jsonResponse(jsonVersion, status, body)
  return { ...response, headers: { ...response.headers, 'x-amzn-errortype': code } }
}

function jsonResponse(
  version: JsonService['jsonVersion'],
  status: number,
  body: JsonObject
): RawResponse {
  return {
    status,
    headers: { 'content-type': `application/x-amz-json-${version}` },
    body: Buffer.from(JSON.stringify(body))
  }
}

function parseObject(body: Buffer): JsonObject {
  const text = body.toString('utf8')
  try {
    const parsed: unknown = JSON.parse(text === '' ? '{}' : text)
    if (isObject(parsed)) return parsed
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause
  }
  throw new AwsFault('SerializationException', 400, 'The body is not a JSON object.')
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
