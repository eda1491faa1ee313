/**
 * One scan of an account: every question goes through its service's budget, is asked again where
 * AWS throttles or does not answer, and leaves a gap where it stays without an answer. Nothing AWS
 * says is thrown; only the caller's own abort is.
 */
import type { Gap } from '../posture/facts.ts'
import { inTime } from './answer.ts'
import { type Service, type Timing, backOff, rates, tokenBucket } from './posture-budget.ts'

export type Question<T> = {
  /** `athena:GetWorkGroup` */
  readonly call: `${Service}:${string}`
  /** ARN or name that is asked about; null = the whole listing */
  readonly resource: string | null
  readonly send: (options: { readonly abortSignal: AbortSignal }) => Promise<T>
  /** an error that is an answer: there is no such thing */
  readonly absent?: (code: string, message: string) => boolean
}

export type Answer<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly isAbsent: boolean }

export type Progress = {
  readonly service: Service
  readonly done: number
  /** null = not yet known */
  readonly total: number | null
}

export type Scan = {
  readonly ask: <T>(question: Question<T>) => Promise<Answer<T>>
  /** so far; what could not be learned by asking is added by whoever noticed */
  readonly gaps: Gap[]
  /** so many more of the service's questions are known of */
  readonly expect: (service: Service, more: number) => void
  readonly did: (service: Service) => void
  /** what a page may hold: AWS's most, or less */
  readonly page: (most: number) => number
}

export type ScanOptions = {
  readonly signal: AbortSignal
  readonly timing: Timing
  readonly progress?: (progress: Progress) => void
  /** the most entries that a page is asked for; absent = what AWS allows */
  readonly mostPerPage?: number
}

const mostThrottled = 10
const mostUnanswered = 4
/** So many questions in a row that nobody answers are the service's, not the questions' own. */
const mostInARow = 3

export const startScan = (options: ScanOptions): Scan => {
  const { signal, timing, progress = () => undefined, mostPerPage = Infinity } = options
  const gaps: Gap[] = []
  const buckets = new Map<Service, ReturnType<typeof tokenBucket>>()
  const down = new Map<Service, Failure>()
  const inARow = new Map<Service, number>()
  const counts = new Map<Service, { done: number; total: number | null }>()
  const bucketOf = (service: Service) => {
    const bucket = buckets.get(service) ?? tokenBucket(rates[service], timing)
    buckets.set(service, bucket)
    return bucket
  }
  const count = (service: Service, done: number, more: number | null): void => {
    const { done: before, total } = counts.get(service) ?? { done: 0, total: null }
    const now = { done: before + done, total: more === null ? total : (total ?? 0) + more }
    counts.set(service, now)
    progress({ service, ...now })
  }
  const isDown = (service: Service, kind: Failure['kind']): boolean => {
    switch (kind) {
      case 'nobody':
        return true
      case 'unanswered':
        inARow.set(service, (inARow.get(service) ?? 0) + 1)
        return (inARow.get(service) ?? 0) >= mostInARow
      case 'refused':
        inARow.delete(service)
        return false
      case 'throttled':
        return false
    }
  }
  const missing = <T>(question: Question<T>, { code, message }: Failure): Answer<T> => {
    gaps.push({ call: question.call, resource: question.resource, code, message })
    return { ok: false, isAbsent: false }
  }

  return {
    gaps,
    page: (most) => Math.min(most, mostPerPage),
    expect: (service, more) => count(service, 0, more),
    did: (service) => count(service, 1, null),
    ask: async (question) => {
      const service = serviceOf(question.call)
      const bucket = bucketOf(service)
      for (let tries = 1; ; tries++) {
        const gone = down.get(service)
        if (gone) return missing(question, gone)
        await bucket.take(signal)
        signal.throwIfAborted()
        const answer = await send(question, signal)
        if (answer.ok) {
          inARow.delete(service)
          return answer
        }
        const { failure } = answer
        if (question.absent?.(failure.code, failure.message)) return { ok: false, isAbsent: true }
        if (tries >= mostTries(failure.kind)) {
          if (isDown(service, failure.kind)) down.set(service, failure)
          return missing(question, failure)
        }
        const milliseconds = backOff(tries, timing.random)
        bucket.pause(milliseconds)
        await timing.wait(milliseconds, signal)
      }
    }
  }
}

