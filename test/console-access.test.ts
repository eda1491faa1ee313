/**
 * Who gets what from each route of the console: every registered route is in a table here, by role
 * and by the state of the elevation it is about. What is not theirs is absent, in the very words of
 * what does not exist; what they may not do changes nothing.
 */
import t from 'tap'
import type { FastifyPluginAsync } from 'fastify'
import type { State } from '../src/elevation/elevation.ts'
import type { ElevationId, PersonId } from '../src/elevation/ids.ts'
import { auditApp, auditScene } from './fixtures-audit.ts'
import { alice, bob, carol, dave, erin, eve, sam } from './fixtures-broker.ts'
import { everyState, idOf, person } from './fixtures-elevation.ts'

const oscar = person('oscar')
const people: Readonly<Record<string, PersonId>> = { alice, bob, carol, dave, erin, eve, oscar, sam }

const scene = await auditScene(t)
const table = { type: 'table', partitionKeys: [], version: '7' } as const
scene.aws.tables.set('claims.claims', { ...table, columns: [['claim_id', 'varchar']] })
const routes: string[] = []
const listed = (plugin: FastifyPluginAsync): FastifyPluginAsync => async (app, options) => {
  app.addHook('onRoute', ({ method, path }) => {
    for (const one of [method].flat()) if (one !== 'HEAD') routes.push(`${one} ${path}`)
  })
  await plugin(app, options)
}
const { app, cookieOf } = await auditApp(t, scene, { wrap: listed })
const cookies = new Map<string, string>()
for (const [name, id] of Object.entries(people)) cookies.set(name, `sallyport=${await cookieOf(id)}`)

const get = (name: string | null, path: string) =>
  app.inject({ url: path, headers: { accept: 'text/html', ...(name === null ? {} : { cookie: cookies.get(name) ?? '' }) } })
const csrf = new Map<string, string>()
for (const name of Object.keys(people)) {
  csrf.set(name, /name="csrf" value="([^"]+)"/.exec((await get(name, '/console/sessions')).body)?.[1] ?? '')
}
const post = (name: string, path: string, fields: Readonly<Record<string, string>> = {}) =>
  app.inject({
    method: 'POST',
    url: path,
    headers: {
      accept: 'text/html',
      'sec-fetch-site': 'same-origin',
      'content-type': 'application/x-www-form-urlencoded',
      cookie: cookies.get(name) ?? ''
    },
    payload: new URLSearchParams({ csrf: csrf.get(name) ?? '', ...fields }).toString()
  })

let made = 100
const states = Object.keys(everyState(idOf(1))) as State[]
/** Of alice, for claims-pii; what is active was started, for its session has to be one. */
const make = async (state: State): Promise<ElevationId> => {
  const id = idOf(++made)
  const elevation = everyState(id)[state === 'active' ? 'approved' : state]
  const done = await scene.store.commit({ elevation, expectedVersion: null, entries: [] })
  if (done.kind !== 'committed') throw new Error(done.kind)
  if (state === 'active') await post('alice', `/console/elevations/${id}/activate`)
  return id
}

const everybody = Object.keys(people)
/** by what they do in the example organisation: eve has no part in claims-pii, dave asks for payments-pii */
const seeing = ['alice', 'bob', 'carol', 'erin', 'sam']
const reason = 'a reason of some length'
const count = { sql: 'SELECT count(*) AS n FROM claims.claims LIMIT 1' }

/** Acts: for whom, with what, in which states it is done, and what they hear in the others; everybody else: absent. */
const acts: readonly (readonly [act: string, names: readonly string[], fields: Readonly<Record<string, string>>, done: readonly State[], otherwise: number])[] = [
  ['approve', ['bob', 'carol'], {}, ['pending'], 409],
  ['approve', ['alice', 'erin', 'sam'], {}, [], 403],
  ['deny', ['bob', 'carol'], { reason }, ['pending'], 409],
  ['deny', ['alice', 'erin', 'sam'], { reason }, [], 403],
  ['cancel', ['alice'], {}, ['pending', 'approved'], 409],
  ['activate', ['alice'], {}, ['approved'], 409],
  ['end', ['alice'], {}, ['issuing', 'active', 'ending', 'ended'], 409],
  ['revoke', ['bob', 'carol', 'sam'], { reason }, ['pending', 'approved', 'issuing', 'active', 'ending', 'ended'], 409],
  ['revoke', ['alice', 'erin'], { reason }, [], 403],
  ['review', seeing, { reason }, [], 403],
  ['extend', ['alice'], { duration: '1h', reason: 'suspected fraud ring goes on', ticket: 'CLM-1' }, ['active'], 409],
  ['query', ['alice'], count, ['approved', 'active'], 409]
]
/** Done, and the elevation is as it was: what ends already, an ask of its own, a query in a window that runs. */
const stays = ['end ending', 'end ended', 'revoke ending', 'revoke ended', 'extend active', 'query active']

