/**
 * The console without a screen: signing in against a certified provider and its failures, sessions,
 * forms of other pages, and who sees and does what.
 */
import { once } from 'node:events'
import { chmodSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { Provider } from 'oidc-provider'
import t, { type Test } from 'tap'
import { api } from '../src/cli/api.ts'
import { login, logout } from '../src/cli/login.ts'
import { readToken, writeToken } from '../src/cli/token-cache.ts'
import { consoleHeaders } from '../src/console/headers.ts'
import { safeBack } from '../src/console/paths.ts'
import { tamperedIdp } from './fakes/tampered-idp.ts'
import { type Visitor, freePort, startConsole, visitor } from './fixtures-console.ts'

/** A page without what is another each time: its reference and its token. */
const words = (text: string): string =>
  text.replace(/<code>[^<]*<\/code>/g, '').replace(/value="[^"]*"/g, '')

const secret = 'a-secret-of-the-console-that-is-long-enough'

/** The provider with its own pages for development: whoever gives a name is it. */
const startProvider = async (t: Test, consolePort: number) => {
  const port = await freePort()
  const issuer = `http://127.0.0.1:${port}`
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: 'console',
        client_secret: secret,
        redirect_uris: [`http://127.0.0.1:${consolePort}/console/sign-in/callback`],
        application_type: 'native'
      }
    ],
    pkce: { required: () => true },
    claims: { openid: ['sub', 'auth_time', 'acr', 'amr'] },
    findAccount: (_context, id) => ({ accountId: id, claims: async () => ({ sub: id }) }),
    cookies: { keys: ['only for this test'] }
  })
  const answer = provider.callback()
  const server = createServer((request, response) => void answer(request, response))
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return issuer
}

const arrive = (who: Visitor, query: string) => who.once(`/console/sign-in/callback?${query}`)

/** Through the provider's own pages; the answer is what came back at the console. */
const throughProvider = async (who: Visitor, name: string, start: string) => {
  let page = await who.get(start)
  for (const fields of [{ prompt: 'login', login: name, password: 'x' }, { prompt: 'consent' }]) {
    if (!page.url.includes('/interaction/')) break
    const sent = await who.call(page.url, { method: 'POST', body: new URLSearchParams(fields) })
    page = await who.get(new URL(sent.headers.get('location') ?? '', page.url).href)
  }
  return page
}

t.test('somebody signs in with a certified provider, and freshly where it is asked', async (t) => {
  const port = await freePort()
  const issuer = await startProvider(t, port)
  const scene = await startConsole(t, { port, signing: { issuer, clientId: 'console', secret } })
  const alice = visitor(scene.origin)
  const back = await throughProvider(alice, 'alice', '/console/sign-in/start?back=%2Fconsole%2Fask')
  t.equal(back.status, 200)
  t.equal(back.url, `${scene.origin}/console/ask`)
  t.match(back.text, 'Signed in as')
  const before = alice.cookies.get('sallyport')
  t.match(before, /^[\w-]{43}$/)
  const again = await throughProvider(alice, 'alice', '/console/sign-in?back=%2Fconsole&max_age=0')
  t.equal(again.status, 200)
  t.not(alice.cookies.get('sallyport'), before, 'a new session')
  const old = await alice.once('/console', { cookie: `sallyport=${before}` })
  t.equal(old.status, 303, 'the one before is over')
  const stranger = visitor(scene.origin)
  const refused = await throughProvider(stranger, 'mallory', '/console/sign-in/start')
  t.equal(refused.status, 403)
  t.match(refused.text, 'You are not in the directory')
  t.notOk(stranger.cookies.has('sallyport'))
})

