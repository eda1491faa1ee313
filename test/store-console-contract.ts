/** What every engine must do with the console's sessions; `open` gives an empty store. */
import type { Test } from 'tap'
import type { ConsoleSession, SignInTurn } from '../src/ports-console.ts'
import type { Store } from '../src/store/store.ts'
import { at, person } from './fixtures-elevation.ts'

const alice = person('alice')
const bob = person('bob')
const digest = (n: number): string => String(n).padStart(64, '0')

const session = (over: Partial<ConsoleSession> = {}): ConsoleSession => ({
  person: alice,
  subject: 'alice',
  authAt: at(0),
  acr: null,
  amr: ['pwd', 'otp'],
  madeAt: at(0),
  endsAt: at(480),
  ...over
})

const turn: SignInTurn = {
  browser: digest(7),
  issuer: 'https://idp.example',
  nonce: 'n',
  verifier: 'v',
  backTo: '/console',
  maxAge: null,
  until: at(10)
}

export const consoleContract = async (t: Test, open: () => Promise<Store>): Promise<void> => {
  await t.test('a session is what it was, until it is idle or old', async (t) => {
    const { console: sessions } = await open()
    await sessions.open(digest(1), session(), at(30))
    t.strictSame(await sessions.use(digest(1), at(1), at(1)), session())
    t.equal(await sessions.use(digest(2), at(1), at(1)), null)
    t.equal(await sessions.use(digest(1), at(30), at(60)), null, 'idle')
    t.strictSame(await sessions.use(digest(1), at(29), at(59)), session())
    t.strictSame(await sessions.use(digest(1), at(58), at(58)), session(), 'it was kept')
    await sessions.use(digest(1), at(58), at(1000))
    t.equal(await sessions.use(digest(1), at(480), at(1000)), null, 'old')
    const strong = session({ acr: 'phr', amr: [], authAt: null })
    await sessions.open(digest(3), strong, at(30))
    t.strictSame(await sessions.use(digest(3), at(1), at(1)), strong)
  })

  await t.test('one digest is one session', async (t) => {
    const { console: sessions } = await open()
    await sessions.open(digest(1), session(), at(30))
    await sessions.open(digest(1), session({ person: bob, subject: 'bob' }), at(30))
    t.match(await sessions.use(digest(1), at(1), at(1)), { person: 'alice' })
  })

  await t.test('a person ends their own, one or all, and nobody else’s', async (t) => {
    const { console: sessions } = await open()
    for (const n of [1, 2, 3]) await sessions.open(digest(n), session({ madeAt: at(n) }), at(30))
    await sessions.open(digest(4), session({ person: bob, subject: 'bob', madeAt: at(4) }), at(35))
    const of = async (who: typeof alice) => (await sessions.sessionsOf(who, at(5))).map((one) => one.digest)
    t.strictSame(await of(alice), [digest(3), digest(2), digest(1)])
    await sessions.close(digest(4), alice)
    await sessions.close(digest(2), alice)
    t.strictSame(await of(alice), [digest(3), digest(1)])
    await sessions.closeAll(alice)
    t.strictSame(await of(alice), [])
    t.strictSame(await of(bob), [digest(4)])
  })

  await t.test('a turn is taken once, by the first, and in time', async (t) => {
    const { console: sessions } = await open()
    await sessions.begin(digest(1), turn)
    const all = await Promise.all(Array.from({ length: 20 }, () => sessions.take(digest(1), at(1))))
    t.strictSame(all.filter((one) => one !== null), [turn])
    await sessions.begin(digest(2), { ...turn, maxAge: 300 })
    t.equal(await sessions.take(digest(2), at(10)), null, 'too late')
    t.match(await sessions.take(digest(2), at(9)), { maxAge: 300 })
    t.equal(await sessions.take(digest(3), at(1)), null)
  })
}
