/**
 * Authorization codes of the sandbox's issuer (RFC 6749 section 4.1, RFC 7636): each is good once,
 * for a minute, for the client and the redirect it was made for, and for whoever has the verifier
 * of its S256 challenge. Redirects go to this host alone.
 */
import { createHash, randomBytes } from 'node:crypto'

/** What a browser brings to the authorization endpoint. */
export type AuthorizationAsk = {
  readonly clientId: string
  readonly redirectUri: string
  readonly state: string | null
  readonly nonce: string | null
  readonly challenge: string
}

export type Grant = {
  readonly ask: AuthorizationAsk
  readonly person: string
  /** epoch seconds */
  readonly authTime: number
}

export type Codes = {
  readonly make: (grant: Grant) => string
  /** Null unless everything fits; the code is gone either way. */
  readonly take: (
    code: string,
    by: {
      readonly clientId: string
      readonly redirectUri: string
      readonly verifier: string
      readonly now: number
    }
  ) => Grant | null
}

const lifetimeSeconds = 60

export const makeCodes = (): Codes => {
  const codes = new Map<string, Grant>()
  return {
    make: (grant) => {
      const code = randomBytes(24).toString('base64url')
      codes.set(code, grant)
      return code
    },
    take: (code, { clientId, redirectUri, verifier, now }) => {
      const grant = codes.get(code)
      codes.delete(code)
      if (grant === undefined || now > grant.authTime + lifetimeSeconds) return null
      const { ask } = grant
      const isFor = ask.clientId === clientId && ask.redirectUri === redirectUri
      return isFor && challengeOf(verifier) === ask.challenge ? grant : null
    }
  }
}

/** The ask of a query string; null where it is not one that is answered here. */
export const readAsk = (query: URLSearchParams): AuthorizationAsk | null => {
  const one = (name: string): string | null => {
    const all = query.getAll(name)
    return all.length === 1 && (all[0]?.length ?? 0) <= 512 ? (all[0] ?? null) : null
  }
  const [clientId, redirectUri, challenge] = [
    one('client_id'),
    one('redirect_uri'),
    one('code_challenge')
  ]
  if (clientId === null || redirectUri === null || challenge === null) return null
  const isFine =
    one('response_type') === 'code' &&
    one('code_challenge_method') === 'S256' &&
    (one('scope') ?? '').split(' ').includes('openid') &&
    isHere(redirectUri)
  return isFine
    ? { clientId, redirectUri, challenge, state: one('state'), nonce: one('nonce') }
    : null
}

/** Where the browser goes with a code (RFC 9207 section 2: `iss`). */
export const redirectWith = (
  { redirectUri, state }: AuthorizationAsk,
  code: string,
  issuer: string
): string => {
  const url = new URL(redirectUri)
  url.searchParams.set('code', code)
  if (state !== null) url.searchParams.set('state', state)
  url.searchParams.set('iss', issuer)
  return url.href
}

const isHere = (uri: string): boolean =>
  URL.canParse(uri) &&
  ['127.0.0.1', 'localhost'].includes(new URL(uri).hostname) &&
  !uri.includes('#')

const challengeOf = (verifier: string): string =>
  createHash('sha256').update(verifier).digest('base64url')
