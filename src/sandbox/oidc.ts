/**
 * A small OpenID Connect issuer for the demo's people: discovery, JWKS and a token endpoint that
 * gives anyone on this host a token of any known person. It stands for a company's sign-in and
 * proves nobody's identity. Source: OpenID Connect Discovery 1.0, RFC 6749 section 5, RFC 9068.
 */
import { randomUUID } from 'node:crypto'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { Type, type Static } from 'typebox'
import { Value } from 'typebox/value'
import type { SandboxClock } from './clock.ts'
import { PEOPLE } from './names.ts'
import type { RawResponse } from './service.ts'

export type OidcRequest = {
  readonly method: string
  /** below the issuer, e.g. `/token` */
  readonly path: string
  readonly contentType: string
  readonly body: Buffer
  /** the issuer's own address, `http://127.0.0.1:PORT/oidc` */
  readonly issuer: string
}

export type Issuer = { readonly answer: (request: OidcRequest) => Promise<RawResponse> }

/** A new issuer with a fresh ES256 key that lives in this process only. */
export async function makeIssuer(clock: SandboxClock): Promise<Issuer> {
  const { privateKey, publicKey } = await generateKeyPair('ES256')
  const kid = randomUUID()
  const jwks = { keys: [{ ...(await exportJWK(publicKey)), kid, alg: 'ES256', use: 'sig' }] }
  const sign = (claims: Claims, issuer: string): Promise<string> =>
    new SignJWT({ ...claims.extra })
      .setProtectedHeader({ alg: 'ES256', kid, typ: 'at+jwt' })
      .setIssuer(issuer)
      .setSubject(claims.person)
      .setAudience(claims.audience)
      .setIssuedAt(claims.issuedAt)
      .setExpirationTime(claims.issuedAt + claims.lifetimeSeconds)
      .setJti(randomUUID())
      .sign(privateKey)
  return {
    answer: async (request) => {
      switch (`${request.method} ${request.path}`) {
        case 'GET /.well-known/openid-configuration':
          return json(200, discovery(request.issuer))
        case 'GET /jwks':
          return json(200, jwks)
        case 'POST /token':
          return token(request, clock, sign)
        default:
          return json(404, { error: 'not_found' })
      }
    }
  }
}

type Claims = {
  readonly person: string
  readonly audience: string
  readonly issuedAt: number
  readonly lifetimeSeconds: number
  readonly extra: Readonly<Record<string, unknown>>
}

const TokenForm = Type.Object(
  {
    grant_type: Type.Optional(Type.Literal('client_credentials')),
    person: Type.Enum(PEOPLE),
    audience: Type.Optional(Type.String({ pattern: '^[\\w.:/-]{1,128}$' })),
    lifetime: Type.Optional(Type.String({ pattern: '^[1-9]\\d{0,4}$' }))
  },
  { additionalProperties: false }
)

const DEFAULT_LIFETIME_SECONDS = 3600

async function token(
  request: OidcRequest,
  clock: SandboxClock,
  sign: (claims: Claims, issuer: string) => Promise<string>
): Promise<RawResponse> {
  const form = parseForm(request)
  if (form === null) return json(400, { error: 'invalid_request' })
  const issuedAt = Math.floor(clock.now().getTime() / 1000)
  const lifetimeSeconds = Number(form.lifetime ?? DEFAULT_LIFETIME_SECONDS)
  const claims: Claims = {
    person: form.person,
    audience: form.audience ?? 'sallyport',
    issuedAt,
    lifetimeSeconds,
    extra: {
      client_id: 'sandbox',
      auth_time: issuedAt,
      acr: 'urn:sandbox:loa:2',
      amr: ['pwd', 'otp']
    }
  }
  return json(200, {
    access_token: await sign(claims, request.issuer),
    token_type: 'Bearer',
    expires_in: lifetimeSeconds
  })
}

function parseForm(request: OidcRequest): Static<typeof TokenForm> | null {
  if (!request.contentType.startsWith('application/x-www-form-urlencoded')) return null
  const pairs = [...new URLSearchParams(request.body.toString('utf8'))]
  const form: unknown = Object.fromEntries(pairs)
  const isOnce = new Set(pairs.map(([name]) => name)).size === pairs.length
  return isOnce && Value.Check(TokenForm, form) ? form : null
}

function discovery(issuer: string): unknown {
  return {
    issuer,
    jwks_uri: `${issuer}/jwks`,
    token_endpoint: `${issuer}/token`,
    grant_types_supported: ['client_credentials'],
    response_types_supported: ['token'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['ES256'],
    claims_supported: ['iss', 'sub', 'aud', 'iat', 'exp', 'jti', 'auth_time', 'acr', 'amr']
  }
}

function json(status: number, value: unknown): RawResponse {
  return {
    status,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
    body: Buffer.from(JSON.stringify(value))
  }
}
