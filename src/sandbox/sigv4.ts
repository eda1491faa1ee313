/**
 * Verifies Signature Version 4 on every call: the signature is computed again with the secret we
 * hold and compared in constant time. Refuses presigned queries, SigV4A, signed chunks, clocks more
 * than five minutes off, unknown or expired credentials. Source: IAM User Guide, "Create a signed
 * AWS API request"; S3 API Reference, "Authenticating requests".
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { Hash, Hmac } from 'node:crypto'
import { SignatureV4 } from '@smithy/signature-v4'
import type { Caller } from './call.ts'
import { credentialOf } from './caller.ts'
import type { Credential } from './caller.ts'
import { AwsFault } from './fault.ts'
import type { World } from './world.ts'

/** A request as it came: `path` undecoded and without query, header names in lower case. */
export type SignedRequest = {
  readonly method: string
  readonly path: string
  readonly rawQuery: string
  readonly headers: Readonly<Record<string, string>>
  /** names of headers that came more than once */
  readonly repeated: ReadonlySet<string>
  readonly body: Buffer
}

export type Scope = {
  readonly accessKeyId: string
  readonly date: string
  readonly region: string
  readonly service: string
}

export type Authorization = {
  readonly scope: Scope
  readonly signedHeaders: readonly string[]
  readonly signature: string
}

const SKEW_SECONDS = 300

/** The Authorization header, or AwsFault MissingAuthenticationToken / IncompleteSignature. */
export function parseAuthorization(request: SignedRequest): Authorization {
  const header = request.headers.authorization
  if (header === undefined) {
    const missing = 'Request is missing Authentication Token'
    throw new AwsFault('MissingAuthenticationToken', 403, missing)
  }
  const match = AUTHORIZATION.exec(header)
  if (match?.groups === undefined || request.repeated.has('authorization')) {
    throw incomplete('Authorization header does not have the AWS4-HMAC-SHA256 form')
  }
  const { key = '', date = '', region = '', service = '', signed = '', hex = '' } = match.groups
  return {
    scope: { accessKeyId: key, date, region, service },
    signedHeaders: signed.split(';'),
    signature: hex
  }
}

/** Who signed. Throws AwsFault for everything that does not verify. */
export async function verifySignature(
  world: World,
  request: SignedRequest,
  authorization: Authorization
): Promise<Caller> {
  const { scope, signedHeaders } = authorization
  const signedAt = parseAmzDate(request.headers['x-amz-date'], scope.date)
  requireSigned(request, signedHeaders)
  requireBodyHash(request, scope.service)
  const credential = credentialOf(world, scope.accessKeyId)
  if (credential === null || !tokenMatches(credential, request.headers['x-amz-security-token'])) {
    const invalid = 'The security token included in the request is invalid.'
    throw new AwsFault('InvalidClientTokenId', 403, invalid)
  }
  requireFresh(world, signedAt)
  const expected = await computeSignature(request, authorization, {
    secretAccessKey: credential.secretAccessKey,
    signedAt
  })
  if (!equalBytes(expected, authorization.signature)) {
    throw new AwsFault(
      'SignatureDoesNotMatch',
      403,
      'The request signature we calculated does not match the signature you provided. Check your ' +
        'AWS Secret Access Key and signing method. Consult the service documentation for details.'
    )
  }
  const { session } = credential
  if (session !== undefined && session.notAfter.getTime() <= world.clock.now().getTime()) {
    throw new AwsFault('ExpiredToken', 403, 'The security token included in the request is expired')
  }
  return credential.caller
}

/** The query as decoded pairs, or AwsFault for broken percent-encoding. */
export function decodeQuery(rawQuery: string): readonly [string, string][] {
  if (rawQuery === '') return []
  return rawQuery.split('&').map((pair) => {
    const at = pair.indexOf('=')
    const name = at < 0 ? pair : pair.slice(0, at)
    return [decodePart(name), at < 0 ? '' : decodePart(pair.slice(at + 1))]
  })
}

const AUTHORIZATION = new RegExp(
  '^AWS4-HMAC-SHA256 ' +
    'Credential=(?<key>[A-Z0-9]{16,128})/(?<date>\\d{8})/(?<region>[a-z0-9-]{1,32})/' +
    '(?<service>[a-z0-9-]{1,32})/aws4_request, *' +
    'SignedHeaders=(?<signed>[a-z0-9_;-]{1,2048}), *' +
    'Signature=(?<hex>[0-9a-f]{64})$'
)

const UNHASHED_BODIES = new Set(['UNSIGNED-PAYLOAD', 'STREAMING-UNSIGNED-PAYLOAD-TRAILER'])

function incomplete(message: string): AwsFault {
  return new AwsFault('IncompleteSignature', 400, message)
}