t.test('a sign-in that does not fit is refused, whatever does not', async (t) => {
  const idp = await tamperedIdp(t)
  const scene = await startConsole(t, { signing: { issuer: idp.issuer, clientId: 'console', secret } })
  const leave = async (who: Visitor, path = '/console/sign-in/start') => {
    const left = await who.once(path)
    const url = new URL(left.headers.get('location') ?? '', scene.origin)
    idp.meet(url.searchParams.get('nonce') ?? '', 'console')
    t.match(Object.fromEntries(url.searchParams), {
      client_id: 'console',
      code_challenge_method: 'S256',
      response_type: 'code',
      scope: 'openid'
    })
    return url.searchParams.get('state') ?? ''
  }
  const past = Math.floor(Date.now() / 1000) - 600
  const cases: readonly (readonly [string, Parameters<typeof idp.say>[0], number])[] = [
    ['what fits', {}, 303],
    ['another nonce', { claims: { nonce: 'another' } }, 400],
    ['another issuer', { claims: { iss: 'https://other.example' } }, 400],
    ['another audience', { claims: { aud: 'somebody-else' } }, 400],
    ['several audiences, for another', { claims: { aud: ['console', 'b'], azp: 'b' } }, 400],
    ['a token that is over', { claims: { iat: past, exp: past + 60 } }, 400],
    ['a provider a little behind', { claims: { exp: Math.floor(Date.now() / 1000) - 10 } }, 303],
    ['another key', { isOtherKey: true }, 400],
    ['no subject', { claims: { sub: '' } }, 400],
    ['a code that was used', { status: 400 }, 400],
    ['a provider that broke', { status: 500 }, 503],
    ['somebody unknown', { claims: { sub: 'mallory' } }, 403]
  ]
  for (const [name, said, status] of cases) {
    const who = visitor(scene.origin)
    idp.say(said)
    const state = await leave(who)
    const answer = await arrive(who, `code=one&state=${state}`)
    t.equal(answer.status, status, name)
    t.equal(who.cookies.has('sallyport'), status === 303, `${name}: session`)
    if (status !== 303) t.match(answer.text, 'Sign in again', name)
  }
  idp.say({})
  const who = visitor(scene.origin)
  const state = await leave(who)
  t.equal((await arrive(who, `code=one&state=${'A'.repeat(43)}`)).status, 400, 'another state')
  t.equal((await arrive(visitor(scene.origin), `code=one&state=${state}`)).status, 400, 'another browser')
  t.equal((await arrive(who, `code=one&state=${state}`)).status, 400, 'taken by the other browser')
  const next = await leave(who)
  t.equal((await arrive(who, `error=access_denied&state=${next}`)).status, 403, 'declined')
  const twice = await leave(who)
  t.equal((await arrive(who, `code=one&state=${twice}`)).status, 303)
  t.equal((await arrive(who, `code=one&state=${twice}`)).status, 400, 'the same again')
  const late = await leave(who)
  scene.advance(11 * 60)
  t.equal((await arrive(who, `code=one&state=${late}`)).status, 400, 'after ten minutes')
  const stale = await leave(who, '/console/sign-in/start?max_age=300')
  idp.say({ claims: { auth_time: past } })
  t.equal((await arrive(who, `code=one&state=${stale}`)).status, 400, 'not as fresh as was asked')
  const open = await leave(who)
  await idp.close()
  t.equal((await arrive(who, `code=one&state=${open}`)).status, 503, 'the provider is down')
  t.notMatch(scene.lines.join('\n'), secret)
})

t.test('people come back to a page of ours and nowhere else', async (t) => {
  for (const path of ['/console', '/console/ask?target=claims-pii', '/console/elevations/01AB']) {
    t.equal(safeBack(path), path)
  }
  const elsewhere = [
    '', 'https://evil.example/console', '//evil.example', '/console//evil.example', '/v1/elevations',
    '/console\\evil', '/console/sign-out', '/consolex', '/console?x=\r\nset-cookie:a', '/console#x'
  ]
  for (const path of elsewhere) t.equal(safeBack(path), '/console', path)
})

