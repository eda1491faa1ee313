/**
 * The way in and out: choose a provider, go there, come back with a session. Each way is good once,
 * for the browser that set out, and back to a page of our own. Whoever comes back gets a new
 * session; the one before ends, so that nobody sits in a session that another has prepared.
 */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { instant } from '../elevation/ids.ts'
import type { ConsoleSessions } from '../ports-console.ts'
import { type Cookies, digestOf, dropCookie, newSecret, secretIn, setCookie } from './cookie.ts'
import { queryOf } from './form.ts'
import { sendPage } from './frame.tsx'
import { idleMilliseconds, longestMilliseconds } from './guard.ts'
import { type Pages, forAnybody, forViewers } from './pages.ts'
import { safeBack } from './paths.ts'
import { type IssuerConfig, type SignInFault, type SignedIn, signInWith } from './sign-in.ts'
import { knownViewer, viewerOf } from './viewer.ts'
import { words } from './words.ts'

export type SignInParts = {
  readonly sessions: ConsoleSessions
  readonly cookies: Cookies
  readonly url: string
  readonly issuers: readonly IssuerConfig[]
}

const turnMilliseconds = 10 * 60_000

/** Adds the routes of signing in and out. */
export const signInPages = (pages: Pages, parts: SignInParts): void => {
  const { app, broker, now, logger } = pages
  const { sessions, cookies, issuers } = parts
  const callback = `${parts.url}/sign-in/callback`
  const ways = new Map(issuers.map((one) => [one.issuer, signInWith(one, callback)]))

  const failed = (
    { reply, backTo }: { readonly reply: FastifyReply; readonly backTo: string },
    fault: SignInFault | 'stranger',
    cause: unknown
  ): FastifyReply => {
    logger.warn({ event: 'console_sign_in_failed', fault, ...namesOf(cause) })
    const { status, title, next } = words.signIn.faults[fault]
    return sendPage(reply.code(status), {
      title,
      viewer: null,
      body: (
        <section class="card failure">
          <p>{next}</p>
          <p>
            <a class="button primary" href={`/console/sign-in?back=${encodeURIComponent(backTo)}`}>
              {words.signIn.again}
            </a>
          </p>
        </section>
      )
    })
  }

  app.get('/sign-in', forAnybody, (request, reply) => {
    const query = queryOf(request)
    const backTo = safeBack(query.one('back'))
    const wanted = { maxAge: query.one('max_age'), acr: query.one('acr') }
    // whoever wants a fresh sign-in has chosen already
    if (wanted.maxAge !== '' && issuers.length === 1) {
      return reply.redirect(startPath(0, backTo, wanted), 303)
    }
    return sendPage(reply, {
      title: words.signIn.title,
      viewer: null,
      lead: words.signIn.lead,
      body: (
        <section class="card">
          {issuers.map(({ issuer }, n) => (
            <a
              key={issuer}
              class={n === 0 ? 'button primary' : 'button'}
              href={startPath(n, backTo, wanted)}
            >
              {words.signIn.with(new URL(issuer).host)}
            </a>
          ))}
          <p class="quiet">{words.signIn.about}</p>
        </section>
      )
    })
  })

  app.get('/sign-in/start', forAnybody, async (request, reply) => {
    const query = queryOf(request)
    const backTo = safeBack(query.one('back'))
    const chosen =
      issuers[/^[0-9]{1,2}$/.test(query.one('issuer')) ? Number(query.one('issuer')) : 0]
    const way = chosen === undefined ? undefined : ways.get(chosen.issuer)
    if (chosen === undefined || way === undefined) return reply.redirect('/console/sign-in', 303)
    const maxAge = /^[0-9]{1,6}$/.test(query.one('max_age')) ? Number(query.one('max_age')) : null
    const acr = query
      .one('acr')
      .split(' ')
      .filter((one) => /^[!-~]{1,100}$/.test(one))
      .slice(0, 8)
    const [state, nonce, verifier] = [newSecret(), newSecret(), newSecret()]
    const left = await way.leave({ state, nonce, verifier }, { maxAge, acr })
    if (!left.ok) return failed({ reply, backTo }, left.fault, left.cause)
    // one cookie for all its tabs, so that none undoes the other
    const browser = secretIn(request, cookies.signIn) ?? newSecret()
    setCookie(reply, cookies, {
      name: cookies.signIn,
      value: browser,
      seconds: turnMilliseconds / 1000
    })
    await sessions.begin(digestOf(state), {
      browser: digestOf(browser),
      issuer: chosen.issuer,
      nonce,
      verifier,
      backTo,
      maxAge,
      until: instant(now() + turnMilliseconds)
    })
    return reply.redirect(left.value.href, 303)
  })

  const open = async (
    { request, reply }: { readonly request: FastifyRequest; readonly reply: FastifyReply },
    { subject, ...signIn }: SignedIn,
    backTo: string
  ): Promise<FastifyReply> => {
    const person = broker.identify(subject)
    if (!person.ok) return failed({ reply, backTo }, 'stranger', null)
    const before = knownViewer(request)
    if (before !== null) await sessions.close(before.session, before.caller.person)
    const secret = newSecret()
    const at = now()
    const session = {
      person: person.value,
      subject,
      ...signIn,
      madeAt: at,
      endsAt: instant(at + longestMilliseconds)
    }
    await sessions.open(digestOf(secret), session, instant(at + idleMilliseconds))
    setCookie(reply, cookies, { name: cookies.session, value: secret, seconds: null })
    return reply.redirect(backTo, 303)
  }

  app.get('/sign-in/callback', forAnybody, async (request, reply) => {
    const state = queryOf(request).one('state')
    const browser = secretIn(request, cookies.signIn)
    const turn = state === '' ? null : await sessions.take(digestOf(state), now())
    const backTo = turn?.backTo ?? '/console'
    const way = turn === null ? undefined : ways.get(turn.issuer)
    if (
      turn === null ||
      way === undefined ||
      browser === null ||
      digestOf(browser) !== turn.browser
    ) {
      return failed({ reply, backTo }, 'forged', null)
    }
    const query = request.url.split('?')[1] ?? ''
    const arrived = await way.arrive(query, { ...turn, state })
    if (!arrived.ok) return failed({ reply, backTo }, arrived.fault, arrived.cause)
    const subject = subjectOf(issuers, turn.issuer, arrived.value.subject)
    return subject === null
      ? failed({ reply, backTo }, 'stranger', null)
      : open({ request, reply }, { ...arrived.value, subject }, backTo)
  })

  app.post('/sign-out', forViewers, async (request, reply) => {
    const { session, caller } = viewerOf(request)
    await sessions.close(session, caller.person)
    dropCookie(reply, cookies, cookies.session)
    return reply.redirect('/console/signed-out', 303)
  })

  app.get('/signed-out', forAnybody, (_request, reply) =>
    sendPage(reply, {
      title: words.signIn.out,
      viewer: null,
      lead: words.signIn.outLead,
      body: (
        <section class="card">
          <a class="button" href="/console/sign-in">
            {words.signIn.again}
          </a>
        </section>
      )
    })
  )
}