function parseAmzDate(value: string | undefined, scopeDate: string): Date {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(value ?? '')
  if (match === null) throw incomplete("Authorization header requires existence of 'X-Amz-Date'.")
  const [, year, month, day, hour, minute, second] = match
  const date = new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`)
  if (Number.isNaN(date.getTime()) || `${year}${month}${day}` !== scopeDate) {
    const mismatch = 'Date in Credential scope does not match YYYYMMDD from X-Amz-Date.'
    throw new AwsFault('SignatureDoesNotMatch', 403, mismatch)
  }
  return date
}

// What decides about the call must be under the signature, else it could be swapped on the way.
function requireSigned(request: SignedRequest, signedHeaders: readonly string[]): void {
  const signed = new Set(signedHeaders)
  const needed = Object.keys(request.headers).filter(
    (name) => name === 'host' || name.startsWith('x-amz-')
  )
  const unsigned = needed.filter((name) => !signed.has(name))
  const absent = signedHeaders.filter((name) => request.headers[name] === undefined)
  const twice = signedHeaders.filter((name) => request.repeated.has(name))
  if (!signed.has('host') || unsigned.length > 0 || absent.length > 0 || twice.length > 0) {
    const names = [...unsigned, ...absent, ...twice].join(', ')
    throw new AwsFault(
      'SignatureDoesNotMatch',
      403,
      `'Host' and all 'X-Amz-*' headers must be signed, once each: ${names}`
    )
  }
}

function requireBodyHash(request: SignedRequest, service: string): void {
  const claimed = request.headers['x-amz-content-sha256']
  if (claimed === undefined) {
    if (service !== 's3') return
    throw incomplete('Missing required header for this request: x-amz-content-sha256')
  }
  if (service === 's3' && UNHASHED_BODIES.has(claimed)) return
  if (claimed.startsWith('STREAMING-')) {
    throw new AwsFault('NotImplemented', 501, 'Signed chunks are not spoken here.')
  }
  const actual = createHash('sha256').update(request.body).digest('hex')
  if (!equalBytes(actual, claimed)) {
    throw new AwsFault(
      service === 's3' ? 'XAmzContentSHA256Mismatch' : 'SignatureDoesNotMatch',
      service === 's3' ? 400 : 403,
      "The provided 'x-amz-content-sha256' header does not match what was computed."
    )
  }
}

function tokenMatches(credential: Credential, sent: string | undefined): boolean {
  const held = credential.session?.sessionToken
  if (held === undefined) return sent === undefined
  return sent !== undefined && equalBytes(held, sent)
}

function requireFresh(world: World, signedAt: Date): void {
  const now = world.clock.now()
  const offSeconds = (now.getTime() - signedAt.getTime()) / 1000
  if (Math.abs(offSeconds) <= SKEW_SECONDS) return
  const word = offSeconds > 0 ? 'Signature expired' : 'Signature not yet current'
  throw new AwsFault(
    'RequestExpired',
    403,
    `${word}: ${signedAt.toISOString()} is more than 5 min. from ${now.toISOString()}`
  )
}

async function computeSignature(
  request: SignedRequest,
  { scope, signedHeaders }: Authorization,
  using: { readonly secretAccessKey: string; readonly signedAt: Date }
): Promise<string> {
  const signer = new SignatureV4({
    service: scope.service,
    region: scope.region,
    credentials: { accessKeyId: scope.accessKeyId, secretAccessKey: using.secretAccessKey },
    sha256: NodeSha256,
    uriEscapePath: scope.service !== 's3',
    applyChecksum: false
  })
  const signed = await signer.sign(
    {
      method: request.method,
      protocol: 'http:',
      hostname: '127.0.0.1',
      path: request.path,
      query: queryBag(request.rawQuery),
      headers: Object.fromEntries(signedHeaders.map((name) => [name, request.headers[name] ?? ''])),
      body: request.body
    },
    { signingDate: using.signedAt, signableHeaders: new Set(signedHeaders) }
  )
  return /Signature=([0-9a-f]{64})$/.exec(signed.headers.authorization ?? '')?.[1] ?? ''
}

// The signer leaves these names out of what it signs, so they may not occur at all.
const UNSIGNABLE_NAME = /^(x-amz-(signature|credential|algorithm|security-token)|__proto__)$/i

function queryBag(rawQuery: string): Record<string, string[]> {
  const bag = new Map<string, string[]>()
  for (const [name, value] of decodeQuery(rawQuery)) {
    if (UNSIGNABLE_NAME.test(name)) {
      throw new AwsFault('NotImplemented', 501, 'Presigned requests are not spoken here.')
    }
    bag.set(name, [...(bag.get(name) ?? []), value])
  }
  return Object.fromEntries(bag)
}

function decodePart(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch (cause) {
    const fault = new AwsFault('ValidationError', 400, 'The query has broken percent-encoding.')
    fault.cause = cause
    throw fault
  }
}

function equalBytes(one: string, other: string): boolean {
  const left = Buffer.from(one)
  const right = Buffer.from(other)
  return left.length === right.length && timingSafeEqual(left, right)
}

/** SHA-256 and HMAC-SHA-256 in the shape that the signer asks for. */
class NodeSha256 {
  readonly #state: Hash | Hmac

  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#state =
      secret === undefined ? createHash('sha256') : createHmac('sha256', bytesOf(secret))
  }

  update(chunk: Uint8Array): void {
    this.#state.update(chunk)
  }

  digest(): Promise<Uint8Array> {
    return Promise.resolve(this.#state.digest())
  }

  reset(): void {
    throw new Error('a digest is made once')
  }
}

function bytesOf(secret: string | ArrayBuffer | ArrayBufferView): string | Uint8Array {
  if (typeof secret === 'string') return secret
  if (ArrayBuffer.isView(secret)) {
    return new Uint8Array(secret.buffer, secret.byteOffset, secret.byteLength)
  }
  return new Uint8Array(secret)
}