t.test('the command line signs in by a code, keeps the token to itself, and renews it', async (t) => {
  const scene = await startConsole(t)
  const home = t.testdir()
  const env = { HOME: home, SALLYPORT_URL: scene.origin }
  const lines: string[] = []
  const to = { json: false, colour: false, out: (line: string) => void lines.push(line), err: (line: string) => void lines.push(line) }
  const options = { issuer: scene.sandbox.issuer, clientId: 'sallyport-cli', scope: 'openid' }
  t.match(await api(env).get('/v1/targets'), { ok: false, problem: { code: 'no_token' } })
  const signing = login(to, env, options)
  while (!lines.some((line) => line.startsWith('Open '))) await wait(20)
  const page = lines.find((line) => line.startsWith('Open '))?.slice('Open '.length) ?? ''
  t.match(await (await fetch(`${page}&person=alice`)).text(), 'You are signed in')
  t.equal(await signing, 0)
  t.match(await api(env).get('/v1/targets'), { ok: true })
  const folder = join(home, '.config', 'sallyport')
  const [file = ''] = readdirSync(folder)
  const path = join(folder, file)
  t.equal(statSync(path).mode & 0o777, 0o600)
  t.equal(statSync(folder).mode & 0o777, 0o700)
  const kept = readToken(env, scene.origin)
  t.ok(kept)
  t.notMatch(lines.join('\n'), kept?.accessToken ?? '')
  if (kept === null) return
  writeToken(env, scene.origin, { ...kept, accessToken: 'old', expiresAt: 0 })
  t.match(await api(env).get('/v1/targets'), { ok: true }, 'renewed')
  t.not(readToken(env, scene.origin)?.refreshToken, kept.refreshToken)
  writeToken(env, scene.origin, { ...kept, expiresAt: 0 })
  t.match(await api(env).get('/v1/targets'), { ok: false, problem: { code: 'no_token' } }, 'used before')
  chmodSync(path, 0o644)
  t.equal(readToken(env, scene.origin), null, 'others can read it')
  t.equal(logout(to, env), 0)
  t.strictSame(readdirSync(folder), [])
  t.equal(await login(to, env, { ...options, issuer: 'http://idp.example' }), 2)
  t.equal(await login(to, env, { ...options, issuer: 'http://127.0.0.1:9' }), 69)
})

