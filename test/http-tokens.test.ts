/** Bearer tokens and the issuer's keys: what is believed, what is not, and what an outage does. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import {
  type CryptoKey,
  type JWTHeaderParameters,
  type JWTPayload,
  CompactSign,
  SignJWT,
  UnsecuredJWT,
  createLocalJWKSet,
  exportJWK,
  exportSPKI,
  generateKeyPair
} from 'jose'
import t, { type Test } from 'tap'
import { seconds } from '../src/elevation/ids.ts'
import { type Auth, makeAuth } from '../src/http/auth.ts'
import { issuerKeys } from '../src/http/issuer-keys.ts'
import { handClock } from './fakes/memory-broker.ts'

const issuer = 'https://idp.example'
const maxTokenAge = seconds(86_400)

type Pair = { readonly privateKey: CryptoKey; readonly publicKey: CryptoKey }

const jwkOf = async ({ publicKey }: Pair, kid: string, alg: string) => ({
  ...(await exportJWK(publicKey)),
  kid,
  alg,
  use: 'sig'
})

const setUp = async () => {
  const clock = handClock()
  const [ours, ed, rsa, theirs] = await Promise.all(
    ['ES256', 'EdDSA', 'RS256', 'ES256'].map((alg) => generateKeyPair(alg, { extractable: true }))
  )
  if (!ours || !ed || !rsa || !theirs) throw new Error('no keys')
  const keys = [
    await jwkOf(ours, 'k1', 'ES256'),
    await jwkOf(ed, 'k2', 'EdDSA'),
    await jwkOf(rsa, 'k3', 'RS256')
  ]
  const auth = makeAuth({
    issuer,
    audience: 'sallyport',
    keys: createLocalJWKSet({ keys }),
    now: clock.now,
    maxTokenAge
  })
  const now = clock.now() / 1000
  const times = { iat: now, exp: now + 600 }
  const claims: JWTPayload = { iss: issuer, aud: 'sallyport', sub: 'alice', ...times }
  const sign = (
    payload: JWTPayload = claims,
    header: JWTHeaderParameters = { alg: 'ES256', kid: 'k1' },
    key: CryptoKey | Uint8Array = ours.privateKey
  ) => new SignJWT(payload).setProtectedHeader(header).sign(key)
  return { clock, auth, claims, sign, now, ours, ed, rsa, theirs, keys }
}

const without = (claims: JWTPayload, name: string): JWTPayload =>
  Object.fromEntries(Object.entries(claims).filter(([key]) => key !== name))

const isRefused = async (t: Test, auth: Auth, header: string | undefined, name: string) =>
  t.match(await auth(header), { ok: false, code: 'unauthenticated', detail: String }, name)

t.test('a token of the issuer for us is believed, in each listed algorithm', async (t) => {
  const { auth, sign, claims, ed, rsa } = await setUp()
  const tokens = {
    'ES256': await sign(),
    'Ed25519': await sign(claims, { alg: 'EdDSA', kid: 'k2' }, ed.privateKey),
    'RS256': await sign(claims, { alg: 'RS256', kid: 'k3' }, rsa.privateKey),
    'audience as a list of one': await sign({ ...claims, aud: ['sallyport'] }),
    'a jku': await sign(claims, { alg: 'ES256', kid: 'k1', jku: 'http://127.0.0.1:1/' })
  }
  for (const [name, token] of Object.entries(tokens)) {
    const signIn = { authAt: null, acr: null, amr: [] }
    t.strictSame(await auth(`Bearer ${token}`), { ok: true, subject: 'alice', signIn }, name)
  }
  t.match(await auth(`bearer ${tokens['ES256']}`), { ok: true })
})

t.test('what a token says of its sign-in is read strictly, or counts as not said', async (t) => {
  const { auth, sign, claims, now } = await setUp()
  const none = { authAt: null, acr: null, amr: [] }
  const rows: readonly (readonly [object, object])[] = [
    [{ auth_time: now - 60, acr: 'phr', amr: ['pwd', 'otp'] }, { authAt: (now - 60) * 1000, acr: 'phr', amr: ['pwd', 'otp'] }],
    [{ auth_time: String(now), acr: 1, amr: 'mfa' }, none],
    [{ auth_time: -1, acr: null, amr: [1, 'mfa'] }, { ...none, amr: ['mfa'] }],
    [{ auth_time: 1e300 }, none]
  ]
  for (const [said, signIn] of rows) {
    const token = await sign({ ...claims, ...said })
    t.strictSame(await auth(`Bearer ${token}`), { ok: true, subject: 'alice', signIn })
  }
})

t.test('any other token is refused, and none makes the check throw', async (t) => {
  const { auth, sign, claims, now, ours, rsa, theirs } = await setUp()
  const es = { alg: 'ES256', kid: 'k1' }
  const pem = new TextEncoder().encode(await exportSPKI(rsa.publicKey))
  const good = await sign()
  const [head = '', body = '', signature = ''] = good.split('.')
  const forgedBody = Buffer.from(JSON.stringify({ ...claims, sub: 'olga' })).toString('base64url')
  const unsigned = new UnsecuredJWT(claims).encode()
  const cases: Readonly<Record<string, string>> = {
    'alg none': unsigned,
    'alg none with a signature': `${unsigned}${signature}`,
    'HS256 with the public key as secret': await sign(claims, { alg: 'HS256', kid: 'k3' }, pem),
    'HS256 without kid': await sign(claims, { alg: 'HS256' }, pem),
    'RS512, not listed': await sign(claims, { alg: 'RS512', kid: 'k3' }, await rs512(rsa)),
    'another issuer': await sign({ ...claims, iss: 'https://idp.example/' }),
    'another issuer under our kid': await sign(claims, es, theirs.privateKey),
    'an unknown kid': await sign(claims, { alg: 'ES256', kid: '../../k1' }),
    'a key it brings along': await sign(
      claims,
      { alg: 'ES256', jwk: await exportJWK(theirs.publicKey) },
      theirs.privateKey
    ),
    'another audience': await sign({ ...claims, aud: 'sallyport-x' }),
    'a longer audience that starts alike': await sign({ ...claims, aud: 'sallyport,other' }),
    'two audiences': await sign({ ...claims, aud: ['sallyport', 'other'] }),
    'no audience in the list': await sign({ ...claims, aud: [] }),
    'expired beyond 30 s': await sign({ ...claims, exp: now - 31, iat: now - 600 }),
    'issued in 31 s': await sign({ ...claims, iat: now + 31 }),
    'not valid before 31 s from now': await sign({ ...claims, nbf: now + 31 }),
    'older than a day': await sign({ ...claims, iat: now - 86_431 }),
    'exp as text': await sign({ ...claims, exp: String(now + 600) as unknown as number }),
    'an empty subject': await sign({ ...claims, sub: '' }),
    'a subject that is no text': await sign({ ...claims, sub: ['alice'] as unknown as string }),
    'a subject without end': await sign({ ...claims, sub: 'a'.repeat(256) }),
    'an unknown crit': await new CompactSign(Buffer.from(JSON.stringify(claims)))
      .setProtectedHeader({ ...es, crit: ['x-y'], 'x-y': 1 })
      .sign(ours.privateKey, { crit: { 'x-y': true } }),
    'another body': `${head}.${forgedBody}.${signature}`,
    'no signature': `${head}.${body}.`,
    'half a token': good.slice(0, -10),
    'claims that are a list': await new CompactSign(Buffer.from('[]'))
      .setProtectedHeader(es)
      .sign(ours.privateKey),
    'five parts': `${good}.${good}`,
    'over 8 KB': await sign({ ...claims, note: 'x'.repeat(8000) }),
    'ten thousand dots': '.'.repeat(10_000),
    'a megabyte': 'x'.repeat(1_000_000),
    'nothing': '',
    'two tokens': `${good}, Bearer ${good}`
  }
  for (const claim of ['iss', 'aud', 'sub', 'iat', 'exp']) {
    await isRefused(t, auth, `Bearer ${await sign(without(claims, claim))}`, `no ${claim}`)
  }
  for (const [name, token] of Object.entries(cases)) {
    await isRefused(t, auth, `Bearer ${token}`, name)
  }
  for (const header of [undefined, '', 'Bearer', `Basic ${good}`, good, `Bearer  ${good}`]) {
    await isRefused(t, auth, header, String(header).slice(0, 12))
  }
  t.match(await auth(undefined), { error: null })
  t.match(await auth('Basic x'), { error: 'invalid_request' })
})

const rs512 = async ({ privateKey }: Pair): Promise<CryptoKey> => {
  const { importJWK } = await import('jose')
  const key = await importJWK({ ...(await exportJWK(privateKey)), alg: 'RS512' }, 'RS512')
  if (key instanceof Uint8Array) throw new Error('not a key')
  return key
}

t.test('clocks may differ by 30 s, not more', async (t) => {
  const { auth, sign, claims, now, clock } = await setUp()
  const edge = await sign({ ...claims, iat: now + 30, nbf: now + 30, exp: now + 60 })
  t.match(await auth(`Bearer ${edge}`), { ok: true })
  clock.move(89_000)
  t.match(await auth(`Bearer ${edge}`), { ok: true })
  clock.move(1000)
  t.match(await auth(`Bearer ${edge}`), { ok: false, detail: 'The token is too old.' })
})

type Mode = 'up' | 'down' | 'huge' | 'redirect' | 'other'

/** An issuer on 127.0.0.1 that can be switched off, and counts what is asked of it. */
const issuerServer = async (t: Test, keys: readonly object[]) => {
  const state: { mode: Mode; calls: string[] } = { mode: 'up', calls: [] }
  const server = createServer((request, response) => {
    const { url = '' } = request
    state.calls.push(url)
    const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    if (state.mode === 'down') return void response.writeHead(500).end('{}')
    if (state.mode === 'redirect') return void response.writeHead(302, { location: '/jwks' }).end()
    if (state.mode === 'huge') return void response.end(`{"x":"${'x'.repeat(2_000_000)}"}`)
    const discovery = {
      issuer: state.mode === 'other' ? 'https://other.example' : base,
      jwks_uri: `${base}/jwks`
    }
    response.end(JSON.stringify(url === '/jwks' ? { keys } : discovery))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  return { state, base: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

const bearing = async (t: Test, jwks: 'discovered' | 'given') => {
  const { sign, claims, keys, clock, theirs } = await setUp()
  const { state, base } = await issuerServer(t, keys)
  const jwksUrl = jwks === 'given' ? `${base}/jwks` : null
  const auth = makeAuth({
    issuer: base,
    audience: 'sallyport',
    keys: issuerKeys({ issuer: base, jwksUrl, now: clock.now }),
    now: clock.now,
    maxTokenAge
  })
  const token = `Bearer ${await sign({ ...claims, iss: base, exp: clock.now() / 1000 + 80_000 })}`
  const forged = async (kid: string) =>
    `Bearer ${await sign({ ...claims, iss: base }, { alg: 'ES256', kid }, theirs.privateKey)}`
  return { auth, state, token, forged, clock }
}

t.test('the keys are found through discovery, or at the given place', async (t) => {
  const found = await bearing(t, 'discovered')
  t.match(await found.auth(found.token), { ok: true, subject: 'alice' })
  t.match(await found.auth(found.token), { ok: true })
  t.strictSame(found.state.calls, ['/.well-known/openid-configuration', '/jwks'])
  const given = await bearing(t, 'given')
  t.match(await given.auth(given.token), { ok: true })
  t.strictSame(given.state.calls, ['/jwks'])
})

t.test('unknown keys by the hundred cost the issuer nothing more', async (t) => {
  const { auth, state, token, forged } = await bearing(t, 'discovered')
  await auth(token)
  const forgeries = await Promise.all(Array.from({ length: 200 }, (_, n) => forged(`nobody-${n}`)))
  for (const one of forgeries) await isRefused(t, auth, one, 'forged')
  t.equal(state.calls.length, 2)
})

t.test('an issuer that is down or wrong is unavailable, and is not hammered', async (t) => {
  for (const mode of ['down', 'redirect', 'huge', 'other'] as const) {
    const { auth, state, token, clock } = await bearing(t, 'discovered')
    state.mode = mode
    const cause = { name: 'IssuerUnavailable' }
    t.match(await auth(token), { ok: false, code: 'idp_unavailable', cause }, mode)
    await Promise.all(Array.from({ length: 20 }, () => auth(token)))
    t.equal(state.calls.length, 1, `${mode}: one call`)
    state.mode = 'up'
    clock.move(5000)
    t.match(await auth(token), { ok: true }, `${mode}, then up`)
  }
})

t.test('keys once known serve an hour of outage, but do not make other tokens good', async (t) => {
  const { auth, state, token, forged, clock } = await bearing(t, 'given')
  const { now } = Date
  let shift = 0
  t.intercept(Date, 'now', { value: () => now() + shift })
  const later = (milliseconds: number) => {
    shift += milliseconds
    clock.move(milliseconds)
  }
  t.match(await auth(token), { ok: true })
  state.mode = 'down'
  later(601_000)
  t.match(await auth(token), { ok: true })
  t.equal(state.calls.length, 2)
  await isRefused(t, auth, await forged('k1'), 'forged under a known kid')
  await isRefused(t, auth, await forged('k9'), 'forged under an unknown kid')
  later(3_000_000)
  t.match(await auth(token), { code: 'idp_unavailable' })
  state.mode = 'up'
  later(5000)
  t.match(await auth(token), { ok: true })
})

t.test('keys are never fetched in the open', async (t) => {
  const { clock, sign } = await setUp()
  for (const [where, jwksUrl] of [
    ['http://idp.example', null],
    [issuer, 'http://keys.example/jwks'],
    [issuer, 'file:///etc/passwd']
  ] as const) {
    const keys = issuerKeys({ issuer: where, jwksUrl, now: clock.now })
    const ours = { audience: 'sallyport', now: clock.now, maxTokenAge }
    const auth = makeAuth({ issuer: where, keys, ...ours })
    t.match(await auth(`Bearer ${await sign()}`), { code: 'idp_unavailable' }, jwksUrl ?? where)
  }
})
