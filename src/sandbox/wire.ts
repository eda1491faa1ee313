/**
 * One signed request through a service: verify, dispatch by the credential scope's service, run,
 * and render answer or refusal in that service's protocol. Errors that are not refusals become an
 * InternalFailure without a word of what happened.
 */
import { athenaService } from './athena.ts'
import { decodeS3Body } from './aws-chunked.ts'
import type { Call, Caller } from './call.ts'
import { serviceElsewhere } from './elsewhere.ts'
import { AwsFault } from './fault.ts'
import { Unanswered } from './faults.ts'
import { glueService } from './glue.ts'
import { iamService } from './iam.ts'
import { kmsService } from './kms.ts'
import { jsonAnswer, jsonFault, parseJsonCall } from './protocol-json.ts'
import { parseQuery, queryAnswer, queryFault } from './protocol-query.ts'
import { pathStyle, s3Fault } from './protocol-xml.ts'
import { s3Service } from './s3.ts'
import { invoke, invokeRaw } from './service.ts'
import type {
  JsonService,
  QueryService,
  RawRequest,
  RawResponse,
  RawService,
  Service
} from './service.ts'
import { decodeQuery, parseAuthorization, verifySignature } from './sigv4.ts'
import type { SignedRequest } from './sigv4.ts'
import { stsService } from './sts.ts'
import type { World } from './world.ts'

export type WireRequest = SignedRequest & {
  readonly requestId: string
  readonly sourceIp: string
}

/**
 * The answer to one request; refusals are answers too. `failed` is told of what was a bug. Rejects
 * with `Unanswered` where it was planned so.
 */
export async function answerWire(
  world: World,
  request: WireRequest,
  failed: (error: unknown) => void
): Promise<RawResponse> {
  let service = guessService(request)
  try {
    const authorization = parseAuthorization(request)
    const { service: name } = authorization.scope
    const named = SERVICES.get(name) ?? serviceElsewhere(name, request)
    if (named === null) {
      throw new AwsFault('UnknownService', 404, 'The service is not spoken here.')
    }
    service = named
    requireRegion(world, service, authorization.scope.region)
    const caller = await verifySignature(world, request, authorization)
    return await run(world, request, { service, caller })
  } catch (error) {
    if (error instanceof AwsFault) return renderFault(service, request, error)
    if (error instanceof Unanswered) throw error
    failed(error)
    const fault = new AwsFault('InternalFailure', 500, 'The sandbox failed to answer.')
    return renderFault(service, request, fault)
  }
}

const SERVICES: ReadonlyMap<string, Service> = new Map<string, Service>(
  [athenaService, glueService, iamService, kmsService, s3Service, stsService].map(
    (service): [string, Service] => [service.name, service]
  )
)

// Before the scope is known the headers tell which form of error the client can read.
function guessService(request: WireRequest): Service {
  if (request.headers['x-amz-target'] !== undefined) return kmsService
  return request.headers['x-amz-content-sha256'] === undefined ? stsService : s3Service
}

// STS and IAM are signed for the Region or, as global services, for us-east-1.
function requireRegion(world: World, service: Service, region: string): void {
  const global = service.name === 'iam' || service.name === 'sts'
  if (region === world.region || (global && region === 'us-east-1')) return
  const message = `Credential should be scoped to a valid region, not '${region}'.`
  throw new AwsFault('SignatureDoesNotMatch', 403, message)
}

type Resolved = { readonly service: Service; readonly caller: Caller }

function run(
  world: World,
  request: WireRequest,
  { service, caller }: Resolved
): Promise<RawResponse> {
  const call = (action: string): Call => callOf(world, request, { service, caller, action })
  switch (service.protocol) {
    case 'query':
      return runQuery(world, request, { service, call })
    case 'json':
      return runJson(world, request, { service, call })
    case 'rest-xml':
      return runRaw(world, request, { service, call })
  }
}

type Running<S> = { readonly service: S; readonly call: (action: string) => Call }

async function runQuery(
  world: World,
  request: WireRequest,
  { service, call }: Running<QueryService>
): Promise<RawResponse> {
  if (request.path !== '/') throw new AwsFault('InvalidAction', 400, 'There is only one path.')
  const form = request.method === 'POST' ? request.body.toString('utf8').replaceAll('+', '%20') : ''
  const pairs = [...decodeQuery(request.rawQuery), ...decodeQuery(form)]
  const { action, input } = parseQuery(service, pairs)
  const operation = service.operations[action]
  if (operation === undefined) throw new AwsFault('InvalidAction', 400, 'No such action.')
  const output = await invoke(world, call(action), { operation, input })
  return queryAnswer(service, action, { output, requestId: request.requestId })
}

async function runJson(
  world: World,
  request: WireRequest,
  { service, call }: Running<JsonService>
): Promise<RawResponse> {
  if (request.method !== 'POST' || request.path !== '/') {
    throw new AwsFault('UnknownOperationException', 404, 'Operations are posted to the root path.')
  }
  const { action, input } = parseJsonCall(service, {
    target: request.headers['x-amz-target'],
    body: request.body
  })
  const operation = service.operations[action]
  if (operation === undefined) throw new AwsFault('UnknownOperationException', 400, 'No such.')
  return jsonAnswer(service, await invoke(world, call(action), { operation, input }))
}

async function runRaw(
  world: World,
  request: WireRequest,
  { service, call }: Running<RawService>
): Promise<RawResponse> {
  const raw: RawRequest = {
    method: request.method,
    ...pathStyle(request.path),
    query: new URLSearchParams([...decodeQuery(request.rawQuery)]),
    headers: request.headers,
    body: decodeS3Body(request)
  }
  const operation = service.route(raw)
  if (operation === null) {
    throw new AwsFault('NotImplemented', 501, 'A header or query you provided is not implemented.')
  }
  return invokeRaw(world, call(operation.action), operation)
}

function callOf(
  world: World,
  request: WireRequest,
  { service, caller, action }: Resolved & { readonly action: string }
): Call {
  return {
    caller,
    service: service.name,
    action,
    region: world.region,
    now: world.clock.now(),
    requestId: request.requestId,
    chain: [],
    viaService: null,
    secureTransport: true,
    sourceIp: request.sourceIp,
    userAgent: (request.headers['user-agent'] ?? '').slice(0, 512)
  }
}

function renderFault(service: Service, request: WireRequest, fault: AwsFault): RawResponse {
  switch (service.protocol) {
    case 'query':
      return queryFault(fault, request.requestId, service.namespace)
    case 'json':
      return jsonFault(fault, service.jsonVersion)
    case 'rest-xml':
      return s3Fault(fault, {
        requestId: request.requestId,
        resource: request.path,
        method: request.method
      })
  }
}