t.test('with a session', async (t) => {
  const scene = await startConsole(t)
  const names = ['alice', 'bob', 'dave', 'eve', 'erin', 'oscar', 'sam'] as const
  const people = new Map<string, Visitor>()
  for (const name of names) {
    const who = visitor(scene.origin)
    await who.signIn(name)
    people.set(name, who)
  }
  const as = (name: (typeof names)[number]): Visitor => {
    const who = people.get(name)
    if (who === undefined) throw new Error(name)
    return who
  }
  const ask = { target: 'claims-pii', duration: '1h', reason: 'because of a fraud ring', ticket: 'CLM-1' }
  const asked = async (once: string): Promise<string> => {
    const sent = await as('alice').post('/console/ask', { ...ask, once: once.repeat(43) })
    t.equal(sent.status, 303, sent.text.replace(/<[^>]+>/g, ' ').slice(0, 600))
    return sent.headers.get('location') ?? ''
  }

  await t.test('every answer has the same headers, whoever asks', async (t) => {
    const paths = [
      '/console', '/console/sign-in', '/console/signed-out', '/console/assets/app.js',
      '/console/assets/console.css', '/console/assets/icon.svg', '/console/nothing', '/console/approvals'
    ]
    for (const who of [as('bob'), visitor(scene.origin)]) {
      for (const path of paths) {
        const { headers } = await who.once(path)
        for (const [name, value] of Object.entries(consoleHeaders)) {
          const isCached = name === 'cache-control' && path.includes('/assets/')
          t.equal(headers.get(name), isCached ? 'no-cache' : value, `${path} ${name}`)
        }
      }
    }
    const { text } = await as('alice').get('/console')
    t.notMatch(text, / style=|<style|javascript:| on[a-z]+=/)
    t.ok(Buffer.byteLength(text) < 60_000)
    const stolen = await visitor(scene.origin).once('/console/assets/..%2f..%2fmain.js')
    t.equal(stolen.status, 404)
  })

  await t.test('a form sent twice is one ask; what is refused keeps what was typed', async (t) => {
    const first = await asked('a')
    t.equal(await asked('a'), first)
    const wrong = await as('alice').post('/console/ask', { ...ask, duration: '9h', reason: '<b>short', once: '' })
    t.ok([403, 422].includes(wrong.status), `${wrong.status}`)
    t.match(wrong.text, /value="9h"/)
    t.match(wrong.text, '&lt;b>short')
    t.equal((await as('alice').post(`${first}/cancel`)).status, 303)
    const preview = await as('alice').post('/console/preview', ask, { accept: 'application/json' })
    t.match(JSON.parse(preview.text), { tone: 'good', lines: [/bob/] })
    t.match((await as('alice').post('/console/preview', ask)).text, 'Will be asked')
  })

  await t.test('only our own page sends a form', async (t) => {
    const path = await asked('b')
    const bob = as('bob')
    const csrf = await bob.csrf()
    const send = (headers: Readonly<Record<string, string>>, token = csrf) =>
      bob.call(`${path}/deny`, {
        method: 'POST',
        headers,
        body: new URLSearchParams({ csrf: token, reason: 'not today' })
      })
    const same = { 'sec-fetch-site': 'same-origin' }
    const cases: readonly (readonly [string, number])[] = [
      ['no word on where it comes from', (await send({})).status],
      ['another site', (await send({ 'sec-fetch-site': 'cross-site' })).status],
      ['another host of ours', (await send({ 'sec-fetch-site': 'same-site', origin: scene.origin })).status],
      ['another origin', (await send({ origin: 'https://evil.example' })).status],
      ['no origin to speak of', (await send({ origin: 'null' })).status],
      ['no token', (await send(same, '')).status],
      ["somebody else's token", (await send(same, await as('alice').csrf())).status]
    ]
    for (const [name, status] of cases) t.equal(status, 400, name)
    t.match((await bob.get(path)).text, 'waiting')
    const json = await bob.call(`${path}/deny`, {
      method: 'POST',
      headers: { ...same, 'content-type': 'application/json' },
      body: JSON.stringify({ csrf, reason: 'not today' })
    })
    t.equal(json.status, 415)
    t.equal((await send({ origin: scene.origin })).status, 303)
    t.match((await bob.get(path)).text, 'denied')
    t.match((await as('alice').get(path)).text, /Denied by bob\.[^]*not today/)
  })

  await t.test('each route is for whom it is for; what is not theirs is absent', async (t) => {
    const path = await asked('c')
    const absentPath = '/console/elevations/01JD0000000000000000000999'
    const table: readonly (readonly [path: string, statuses: Readonly<Record<string, number>>])[] = [
      ['/console', { alice: 200, bob: 200, eve: 200, erin: 200, oscar: 200, sam: 200 }],
      ['/console/approvals', { alice: 404, bob: 200, eve: 404, erin: 200, oscar: 404, sam: 200 }],
      [path, { alice: 200, bob: 200, eve: 404, erin: 200, oscar: 404, sam: 200, dave: 404 }],
      [`${path}/cancel`, { alice: 200, eve: 404, oscar: 404 }],
      [`${path}/extend`, { alice: 200, bob: 404, erin: 404, eve: 404 }],
      [`${path}/query`, { alice: 200, bob: 404, erin: 404, sam: 404, eve: 404 }],
      [absentPath, { alice: 404, bob: 404, erin: 404 }],
      ['/console/elevations/not-an-id', { alice: 404, erin: 404 }]
    ]
    for (const [to, statuses] of table) {
      for (const [name, status] of Object.entries(statuses)) {
        const who = people.get(name)
        t.equal((await who?.once(to))?.status, status, `${name} ${to}`)
      }
      t.equal((await visitor(scene.origin).once(to)).status, 303, `nobody ${to}`)
    }
    const [theirs, none] = [await as('eve').get(path), await as('eve').get(absentPath)]
    t.equal(words(theirs.text), words(none.text), 'not theirs reads like not there')
    const acts: readonly (readonly [act: string, name: (typeof names)[number], status: number])[] = [
      ['approve', 'alice', 403],
      ['approve', 'erin', 403],
      ['approve', 'oscar', 404],
      ['approve', 'eve', 404],
      ['deny', 'eve', 404],
      ['revoke', 'erin', 403],
      ['activate', 'bob', 404],
      ['cancel', 'oscar', 404],
      ['end', 'eve', 404]
    ]
    for (const [act, name, status] of acts) {
      const answer = await as(name).post(`${path}/${act}`, { reason: 'a reason of some length' })
      t.equal(answer.status, status, `${name} ${act}`)
    }
    t.match((await as('alice').get(path)).text, 'waiting, 0 of 1')
    t.equal((await as('alice').post(`${path}/cancel`)).status, 303)
  })

  await t.test('an approval wants the sign-in of its rule, and comes back to the very ask', async (t) => {
    const path = await asked('d')
    scene.advance(6 * 60)
    const bob = as('bob')
    const weak = await bob.get(path)
    t.match(weak.text, 'Sign in again to approve')
    t.notMatch(weak.text, `${path}/approve`)
    t.equal((await bob.post(`${path}/approve`)).status, 403)
    const link = /href="(\/console\/sign-in\?[^"]+)"/.exec(weak.text)?.[1]?.replaceAll('&amp;', '&') ?? ''
    const chosen = await bob.get(link)
    t.match(chosen.url, 'max_age=300')
    const back = await bob.get(`${chosen.url}&person=bob`)
    t.equal(back.url, `${scene.origin}${path}`)
    const digest = /name="digest" value="([^"]+)"/.exec(back.text)?.[1] ?? ''
    t.equal((await bob.post(`${path}/approve`, { digest: `${digest}x` })).status, 409, 'another ask was shown')
    t.equal((await bob.post(`${path}/approve`, { digest })).status, 303)
    const again = await bob.post(`${path}/approve`, { digest })
    t.equal(again.status, 409)
    const story = await as('erin').get(path)
    t.match(story.text, /href="\/console\/ledger\/\d+"/)
    t.notMatch((await as('alice').get(path)).text, /href="\/console\/ledger/)
    t.equal((await as('alice').post(`${path}/cancel`)).status, 303)
  })

  await t.test('a start ahead is asked for where a rule lets one, and what was typed stays', async (t) => {
    const alice = as('alice')
    const path = '/console/ask?target=claims-pii'
    t.notMatch((await alice.get(path)).text, 'name="startAt"', 'no rule lets one')
    const rules = join(scene.policies, 'rules/claims.yaml')
    const written = readFileSync(rules, 'utf8')
    writeFileSync(rules, written.replace('activateWithin: 8h', 'activateWithin: 8h\n    startAhead: 7d'))
    await scene.reload()
    const form = (await alice.get(path)).text
    t.match(form, /<input type="datetime-local" id="startAt" name="startAt"/)
    t.match(form, 'At most 7d ahead, in UTC')
    const startAt = new Date(Date.now() + 2 * 86_400_000).toISOString().slice(0, 16)
    const told = `can be started from ${startAt.replace('T', ' ')} UTC on`
    const json = { accept: 'application/json' }
    const preview = JSON.parse((await alice.post('/console/preview', { ...ask, startAt }, json)).text)
    t.match(preview, { tone: 'good' })
    t.ok(preview.lines.includes(told), preview.lines.join(' | '))
    const shown = await alice.post('/console/preview', { ...ask, startAt })
    t.match(shown.text, told)
    t.match(shown.text, `value="${startAt}"`)
    const far = new Date(Date.now() + 30 * 86_400_000).toISOString().slice(0, 16)
    for (const wrong of [far, '2020-01-01T10:00', '2026-02-30T10:00', '"><i>soon']) {
      const refused = await alice.post('/console/ask', { ...ask, startAt: wrong, once: '' })
      t.ok(refused.status >= 400 && refused.status < 500, `${wrong}: ${refused.status}`)
      t.match(refused.text, /id="startAt"[^>]*aria-invalid/, wrong)
      t.ok(refused.text.includes(`value="${wrong.replaceAll('"', '&quot;').replaceAll('<', '&lt;')}"`), wrong)
      t.match(refused.text, 'because of a fraud ring')
    }
    const sent = await alice.post('/console/ask', { ...ask, startAt, once: 's'.repeat(43) })
    t.equal(sent.status, 303)
    const elevation = sent.headers.get('location') ?? ''
    t.match((await alice.get(elevation)).text, `<time datetime="${startAt}:00.000Z"`)
    const pack = `href="/console/evidence?elevation=${elevation.split('/').at(-1)}"`
    t.ok((await as('erin').get(elevation)).text.includes(pack), 'an auditor takes evidence away')
    t.notOk((await alice.get(elevation)).text.includes('/console/evidence'))
    await as('bob').signIn('bob')
    const digest = /name="digest" value="([^"]+)"/.exec((await as('bob').get(elevation)).text)?.[1] ?? ''
    t.equal((await as('bob').post(`${elevation}/approve`, { digest })).status, 303)
    const approved = (await alice.get(elevation)).text
    t.match(approved, 'It can be started from')
    t.notMatch(approved, 'Start now')
    t.equal((await alice.post(`${elevation}/cancel`)).status, 303)
    writeFileSync(rules, written)
    await scene.reload()
  })

  await t.test('a page is told when what it shows has changed, and only then', async (t) => {
    const path = await asked('e')
    const stop = new AbortController()
    t.teardown(() => stop.abort())
    const page = await as('alice').get(path)
    const live = /data-live="([^"]+)"/.exec(page.text)?.[1] ?? ''
    const cookie = `sallyport=${as('alice').cookies.get('sallyport')}`
    const stream = await fetch(new URL(live, scene.origin), { headers: { cookie }, signal: stop.signal })
    t.match(stream.headers.get('content-type'), 'text/event-stream')
    t.equal(stream.headers.get('x-accel-buffering'), 'no')
    t.equal(stream.headers.get('content-security-policy'), consoleHeaders['content-security-policy'])
    await as('bob').post(`${path}/deny`, { reason: 'not for this' })
    let heard = ''
    if (stream.body === null) throw new Error('no stream')
    for await (const bytes of stream.body) {
      heard += Buffer.from(bytes).toString('utf8')
      if (/event: changed/.test(heard)) break
    }
    t.match(heard, /retry: 2000\n\n[^]*id: \d+\nevent: changed/)
    t.equal((await as('eve').once(live)).status, 404)
  })

  await t.test('a session ends when it is idle, when it is old, and when somebody says so', async (t) => {
    const [one, two] = [visitor(scene.origin), visitor(scene.origin)]
    await one.signIn('dave')
    await two.signIn('dave')
    const csrf = await one.csrf()
    scene.advance(25 * 60)
    t.equal((await one.once('/console')).status, 200)
    scene.advance(25 * 60)
    t.equal((await one.once('/console')).status, 200, 'used within half an hour')
    t.equal((await two.once('/console')).status, 303, 'idle')
    for (let n = 0; n < 18; n++) {
      scene.advance(25 * 60)
      await one.once('/console')
    }
    t.equal((await one.once('/console')).status, 303, 'after eight hours')
    const late = await one.call('/console/ask', {
      method: 'POST',
      headers: { 'sec-fetch-site': 'same-origin' },
      body: new URLSearchParams({ csrf, target: 'claims-pii', reason: '<i>a long reason' })
    })
    t.equal(late.status, 401)
    t.match(late.text, '&lt;i>a long reason')
    const [three, four] = [visitor(scene.origin), visitor(scene.origin)]
    await three.signIn('dave')
    await four.signIn('dave')
    t.equal((await three.post('/console/sign-out')).status, 303)
    t.equal((await three.once('/console')).status, 303)
    t.equal((await four.once('/console')).status, 200)
    await three.signIn('dave')
    t.equal((await four.post('/console/sessions/end-all')).status, 303)
    t.equal((await three.once('/console')).status, 303)
    t.equal((await four.once('/console')).status, 303)
  })
})
