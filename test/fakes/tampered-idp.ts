/** A provider that says what a test wants it to: ID tokens that do not fit, errors, silence. */
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { text } from 'node:stream/consumers'
import { type JWTPayload, SignJWT, exportJWK, generateKeyPair } from 'jose'
import type { Test } from 'tap'

export type Said = {
  /** over what would be right */
  readonly claims?: JWTPayload
  readonly isOtherKey?: boolean
  readonly status?: number
}

export type TamperedIdp = {
  readonly issuer: string
  /** what the next token says */
  say: (said: Said) => void
  /** the nonce of the way that is open */
  meet: (nonce: string, clientId: string) => void
  readonly close: () => Promise<void>
}

export const tamperedIdp = async (t: Pick<Test, 'teardown'>): Promise<TamperedIdp> => {
  const keys = await Promise.all([generateKeyPair('ES256'), generateKeyPair('ES256')])
  const [good, other] = keys
  const jwk = { ...(await exportJWK(good.publicKey)), kid: 'one', alg: 'ES256', use: 'sig' }
  let said: Said = {}
  let nonce = ''
  let clientId = ''
  const idToken = (): Promise<string> => {
    const now = Math.floor(Date.now() / 1000)
    const claims = { nonce, auth_time: now, iss: issuer, sub: 'alice', aud: clientId, iat: now, exp: now + 60, ...said.claims }
    return new SignJWT(claims)
      .setProtectedHeader({ alg: 'ES256', kid: 'one' })
      .sign((said.isOtherKey === true ? other : good).privateKey)
  }
  const answerOf = async (path: string): Promise<readonly [number, unknown]> => {
    switch (path) {
      case '/.well-known/openid-configuration':
        return [200, {
          issuer,
          jwks_uri: `${issuer}/jwks`,
          authorization_endpoint: `${issuer}/authorize`,
          token_endpoint: `${issuer}/token`,
          response_types_supported: ['code'],
          subject_types_supported: ['public'],
          id_token_signing_alg_values_supported: ['ES256']
        }]
      case '/jwks':
        return [200, { keys: [jwk] }]
      case '/token':
        return said.status === undefined
          ? [200, { access_token: randomUUID(), token_type: 'Bearer', id_token: await idToken() }]
          : [said.status, { error: said.status >= 500 ? 'server_error' : 'invalid_grant' }]
      default:
        return [404, {}]
    }
  }
  const server = createServer((request, response) => {
    void text(request)
      .then(() => answerOf(new URL(request.url ?? '/', 'http://127.0.0.1').pathname))
      .then(([status, body]) => {
        response.writeHead(status, { 'content-type': 'application/json' })
        response.end(JSON.stringify(body))
      })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const issuer = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`
  const close = async (): Promise<void> => {
    if (!server.listening) return
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  }
  t.teardown(close)
  return {
    issuer,
    say: (next) => {
      said = next
    },
    meet: (of, client) => {
      nonce = of
      clientId = client
    },
    close
  }
}
