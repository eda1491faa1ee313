/**
 * A small OpenID Connect provider for the demo's people: discovery, JWKS, an authorization endpoint
 * whose page lets one choose who to be, device authorization, and a token endpoint that also gives
 * anyone on this host a token of any known person. It stands for a company's sign-in and proves
 * nobody's identity. Source: OpenID Connect Core 1.0 section 3.1, RFC 6749, RFC 8628, RFC 9068.
 */
import { randomUUID } from 'node:crypto'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { Type, type Static } from 'typebox'
import { Value } from 'typebox/value'
import type { SandboxClock } from './clock.ts'
import { PEOPLE } from './names.ts'
import { type Codes, makeCodes, readAsk, redirectWith } from './oidc-codes.ts'
import { type Devices, makeDevices } from './oidc-devices.ts'
import { choosePage, wordPage } from './oidc-pages.ts'
import type { RawResponse } from './service.ts'

export type OidcRequest = {
  readonly method: string
  /** below the issuer, e.g. `/token` */
  readonly path: string
  /** without the question mark */
  readonly query: string
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
  const sign: Sign = (claims, issuer) =>
    new SignJWT({ ...claims.extra })
      .setProtectedHeader({ alg: 'ES256', kid, typ: claims.typ })
      .setIssuer(issuer)
      .setSubject(claims.person)
      .setAudience(claims.audience)
      .setIssuedAt(claims.issuedAt)
      .setExpirationTime(claims.issuedAt + claims.lifetimeSeconds)
      .setJti(randomUUID())
      .sign(privateKey)
  const desk: Desk = { clock, sign, codes: makeCodes(), devices: makeDevices(), refresh: new Map() }
  return {
    answer: async (request) => {
      switch (`${request.method} ${request.path}`) {
        case 'GET /.well-known/openid-configuration':
          return json(200, discovery(request.issuer))
        case 'GET /jwks':
          return json(200, jwks)
        case 'GET /authorize':
          return authorize(request, desk)
        case 'GET /device':
          return device(request, desk)
        case 'POST /device_authorization':
          return json(200, desk.devices.make(request.issuer, nowIn(clock)))
        case 'POST /token':
          return token(request, desk)
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
  readonly typ: 'at+jwt' | 'JWT'
  readonly extra: Readonly<Record<string, unknown>>
}

type Sign = (claims: Claims, issuer: string) => Promise<string>

/** What the issuer works with, and remembers while it runs. */
type Desk = {
  readonly clock: SandboxClock
  readonly sign: Sign
  readonly codes: Codes
  readonly devices: Devices
  /** refresh token → whose, and when they signed in */
  readonly refresh: Map<string, { readonly person: string; readonly authTime: number }>
}

const nowIn = (clock: SandboxClock): number => Math.floor(clock.now().getTime() / 1000)

const personIn = (query: URLSearchParams): string | null =>
  PEOPLE.find((person) => person === query.get('person')) ?? null

function authorize({ issuer, query: text }: OidcRequest, { clock, codes }: Desk): RawResponse {
  const query = new URLSearchParams(text)
  const ask = readAsk(query)
  if (ask === null) {
    const words =
      'The request to sign in is none of the authorization code flow with PKCE S256 to this host.'
    return wordPage(400, 'This cannot be answered', words)
  }
  const person = personIn(query)
  if (person === null) {
    return choosePage(PEOPLE, { path: '/oidc/authorize', query, client: ask.clientId })
  }
  const code = codes.make({ ask, person, authTime: nowIn(clock) })
  const location = redirectWith(ask, code, issuer)
  return { status: 303, headers: { location, 'cache-control': 'no-store' }, body: Buffer.alloc(0) }
}

function device({ query: text }: OidcRequest, { clock, devices }: Desk): RawResponse {
  const query = new URLSearchParams(text)
  const code = query.get('user_code') ?? ''
  if (!devices.knows(code, nowIn(clock))) {
    return wordPage(
      400,
      'This code is not known',
      'It is too old or mistyped. Begin again on your device.'
    )
  }
  const person = personIn(query)
  if (person === null) {
    return choosePage(PEOPLE, { path: '/oidc/device', query, client: `device ${code}` })
  }
  devices.allow(code, { person, authTime: nowIn(clock) })
  return wordPage(
    200,
    'You are signed in',
    `The device goes on as ${person}. You can close this page.`
  )
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
const AUDIENCE = 'sallyport'

async function token(request: OidcRequest, desk: Desk): Promise<RawResponse> {
  const pairs = pairsIn(request)
  if (pairs === null) return json(400, { error: 'invalid_request' })
  const form = new URLSearchParams(Object.fromEntries(pairs))
  const one = (name: string): string => form.get(name) ?? ''
  const now = nowIn(desk.clock)
  switch (one('grant_type')) {
    case 'authorization_code': {
      const by = {
        clientId: one('client_id'),
        redirectUri: one('redirect_uri'),
        verifier: one('code_verifier'),
        now
      }
      const grant = desk.codes.take(one('code'), by)
      if (grant === null) return json(400, { error: 'invalid_grant' })
      const idToken = await desk.sign(
        {
          person: grant.person,
          audience: by.clientId,
          issuedAt: now,
          lifetimeSeconds: 300,
          typ: 'JWT',
          extra: {
            ...signInClaims(grant.authTime),
            ...(grant.ask.nonce === null ? {} : { nonce: grant.ask.nonce })
          }
        },
        request.issuer
      )
      return tokens(request, desk, grant, idToken)
    }
    case 'urn:ietf:params:oauth:grant-type:device_code': {
      const found = desk.devices.take(one('device_code'), now)
      return found.kind === 'signed_in'
        ? tokens(request, desk, found, null)
        : json(400, { error: found.kind })
    }
    case 'refresh_token': {
      const found = desk.refresh.get(one('refresh_token'))
      desk.refresh.delete(one('refresh_token'))
      return found === undefined
        ? json(400, { error: 'invalid_grant' })
        : tokens(request, desk, found, null)
    }
    default:
      return anyone(request, desk, Object.fromEntries(pairs))
  }
}

async function tokens(
  request: OidcRequest,
  { clock, sign, refresh }: Desk,
  { person, authTime }: { readonly person: string; readonly authTime: number },
  idToken: string | null
): Promise<RawResponse> {
  const issuedAt = nowIn(clock)
  const next = randomUUID()
  refresh.set(next, { person, authTime })
  const claims: Claims = {
    person,
    audience: AUDIENCE,
    issuedAt,
    lifetimeSeconds: DEFAULT_LIFETIME_SECONDS,
    typ: 'at+jwt',
    extra: { client_id: 'sandbox', ...signInClaims(authTime) }
  }
  return json(200, {
    access_token: await sign(claims, request.issuer),
    token_type: 'Bearer',
    expires_in: DEFAULT_LIFETIME_SECONDS,
    refresh_token: next,
    ...(idToken === null ? {} : { id_token: idToken })
  })
}

/** A token of whoever is named: the sandbox's own way, for scripts. */
async function anyone(
  request: OidcRequest,
  { clock, sign }: Desk,
  form: unknown
): Promise<RawResponse> {
  if (!isTokenForm(form)) return json(400, { error: 'invalid_request' })
  const issuedAt = nowIn(clock)
  const lifetimeSeconds = Number(form.lifetime ?? DEFAULT_LIFETIME_SECONDS)
  const claims: Claims = {
    person: form.person,
    audience: form.audience ?? AUDIENCE,
    issuedAt,
    lifetimeSeconds,
    typ: 'at+jwt',
    extra: { client_id: 'sandbox', ...signInClaims(issuedAt) }
  }
  return json(200, {
    access_token: await sign(claims, request.issuer),
    token_type: 'Bearer',
    expires_in: lifetimeSeconds
  })
}

const signInClaims = (authTime: number) => ({
  auth_time: authTime,
  acr: 'urn:sandbox:loa:2',
  amr: ['pwd', 'otp']
})

const isTokenForm = (form: unknown): form is Static<typeof TokenForm> =>
  Value.Check(TokenForm, form)

/** Null where it is not a form, or has a field twice. */
function pairsIn(request: OidcRequest): readonly (readonly [string, string])[] | null {
  if (!request.contentType.startsWith('application/x-www-form-urlencoded')) return null
  const pairs = [...new URLSearchParams(request.body.toString('utf8'))]
  return new Set(pairs.map(([name]) => name)).size === pairs.length ? pairs : null
}

function discovery(issuer: string): unknown {
  return {
    issuer,
    jwks_uri: `${issuer}/jwks`,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    device_authorization_endpoint: `${issuer}/device_authorization`,
    authorization_response_iss_parameter_supported: true,
    grant_types_supported: [
      'authorization_code',
      'client_credentials',
      'refresh_token',
      'urn:ietf:params:oauth:grant-type:device_code'
    ],
    response_types_supported: ['code'],
    code_challenge_methods_supported: ['S256'],
    token_endpoint_auth_methods_supported: ['none'],
    scopes_supported: ['openid'],
    acr_values_supported: ['urn:sandbox:loa:2'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['ES256'],
    claims_supported: ['iss', 'sub', 'aud', 'iat', 'exp', 'jti', 'auth_time', 'acr', 'amr', 'nonce']
  }
}

function json(status: number, value: unknown): RawResponse {
  return {
    status,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
    body: Buffer.from(JSON.stringify(value))
  }
}