t.test('each act is for whom it is for and in its states; what is refused changes nothing', async (t) => {
  for (const [act, names, fields, done, otherwise] of acts) {
    for (const name of everybody) {
      if (!names.includes(name) && acts.some(([other, others]) => other === act && others.includes(name))) continue
      await Promise.all(
        states.map(async (state) => {
          const id = await make(state)
          const before = await scene.store.get(id)
          const answer = await post(name, `/console/elevations/${id}/${act}`, fields)
          const wanted = !names.includes(name) ? 404 : done.includes(state) ? 303 : otherwise
          t.equal(answer.statusCode, wanted, `${act} ${state} by ${name}`)
          const after = await scene.store.get(id)
          const isSame = after?.version === before?.version && after?.elevation.state === state
          const isMoved = wanted === 303 && !stays.includes(`${act} ${state}`)
          t.equal(isSame, !isMoved, `${act} ${state} by ${name}: ${after?.elevation.state}`)
        })
      )
    }
  }
})

/** Pages about one elevation, and who sees them whatever its state; everybody else: absent. */
const elevationPages: Readonly<Record<string, readonly string[]>> = {
  '': seeing,
  '/end': seeing,
  '/cancel': seeing,
  '/deny': seeing,
  '/revoke': seeing,
  '/review': seeing,
  '/query': ['alice'],
  '/extend': ['alice']
}

const plain = (text: string): string => text.replaceAll(/<code>[^<]*<\/code>/g, '')

t.test('pages of an elevation are there in each of its states for who sees it, and absent for others', async (t) => {
  const none = idOf(99_999)
  for (const state of states) {
    const id = await make(state)
    for (const [more, names] of Object.entries(elevationPages)) {
      await Promise.all(
        everybody.map(async (name) => {
          const answer = await get(name, `/console/elevations/${id}${more}`)
          t.equal(answer.statusCode, names.includes(name) ? 200 : 404, `${more} ${state} for ${name}`)
          if (names.includes(name)) return
          const nothing = await get(name, `/console/elevations/${none}${more}`)
          t.equal(plain(answer.body), plain(nothing.body), 'not theirs reads like not there')
        })
      )
      t.equal((await get(null, `/console/elevations/${id}${more}`)).statusCode, 303, `${more} for nobody`)
    }
    for (const name of everybody) {
      // a stream that is opened would never end: who may open one hears that its start is none
      const stream = await get(name, `/console/elevations/${id}/live?from=x`)
      t.equal(stream.statusCode, seeing.includes(name) ? 400 : 404, `stream ${state} for ${name}`)
      const check = await post(name, `/console/elevations/${id}/check`, count)
      t.equal(check.statusCode, name === 'alice' ? 200 : 404, `check ${state} for ${name}`)
    }
  }
})

t.test('a query and its rows are its requester’s alone, under its own elevation alone', async (t) => {
  const [id, other] = [await make('active'), await make('active')]
  const started = await post('alice', `/console/elevations/${id}/query`, count)
  const at = started.headers.location ?? ''
  t.match(at, `/console/elevations/${id}/queries/`)
  const elsewhere = at.replace(id, other)
  for (const name of everybody) {
    const isOwn = name === 'alice'
    t.equal((await get(name, at)).statusCode, isOwn ? 200 : 404, name)
    t.equal((await get(name, elsewhere)).statusCode, 404, `${name} under another`)
    t.equal((await get(name, `${elsewhere}/rows.csv`)).statusCode, 404, `${name} rows under another`)
    t.equal((await post(name, `${elsewhere}/stop`)).statusCode, 404, `${name} stops under another`)
    if (!isOwn) {
      t.equal((await get(name, `${at}/rows.csv`)).statusCode, 404, `${name} rows`)
      t.equal((await post(name, `${at}/stop`)).statusCode, 404, `${name} stops`)
    }
  }
  t.equal((await post('alice', `${at}/stop`)).statusCode, 303)
})

const auditors = ['erin']
const watching = ['erin', 'oscar', 'sam']
const deciding = ['bob', 'carol', 'erin', 'sam']
/** Pages about no single elevation: who gets them; everybody else: absent. */
const places: readonly (readonly [route: string, path: string, names: readonly string[], status: number])[] = [
  ['GET /console', '/console', everybody, 200],
  ['GET /console/live', '/console/live?from=x', everybody, 400],
  ['GET /console/ask', '/console/ask', everybody, 200],
  ['GET /console/sessions', '/console/sessions', everybody, 200],
  ['GET /console/sessions/end-all', '/console/sessions/end-all', everybody, 200],
  ['GET /console/approvals', '/console/approvals', deciding, 200],
  ['GET /console/approvals/live', '/console/approvals/live?from=x', deciding, 400],
  ['GET /console/ledger', '/console/ledger', auditors, 200],
  ['GET /console/ledger/:index', '/console/ledger/3', auditors, 200],
  ['GET /console/ledger/:index/proof', '/console/ledger/3/proof', auditors, 200],
  ['GET /console/ledger/verify', '/console/ledger/verify', auditors, 200],
  ['GET /console/ledger/files/key', '/console/ledger/files/key', auditors, 200],
  ['GET /console/ledger/files/checkpoint', '/console/ledger/files/checkpoint', auditors, 200],
  ['GET /console/ledger/files/tile/*', '/console/ledger/files/tile/entries/000', auditors, 200],
  ['GET /console/evidence', `/console/evidence?elevation=${scene.used}`, auditors, 200],
  ['GET /console/reports', '/console/reports', auditors, 200],
  ['GET /console/posture', '/console/posture', [...watching, 'carol'], 200],
  ['GET /console/posture/side-doors', '/console/posture/side-doors', [...watching, 'carol'], 200],
  ['GET /console/posture/side-doors.svg', '/console/posture/side-doors.svg', [...watching, 'carol'], 200],
  ['GET /console/policy', '/console/policy', watching, 200],
  ['GET /console/system', '/console/system', watching, 200]
]