/**
 * A `sub` is somebody only together with its issuer: the first issuer's stands for itself, as in
 * bearer tokens, those of others are `ISSUER#SUB` in the directory.
 */
const subjectOf = (
  issuers: readonly IssuerConfig[],
  issuer: string,
  subject: string
): string | null => {
  if (issuer !== issuers[0]?.issuer) return `${issuer}#${subject}`
  return issuers.some((other) => subject.startsWith(`${other.issuer}#`)) ? null : subject
}

const startPath = (
  issuer: number,
  backTo: string,
  { maxAge, acr }: { readonly maxAge: string; readonly acr: string }
): string => {
  const query = new URLSearchParams({ issuer: String(issuer), back: backTo })
  if (maxAge !== '') query.set('max_age', maxAge)
  if (acr !== '') query.set('acr', acr)
  return `/console/sign-in/start?${query.toString()}`
}

/** Names and codes along the chain: messages may quote a token. */
const namesOf = (cause: unknown): { readonly causes: readonly string[] } => {
  const causes: string[] = []
  for (let at = cause; at instanceof Error && causes.length < 5; at = at.cause) {
    const code = 'code' in at && typeof at.code === 'string' ? at.code : ''
    const error = 'error' in at && typeof at.error === 'string' ? at.error.slice(0, 60) : ''
    causes.push([at.name, code, error].filter((part) => part !== '').join(' '))
  }
  return { causes }
}
