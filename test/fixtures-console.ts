/**
 * The whole product on the sandbox with its console, and browsers without a screen: one that keeps
 * cookies over plain requests. The rule on claims is brokered here, and wants a fresh sign-in of
 * whoever approves.
 */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import type { Test } from 'tap'
import { api, objectOf, text } from '../src/cli/api.ts'
import { readConfig } from '../src/config.ts'
import { instant } from '../src/elevation/ids.ts'
import { startBroker } from '../src/main.ts'
import { type Sandbox, startSandbox } from '../src/sandbox/main.ts'
import { shippedPolicies } from './place.ts'

export type ConsoleScene = {
  readonly sandbox: Sandbox
  /** scheme, host and port */
  readonly origin: string
  /** where the policies lie, to be edited */
  readonly policies: string
  readonly reload: () => Promise<unknown>
  /** by so many seconds */
  readonly advance: (length: number) => void
  readonly lines: readonly string[]
}

export const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address !== 'object') throw new Error('no port')
  return address.port
}

export type Signing = {
  readonly issuer: string
  readonly clientId: string
  readonly secret: string
  readonly more?: string
}

/** A seeded sandbox and a broker with the console, until the test is over. */
export const startConsole = async (
  t: Pick<Test, 'teardown'>,
  { port, signing }: { readonly port?: number; readonly signing?: Signing } = {}
): Promise<ConsoleScene> => {
  let moved = 0
  const lines: string[] = []
  const clock = { now: () => instant(Date.now() + moved) }
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-console-'))
  const policies = join(folder, 'policies')
  cpSync(shippedPolicies, policies, { recursive: true })
  const rules = join(policies, 'rules/claims.yaml')
  const written = readFileSync(rules, 'utf8')
    .replace('mode: credentials', 'mode: brokered')
    .replace('quorum: 1, within: 2h }', 'quorum: 1, within: 2h, signIn: { within: 5m } }')
  writeFileSync(rules, written)
  const sandbox = await startSandbox({ clockControl: false, seed: true, now: () => new Date(clock.now()) })
  t.teardown(async () => {
    await sandbox.close()
    rmSync(folder, { recursive: true })
  })
  const at = port ?? (await freePort())
  const origin = `http://127.0.0.1:${at}`
  const read = readConfig({
    SALLYPORT_PORT: String(at),
    SALLYPORT_OPS_PORT: '0',
    SALLYPORT_DATA_DIR: join(folder, 'data'),
    SALLYPORT_POLICIES: policies,
    SALLYPORT_OIDC_ISSUER: signing?.issuer ?? sandbox.issuer,
    SALLYPORT_CONSOLE_URL: `${origin}/console`,
    SALLYPORT_CONSOLE_CLIENT_ID: signing?.clientId ?? 'sallyport-console',
    ...(signing === undefined ? {} : { SALLYPORT_CONSOLE_CLIENT_SECRET: signing.secret }),
    ...(signing?.more === undefined ? {} : { SALLYPORT_CONSOLE_MORE_ISSUERS: signing.more }),
    AWS_ENDPOINT_URL: sandbox.endpoint,
    SALLYPORT_BROKER_ROLE_ARN: `arn:aws:iam::${sandbox.account}:role/sallyport-broker`
  })
  if (!read.ok) throw new Error(read.problems.join('; '))
  const broker = await startBroker(read.config, {
    logger: pino({ level: 'info' }, { write: (line) => void lines.push(line) }),
    aws: { credentials: async () => sandbox.keys.broker },
    clock,
    timing: { leaseSeconds: 30, settleSeconds: 1 },
    limits: { perPerson: 1_000_000, perAddress: 1_000_000 }
  })
  t.teardown(() => broker.close())
  if (signing === undefined) await readyToCheck(origin, sandbox.issuer)
  return {
    sandbox,
    origin,
    policies,
    reload: broker.reload,
    lines,
    advance: (length) => {
      moved += length * 1000
    }
  }
}

/** The thread that checks queries starts with the first of them, which may take longer than it waits. */
const readyToCheck = async (origin: string, issuer: string): Promise<void> => {
  const body = new URLSearchParams({ person: 'alice' })
  const token = objectOf(await (await fetch(`${issuer}/token`, { method: 'POST', body })).json())['access_token']
  const caller = api({ SALLYPORT_URL: origin, SALLYPORT_TOKEN: text(token) })
  const asked = { target: 'claims-pii', sql: 'SELECT count(*) FROM claims.claims' }
  for (let tries = 0; tries < 10; tries++) {
    if ((await caller.post('/v1/check-query', asked)).ok) return
  }
}

export type Answer = {
  readonly status: number
  readonly text: string
  readonly headers: Headers
  readonly url: string
}

export type Visitor = {
  /** follows redirects of our own; `to` is a path or a whole address */
  readonly get: (to: string) => Promise<Answer>
  readonly once: (to: string, headers?: Readonly<Record<string, string>>) => Promise<Answer>
  /** with the token of the session, as a form of a page of ours sends it */
  readonly post: (
    to: string,
    fields?: Readonly<Record<string, string>>,
    headers?: Readonly<Record<string, string>>
  ) => Promise<Answer>
  readonly signIn: (person: string, backTo?: string) => Promise<Answer>
  readonly csrf: () => Promise<string>
  /** of the console's origin */
  readonly cookies: Map<string, string>
  readonly call: (to: string, init?: RequestInit) => Promise<Answer>
}

/** A browser as far as cookies, redirects and Fetch Metadata go. */
export const visitor = (origin: string): Visitor => {
  const jars = new Map<string, Map<string, string>>()
  const jarOf = (of: string): Map<string, string> => {
    const jar = jars.get(of) ?? new Map<string, string>()
    jars.set(of, jar)
    return jar
  }
  const call = async (to: string, init: RequestInit = {}): Promise<Answer> => {
    const url = new URL(to, origin)
    const jar = jarOf(url.origin)
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
    const headers = new Headers(init.headers)
    if (cookie !== '' && !headers.has('cookie')) headers.set('cookie', cookie)
    const answer = await fetch(url, { ...init, headers, redirect: 'manual' })
    for (const set of answer.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(set) ?? []
      if (name === undefined || value === undefined) continue
      if (value === '') jar.delete(name)
      else jar.set(name, value)
    }
    return { status: answer.status, text: await answer.text(), headers: answer.headers, url: url.href }
  }
  const once = (to: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> =>
    call(to, { headers: { accept: 'text/html', ...headers } })
  const get = async (to: string): Promise<Answer> => {
    let answer = await once(to)
    for (let hop = 0; hop < 8 && answer.status === 303; hop++) {
      answer = await once(new URL(answer.headers.get('location') ?? '', answer.url).href)
    }
    return answer
  }
  const csrf = async (): Promise<string> => {
    const { text } = await get('/console/sessions')
    return /name="csrf" value="([^"]+)"/.exec(text)?.[1] ?? ''
  }
  return {
    get,
    once,
    cookies: jarOf(origin),
    call,
    csrf,
    post: async (to, fields = {}, headers = {}) =>
      call(to, {
        method: 'POST',
        headers: { accept: 'text/html', 'sec-fetch-site': 'same-origin', origin: 'null', ...headers },
        body: new URLSearchParams({ csrf: await csrf(), ...fields })
      }),
    signIn: async (person, backTo = '/console') => {
      const chosen = await get(`/console/sign-in/start?issuer=0&back=${encodeURIComponent(backTo)}`)
      return get(`${chosen.url}&person=${person}`)
    }
  }
}
