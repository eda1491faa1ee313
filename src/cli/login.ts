/**
 * `login`: signs in by a code that is confirmed in a browser (RFC 8628), so that no token is pasted
 * anywhere, and `logout`, which forgets it. The token is never printed. Refuses plain HTTP to
 * anywhere but this host.
 */
import * as client from 'openid-client'
import { isLoopback } from '../config.ts'
import { type ExitCode, exits } from './exit.ts'
import { type Terminal, paint, plain } from './terminal.ts'
import { type CachedToken, type Env, type Renew, dropToken, writeToken } from './token-cache.ts'

export type LoginOptions = {
  readonly issuer: string
  readonly clientId: string
  /** what the token is for, where the provider wants to be told */
  readonly audience?: string
  readonly scope: string
}

const timeoutSeconds = 10

/**
 * Exit 0 when signed in, 1 when it was declined or took too long, 2 for a wrong issuer, 69 without
 * an answer.
 */
export const login = async (to: Terminal, env: Env, options: LoginOptions): Promise<ExitCode> => {
  const { issuer, clientId, audience, scope } = options
  if (!isTrusted(issuer)) {
    to.err(`--issuer is an https URL (http only for this host), not ${plain(issuer)}`)
    return exits.usage
  }
  try {
    const config = await found(issuer, clientId)
    const asked = await client.initiateDeviceAuthorization(config, {
      scope,
      ...(audience === undefined ? {} : { audience })
    })
    show(to, asked)
    const tokens = await client.pollDeviceAuthorizationGrant(config, asked)
    writeToken(env, brokerOf(env), tokenOf({ issuer, clientId }, tokens))
    if (to.json) to.out(JSON.stringify({ signedIn: true, broker: brokerOf(env) }))
    else to.out(`${paint(to, 'green', '✓')} Signed in to ${plain(brokerOf(env))}.`)
    return exits.done
  } catch (cause) {
    return failed(to, cause)
  }
}

export const logout = (to: Terminal, env: Env): ExitCode => {
  dropToken(env, brokerOf(env))
  if (to.json) to.out(JSON.stringify({ signedIn: false, broker: brokerOf(env) }))
  else to.out(`Signed out of ${plain(brokerOf(env))}.`)
  return exits.done
}

/** With the refresh token, which is good once at most providers. */
export const renewed: Renew = async (token) => {
  if (token.refreshToken === null) return null
  try {
    const config = await found(token.issuer, token.clientId)
    const tokens = await client.refreshTokenGrant(config, token.refreshToken)
    return { ...tokenOf(token, tokens), refreshToken: tokens.refresh_token ?? token.refreshToken }
  } catch {
    return null
  }
}

const brokerOf = (env: Env): string => env['SALLYPORT_URL'] ?? 'http://127.0.0.1:8080'

const isTrusted = (issuer: string): boolean => {
  if (!URL.canParse(issuer)) return false
  const { protocol, hostname } = new URL(issuer)
  return protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname))
}

const found = (issuer: string, clientId: string): Promise<client.Configuration> =>
  client.discovery(new URL(issuer), clientId, {}, client.None(), {
    timeout: timeoutSeconds,
    execute: new URL(issuer).protocol === 'http:' ? [client.allowInsecureRequests] : []
  })

const show = (to: Terminal, asked: client.DeviceAuthorizationResponse): void => {
  const { verification_uri: at, verification_uri_complete: whole, user_code: code } = asked
  if (to.json) {
    to.err(JSON.stringify({ verificationUri: at, userCode: code }))
    return
  }
  to.err(`Open ${plain(whole ?? at)}`)
  to.err(`and compare the code: ${paint(to, 'bold', plain(code))}`)
  to.err('Waiting until you have signed in there …')
}

type Tokens = Awaited<ReturnType<typeof client.refreshTokenGrant>>

const tokenOf = (
  { issuer, clientId }: Pick<CachedToken, 'issuer' | 'clientId'>,
  tokens: Tokens
): CachedToken => ({
  issuer,
  clientId,
  accessToken: tokens.access_token,
  refreshToken: tokens.refresh_token ?? null,
  // one that does not say is asked for again at each use after five minutes
  expiresAt: Date.now() + (tokens.expiresIn() ?? 300) * 1000
})

const failed = (to: Terminal, cause: unknown): ExitCode => {
  if (cause instanceof client.ResponseBodyError) {
    to.err(`The provider did not sign you in: ${plain(cause.error).slice(0, 100)}`)
    return exits.refused
  }
  to.err(
    'The provider gave no answer that can be used. Is --issuer right, and does it know devices?'
  )
  return exits.unavailable
}
