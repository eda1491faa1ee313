/**
 * Bearer tokens (RFC 6750) that are JWTs of one issuer (RFC 7519, RFC 8725). Refuses other
 * algorithms than the four listed, tokens over 8 KB, without exp, iat, sub or aud, older than
 * `maxTokenAge`, and tokens that name any audience beside ours: whoever else may receive such a
 * token could present it here.
 */
import { errors, type JWTPayload, jwtVerify, type JWTVerifyGetKey } from 'jose'
import { type Instant, type Seconds, instant } from '../elevation/ids.ts'
import { IssuerUnavailable } from './issuer-keys.ts'

/** OpenID Connect Core 1.0, section 2; null or empty where the token does not say. */
export type SignInClaims = {
  readonly authAt: Instant | null
  readonly acr: string | null
  readonly amr: readonly string[]
}

export type Bearer =
  | { readonly ok: true; readonly subject: string; readonly signIn: SignInClaims }
  | {
      readonly ok: false
      readonly code: 'unauthenticated'
      /** RFC 6750 section 3.1; null = no token was sent */
      readonly error: 'invalid_request' | 'invalid_token' | null
      readonly detail: string
    }
  | { readonly ok: false; readonly code: 'idp_unavailable'; readonly cause: Error }

/** Takes the Authorization header, attacker-controlled. Never throws. */
export type Auth = (authorization: string | undefined) => Promise<Bearer>

export type AuthParts = {
  /** compared byte by byte with `iss` */
  readonly issuer: string
  readonly audience: string
  readonly keys: JWTVerifyGetKey
  readonly now: () => Instant
  /** since `iat` */
  readonly maxTokenAge: Seconds
}

export const algorithms = ['ES256', 'EdDSA', 'Ed25519', 'RS256', 'PS256'] as const
export const maxTokenBytes = 8192
export const clockToleranceSeconds = 30

const compactJwt = /^bearer ([A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+)$/i

export const makeAuth =
  (parts: AuthParts): Auth =>
  async (authorization) => {
    if (authorization === undefined) return refused(null, 'Send a bearer token.')
    if (authorization.length > maxTokenBytes) {
      return refused('invalid_token', 'A token has at most 8 KB.')
    }
    const token = compactJwt.exec(authorization)?.[1]
    if (token === undefined) return refused('invalid_request', 'Send one signed JWT as bearer.')
    return verify(token, parts)
  }

const verify = async (token: string, parts: AuthParts): Promise<Bearer> => {
  try {
    const { payload } = await jwtVerify(token, parts.keys, {
      issuer: parts.issuer,
      audience: parts.audience,
      algorithms: [...algorithms],
      requiredClaims: ['exp', 'iat', 'sub', 'aud'],
      clockTolerance: clockToleranceSeconds,
      maxTokenAge: parts.maxTokenAge,
      currentDate: new Date(parts.now())
    })
    const { aud, sub } = payload
    if (Array.isArray(aud) && aud.length !== 1) {
      return refused('invalid_token', 'The token names other audiences too.')
    }
    if (typeof sub !== 'string' || sub === '' || sub.length > 255) {
      return refused('invalid_token', 'The token names no subject.')
    }
    return { ok: true, subject: sub, signIn: signInOf(payload) }
  } catch (error) {
    if (error instanceof IssuerUnavailable) {
      return { ok: false, code: 'idp_unavailable', cause: error }
    }
    return refused('invalid_token', sentence(error))
  }
}

/** What is not well formed counts as not said: a policy that asks for it then refuses. */
const signInOf = ({ auth_time: at, acr, amr }: JWTPayload): SignInClaims => ({
  authAt: isEpochSeconds(at) ? instant(Math.floor(at) * 1000) : null,
  acr: typeof acr === 'string' ? acr : null,
  amr: Array.isArray(amr) ? amr.filter((one): one is string => typeof one === 'string') : []
})

const isEpochSeconds = (at: unknown): at is number =>
  typeof at === 'number' && at >= 0 && at < 253_402_300_800

/** Claims are judged after the signature, so naming one tells a forger nothing. */
const sentence = (error: unknown): string => {
  if (error instanceof errors.JWTExpired) return 'The token is too old.'
  if (error instanceof errors.JWTClaimValidationFailed) {
    return `The claim ${error.claim.slice(0, 16)} of the token is not accepted.`
  }
  return 'The token is not one of the issuer believed here.'
}

const refused = (
  error: 'invalid_request' | 'invalid_token' | null,
  detail: string
): Bearer => ({ ok: false, code: 'unauthenticated', error, detail })
