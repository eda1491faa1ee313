/**
 * Signing in with an OpenID provider: authorization code with PKCE S256, state and nonce (OpenID
 * Connect Core 1.0 section 3.1, RFC 7636, RFC 9207). Whatever does not fit is refused; nothing of
 * a token leaves this file but what the ID token says of the sign-in.
 */
import * as client from 'openid-client'
import { type Instant, instant } from '../elevation/ids.ts'
import type { SignInTurn } from '../ports-console.ts'

export type IssuerConfig = {
  /** exactly as in its `iss` */
  readonly issuer: string
  readonly clientId: string
  /** null = a public client, which PKCE alone protects */
  readonly clientSecret: (() => string) | null
}

export type SignedIn = {
  readonly subject: string
  readonly authAt: Instant | null
  readonly acr: string | null
  readonly amr: readonly string[]
}

/**
 * declined: the provider or the person said no; unreachable: no answer that can be used; forged:
 * state, nonce, issuer, audience, signature or time do not fit, or it was used before.
 */
export type SignInFault = 'declined' | 'unreachable' | 'forged'

export type SignInAnswer<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly fault: SignInFault; readonly cause: unknown }

/** What a rule wants of a sign-in, for the provider to see to. */
export type Wanted = { readonly maxAge: number | null; readonly acr: readonly string[] }

export type SignIn = {
  /** Where to send the browser. */
  readonly leave: (
    turn: Pick<SignInTurn, 'nonce' | 'verifier'> & { readonly state: string },
    wanted: Wanted
  ) => Promise<SignInAnswer<URL>>
  /** Who came back with this query string. */
  readonly arrive: (
    query: string,
    turn: Pick<SignInTurn, 'nonce' | 'verifier' | 'maxAge'> & { readonly state: string }
  ) => Promise<SignInAnswer<SignedIn>>
}

const toleranceSeconds = 30
const timeoutSeconds = 5

/** The provider is asked for its metadata when somebody signs in, and until it has answered. */
export const signInWith = (config: IssuerConfig, callback: string): SignIn => {
  let known: Promise<client.Configuration> | null = null
  const discovered = (): Promise<client.Configuration> => {
    known ??= discover(config).catch((cause: unknown) => {
      known = null
      throw cause
    })
    return known
  }
  return {
    leave: async ({ state, nonce, verifier }, { maxAge, acr }) => {
      try {
        const url = client.buildAuthorizationUrl(await discovered(), {
          redirect_uri: callback,
          scope: 'openid',
          state,
          nonce,
          code_challenge: await client.calculatePKCECodeChallenge(verifier),
          code_challenge_method: 'S256',
          ...(maxAge === null ? {} : { max_age: String(maxAge) }),
          ...(acr.length === 0 ? {} : { acr_values: acr.join(' ') })
        })
        return { ok: true, value: url }
      } catch (cause) {
        return { ok: false, fault: 'unreachable', cause }
      }
    },
    arrive: async (query, { state, nonce, verifier, maxAge }) => {
      try {
        const tokens = await client.authorizationCodeGrant(
          await discovered(),
          new URL(`${callback}?${query}`),
          {
            expectedState: state,
            expectedNonce: nonce,
            pkceCodeVerifier: verifier,
            idTokenExpected: true,
            ...(maxAge === null ? {} : { maxAge })
          }
        )
        return signedIn(tokens.claims())
      } catch (cause) {
        return { ok: false, fault: faultOf(cause), cause }
      }
    }
  }
}

const discover = async ({ issuer, clientId, clientSecret }: IssuerConfig) => {
  const url = new URL(issuer)
  const metadata = { [client.clockTolerance]: toleranceSeconds }
  const found = await client.discovery(
    url,
    clientId,
    metadata,
    clientSecret === null ? client.None() : client.ClientSecretBasic(clientSecret()),
    {
      timeout: timeoutSeconds,
      // the configuration takes http of this host alone
      execute: url.protocol === 'http:' ? [client.allowInsecureRequests] : []
    }
  )
  // the signature too, though the token comes over a connection of our own
  client.enableNonRepudiationChecks(found)
  return found
}

const signedIn = (claims: client.IDToken | undefined): SignInAnswer<SignedIn> => {
  if (claims === undefined || claims.sub === '' || claims.sub.length > 255) {
    return { ok: false, fault: 'forged', cause: new Error('no ID token with a subject') }
  }
  const { sub: subject, auth_time: at, acr, amr } = claims
  return {
    ok: true,
    value: {
      subject,
      authAt:
        typeof at === 'number' && at >= 0 && at < 253_402_300_800
          ? instant(Math.floor(at) * 1000)
          : null,
      acr: typeof acr === 'string' ? acr.slice(0, 255) : null,
      amr: Array.isArray(amr)
        ? amr.filter((one): one is string => typeof one === 'string').slice(0, 20)
        : []
    }
  }
}

const faultOf = (cause: unknown): SignInFault => {
  if (cause instanceof client.AuthorizationResponseError) return 'declined'
  // a code that was used, or is somebody else's
  if (cause instanceof client.ResponseBodyError)
    return cause.status >= 500 ? 'unreachable' : 'forged'
  if (cause instanceof client.ClientError && cause.code !== 'OAUTH_TIMEOUT') {
    return cause.code === 'OAUTH_RESPONSE_IS_NOT_CONFORM' && isServerError(cause.cause)
      ? 'unreachable'
      : 'forged'
  }
  return 'unreachable'
}

const isServerError = (cause: unknown): boolean =>
  typeof Response !== 'undefined' && cause instanceof Response && cause.status >= 500