t.test('each page is for its roles, absent for others, and nobody is sent to sign in', async (t) => {
  for (const [route, path, names, status] of places) {
    for (const name of everybody) {
      t.equal((await get(name, path)).statusCode, names.includes(name) ? status : 404, `${route} for ${name}`)
    }
    const answer = await get(null, path)
    t.equal(answer.statusCode, 303, `${route} for nobody`)
    t.match(answer.headers.location, '/console/sign-in', route)
  }
})

/** For anybody: signing in and what pages are made of. */
const open: Readonly<Record<string, number>> = {
  'GET /console/assets/console.css': 200,
  'GET /console/assets/icon.svg': 200,
  'GET /console/assets/app.js': 200,
  'GET /console/assets/drafts.js': 200,
  'GET /console/assets/forms.js': 200,
  'GET /console/assets/words.js': 200,
  'GET /console/assets/verify.js': 200,
  'GET /console/sign-in': 200,
  'GET /console/sign-in/start': 303,
  'GET /console/sign-in/callback': 400,
  'GET /console/signed-out': 200
}
/** Forms of one’s own session and asks: for whoever is signed in. */
const own = ['POST /console/sign-out', 'POST /console/sessions/end', 'POST /console/sessions/end-all', 'POST /console/preview', 'POST /console/ask']

t.test('what is for anybody needs no session; what is sent does, whoever sends it', async (t) => {
  for (const [route, status] of Object.entries(open)) {
    t.equal((await get(null, route.replace('GET ', ''))).statusCode, status, route)
  }
  for (const route of routes.filter((one) => one.startsWith('POST '))) {
    const path = route.replace('POST ', '').replace(':id', scene.used).replace(':qid', 'q')
    const send = (cookie: string, token: string) =>
      app.inject({
        method: 'POST',
        url: path,
        headers: { 'sec-fetch-site': 'same-origin', 'content-type': 'application/x-www-form-urlencoded', cookie },
        payload: new URLSearchParams({ csrf: token }).toString()
      })
    t.equal((await send('', csrf.get('alice') ?? '')).statusCode, 401, `${route} by nobody`)
    t.equal((await send(cookies.get('alice') ?? '', csrf.get('bob') ?? '')).statusCode, 400, `${route} with the token of another`)
  }
  t.equal((await post('eve', '/console/preview', { target: 'claims-pii', duration: '1h', reason })).statusCode, 200)
  const refused = await post('eve', '/console/ask', { target: 'claims-pii', duration: '1h', reason, once: 'e'.repeat(43) })
  t.equal(refused.statusCode, 404, 'a target that is not theirs to ask for')
})

t.test('somebody’s session is ended by themselves alone', async (t) => {
  const session = /name="session" value="([^"]+)"/
  const second = await cookieOf(dave)
  const id = session.exec((await get('dave', '/console/sessions')).body)?.[1] ?? ''
  t.not(id, '')
  const isThere = async () =>
    (await app.inject({ url: '/console', headers: { accept: 'text/html', cookie: `sallyport=${second}` } })).statusCode === 200
  for (const name of ['alice', 'erin', 'sam']) {
    await post(name, '/console/sessions/end', { session: id })
    t.ok(await isThere(), `not by ${name}`)
  }
  t.equal((await post('dave', '/console/sessions/end', { session: id })).statusCode, 303)
  t.notOk(await isThere())
  t.equal((await post('dave', '/console/sign-out')).statusCode, 303)
  t.equal((await get('dave', '/console')).statusCode, 303)
  t.equal((await post('eve', '/console/sessions/end-all')).statusCode, 303)
  t.equal((await get('eve', '/console')).statusCode, 303)
})

t.test('every route of the console is in one of these tables', async (t) => {
  const elevation = '/console/elevations/:id'
  const known = [
    ...new Set(acts.map(([act]) => `POST ${elevation}/${act}`)),
    ...Object.keys(elevationPages).map((more) => `GET ${elevation}${more}`),
    `GET ${elevation}/live`,
    `POST ${elevation}/check`,
    `GET ${elevation}/queries/:qid`,
    `POST ${elevation}/queries/:qid/stop`,
    `GET ${elevation}/queries/:qid/rows.csv`,
    ...places.map(([route]) => route),
    ...Object.keys(open),
    ...own
  ]
  t.strictSame(known.toSorted(), routes.toSorted())
  t.ok(routes.length > 55, `saw ${routes.length} routes`)
})