const mostTries = (kind: Failure['kind']): number => {
  switch (kind) {
    case 'throttled':
      return mostThrottled
    case 'unanswered':
      return mostUnanswered
    case 'nobody':
    case 'refused':
      return 1
  }
}

export type Failure = {
  /** `nobody`: AWS does not know, or no longer knows, who asks */
  readonly kind: 'throttled' | 'unanswered' | 'nobody' | 'refused'
  readonly code: string
  readonly message: string
}

type Sent<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly failure: Failure }

const send = async <T>(question: Question<T>, signal: AbortSignal): Promise<Sent<T>> => {
  try {
    const value = await inTime((late) =>
      question.send({ abortSignal: AbortSignal.any([signal, late]) })
    )
    return { ok: true, value }
  } catch (error) {
    signal.throwIfAborted()
    return { ok: false, failure: failureOf(error) }
  }
}

const throttling: ReadonlySet<string> = new Set([
  'RequestLimitExceeded',
  'RequestThrottled',
  'RequestThrottledException',
  'SlowDown',
  'Throttling',
  'ThrottlingException',
  'ThrottledException',
  'TooManyRequestsException'
])

const nobodys: ReadonlySet<string> = new Set([
  'CredentialsProviderError',
  'ExpiredToken',
  'ExpiredTokenException',
  'InvalidAccessKeyId',
  'InvalidClientTokenId',
  'InvalidSignatureException',
  'SignatureDoesNotMatch',
  'TokenRefreshRequired',
  'UnrecognizedClientException'
])

/** Told apart by name and status: `instanceof` fails where two copies of an SDK are loaded. */
const failureOf = (error: unknown): Failure => {
  const name = error instanceof Error && /^[A-Za-z.]{1,64}$/.test(error.name) ? error.name : 'Error'
  const status = statusOf(error)
  if (nobodys.has(name)) {
    // such an error can quote the signed request
    return { kind: 'nobody', code: name, message: 'AWS does not accept these credentials.' }
  }
  const code = status === null ? (systemCode(error) ?? name) : name
  const message = status === null ? 'AWS did not answer.' : messageOf(error)
  if (throttling.has(name) || status === 429) return { kind: 'throttled', code, message }
  const isRefused = status !== null && status >= 400 && status < 500 && name !== 'RequestTimeout'
  return { kind: isRefused ? 'refused' : 'unanswered', code, message }
}

const statusOf = (error: unknown): number | null => {
  if (typeof error !== 'object' || error === null || !('$metadata' in error)) return null
  const metadata = error.$metadata
  if (typeof metadata !== 'object' || metadata === null) return null
  return 'httpStatusCode' in metadata && typeof metadata.httpStatusCode === 'number'
    ? metadata.httpStatusCode
    : null
}

/** `ECONNREFUSED` and the like. */
const systemCode = (error: unknown): string | null =>
  typeof error === 'object' &&
  error !== null &&
  'code' in error &&
  typeof error.code === 'string' &&
  /^E[A-Z_]{2,32}$/.test(error.code)
    ? error.code
    : null

/** The first line, without control characters; later ones can quote a request. */
const messageOf = (error: unknown): string => {
  const [line = ''] = error instanceof Error ? error.message.split(/[\r\n]/) : []
  return line.replace(/\p{Cc}/gu, '').slice(0, 400)
}

const serviceOf = (call: `${Service}:${string}`): Service => {
  const [service] = call.split(':')
  switch (service) {
    case 'athena':
    case 'kms':
    case 'iam':
    case 'glue':
    case 's3':
      return service
    case undefined:
  }
  throw new Error(`no service of ${call}`)
}
