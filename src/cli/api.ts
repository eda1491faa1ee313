/**
 * The broker's HTTP API as the CLI calls it. A refusal is a problem document (RFC 9457) whose code
 * gives the exit code; no answer at all is exit 69.
 */
import { isProblemCode, problemKinds } from '../broker/refusals.ts'
import { type ExitCode, exits } from './exit.ts'
import { type Terminal, paint, plain } from './terminal.ts'
import { cachedBearer } from './token-cache.ts'

export type Api = {
  readonly get: (path: string) => Promise<Answer>
  readonly post: (
    path: string,
    body?: object,
    headers?: Readonly<Record<string, string>>
  ) => Promise<Answer>
}

/** For what is taken away again. */
export type TakingApi = Api & { readonly delete: (path: string, body: object) => Promise<Answer> }

export type Json = Readonly<Record<string, unknown>>

export type Refused = {
  readonly ok: false
  readonly exit: ExitCode
  readonly problem: Json
  /** seconds after which trying again may help, where the broker says so */
  readonly retryAfter?: number
}

export type Answer = { readonly ok: true; readonly body: Json } | Refused

/** For answers that are files, byte for byte. */
export type FileApi = Api & {
  readonly bytes: (
    path: string
  ) => Promise<{ readonly ok: true; readonly bytes: Uint8Array } | Refused>
}

/** For queries: their rows are handed on as they come. */
export type QueryApi = Api & {
  /** null = all of it was written, or the signal stopped it */
  readonly pour: (path: string, into: Pouring) => Promise<Refused | null>
}

export type Pouring = {
  /** media type that is asked for */
  readonly accept: string
  /** resolved when more may come */
  readonly write: (bytes: Uint8Array) => Promise<void>
  readonly signal: AbortSignal
}

type Read<T> = (response: Response) => Promise<T>

type Init = {
  readonly method: string
  readonly body?: string
  readonly headers?: Readonly<Record<string, string>>
  /** instead of the usual deadline */
  readonly signal?: AbortSignal
}

const callDeadlineMs = 30_000

/**
 * `SALLYPORT_URL` (default http://127.0.0.1:8080) and `SALLYPORT_TOKEN`; the token is never
 * printed.
 */
export const api = (
  env: Readonly<Record<string, string | undefined>>
): FileApi & QueryApi & TakingApi => {
  const call = async <T>(path: string, init: Init, read: Read<T>): Promise<T | Refused> => {
    const base = env['SALLYPORT_URL'] ?? 'http://127.0.0.1:8080'
    const token = env['SALLYPORT_TOKEN'] || (await signedIn(env, base))
    if (!token) {
      const detail = 'Run sallyport login, or set SALLYPORT_TOKEN to a bearer token.'
      return {
        ok: false,
        exit: exits.config,
        problem: { code: 'no_token', title: 'No token', detail }
      }
    }
    const headers = { ...init.headers, authorization: `Bearer ${token}` }
    const signal = init.signal ?? AbortSignal.timeout(callDeadlineMs)
    try {
      const url = new URL(path, base)
      const response = await fetch(url, { ...init, headers, signal, redirect: 'error' })
      if (response.ok) return await read(response)
      const problem = objectOf(await response.json())
      const wait = Number(response.headers.get('retry-after') ?? Number.NaN)
      const retry = Number.isSafeInteger(wait) ? { retryAfter: wait } : {}
      return { ok: false, exit: exitOf(problem), problem, ...retry }
    } catch {
      const detail = `No answer from ${plain(base)}. Is the broker running, and SALLYPORT_URL right?`
      const problem = { code: 'unreachable', title: 'The broker cannot be reached', detail }
      return { ok: false, exit: exits.unavailable, problem }
    }
  }
  const document = async (response: Response): Promise<Answer> => ({
    ok: true,
    body: objectOf(await response.json())
  })
  return {
    get: (path) => call(path, { method: 'GET' }, document),
    bytes: (path) =>
      call(path, { method: 'GET' }, async (response) => ({
        ok: true as const,
        bytes: new Uint8Array(await response.arrayBuffer())
      })),
    pour: (path, { accept, write, signal }) =>
      call(path, { method: 'GET', headers: { accept }, signal }, (response) =>
        poured(response, write)
      ),
    delete: (path, body) =>
      call(
        path,
        {
          method: 'DELETE',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(body)
        },
        document
      ),
    post: (path, body, headers) =>
      call(
        path,
        {
          method: 'POST',
          headers: body ? { 'content-type': 'application/json', ...headers } : { ...headers },
          ...(body ? { body: JSON.stringify(body) } : {})
        },
        document
      )
  }
}

/** The token of `login`; the provider is asked only where it has to be renewed. */
const signedIn = (
  env: Readonly<Record<string, string | undefined>>,
  broker: string
): Promise<string | null> =>
  cachedBearer(env, broker, {
    now: Date.now(),
    renew: async (token) => (await import('./login.ts')).renewed(token)
  })

/** A body that ends before its end is no answer: what was written is not all there is. */
const poured = async (response: Response, write: Pouring['write']): Promise<Refused | null> => {
  if (response.body === null) return null
  try {
    for await (const bytes of response.body) await write(bytes)
    return null
  } catch {
    const detail = 'The answer broke off: what was written is not all of it.'
    const problem = { code: 'broken_off', title: 'The rows did not come whole', detail }
    return { ok: false, exit: exits.unavailable, problem }
  }
}

/** Tells a refusal on stderr, every reason with it, and gives the exit code. */
export const tell = (to: Terminal, answer: Refused): ExitCode => {
  if (to.json) {
    to.err(JSON.stringify(answer.problem))
    return answer.exit
  }
  const { title, detail, code, reasons } = answer.problem
  to.err(`${paint(to, 'red', plain(text(title)))}: ${plain(text(detail))} (${plain(text(code))})`)
  for (const reason of Array.isArray(reasons) ? reasons : []) {
    to.err(`  - ${plain(text(objectOf(reason)['message']))}`)
  }
  return answer.exit
}

/** A field of an answer as text; empty where it has none. */
export const text = (value: unknown): string =>
  typeof value === 'string' ? value : typeof value === 'number' ? String(value) : ''

export const objectOf = (value: unknown): Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {}

const exitOf = (problem: Json): ExitCode => {
  const code = text(problem['code'])
  return isProblemCode(code) ? problemKinds[code].exit : exits.refused
}
