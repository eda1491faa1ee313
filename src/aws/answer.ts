/**
 * One AWS call: its deadline, and its outcome in a closed set. Errors are told apart by `err.name`
 * (`instanceof` fails where two copies of an SDK are loaded), and nothing of a request or response
 * but the error's name and request id goes on, so no credential can reach a log.
 */
import type { AwsAnswer, AwsErrorKind } from '../ports.ts'
import { listening } from './listening.ts'

/** Whole call, retries included. */
const callDeadlineMs = 10_000

/** Where AWS is and who calls; what is absent comes from the environment, as in every SDK. */
export type AwsSettings = {
  readonly endpoint?: string
  readonly credentials?: () => Promise<{
    readonly accessKeyId: string
    readonly secretAccessKey: string
    readonly sessionToken?: string
  }>
  /** hears the time of every answer of AWS, errors included */
  readonly heard?: (time: AwsTime) => void
}

/**
 * What an answer's `Date` says, in epoch milliseconds, a whole second; between two monotonic
 * instants.
 */
export type AwsTime = { readonly date: number; readonly sent: number; readonly got: number }

/** Client settings shared by every service: connect and response 3 s each, three tries. */
export const clientSettings = ({ heard, ...settings }: AwsSettings, region: string) => ({
  ...settings,
  region,
  extensions: heard ? [listening(heard)] : [],
  maxAttempts: 3,
  retryMode: 'adaptive',
  requestHandler: { connectionTimeout: 3000, requestTimeout: 3000, throwOnRequestTimeout: true }
})

/** Sends, and turns what comes back into an answer. `action` is `service:Operation`. */
export const ask = async <T>(
  action: string,
  send: (options: { readonly abortSignal: AbortSignal }) => Promise<T>
): Promise<AwsAnswer<T>> => {
  try {
    return { ok: true, value: await inTime((abortSignal) => send({ abortSignal })) }
  } catch (error) {
    return { ok: false, action, ...described(error) }
  }
}

/**
 * Runs a call with the signal that ends it at its deadline. The timer ends with the call: a signal of
 * `AbortSignal.timeout` would keep each request and its answer until the deadline.
 */
export const inTime = async <T>(run: (abortSignal: AbortSignal) => Promise<T>): Promise<T> => {
  const deadline = new AbortController()
  const end = () => deadline.abort(new DOMException('no answer in time', 'TimeoutError'))
  const timer = setTimeout(end, callDeadlineMs)
  timer.unref()
  try {
    return await run(deadline.signal)
  } finally {
    clearTimeout(timer)
  }
}

const kinds: Readonly<Record<string, AwsErrorKind>> = {
  AccessDenied: 'denied',
  AccessDeniedException: 'denied',
  ExpiredToken: 'denied',
  ExpiredTokenException: 'denied',
  InvalidClientTokenId: 'denied',
  UnrecognizedClientException: 'denied',
  SignatureDoesNotMatch: 'denied',
  CredentialsProviderError: 'denied',
  PackedPolicyTooLarge: 'too_large',
  PackedPolicyTooLargeException: 'too_large',
  MalformedPolicyDocument: 'invalid',
  MalformedPolicyDocumentException: 'invalid',
  ValidationError: 'invalid',
  ValidationException: 'invalid',
  InvalidArnException: 'invalid',
  InvalidRequestException: 'invalid',
  InvalidInputException: 'invalid',
  GlueEncryptionException: 'invalid',
  LimitExceededException: 'invalid',
  LimitExceeded: 'invalid',
  DisabledException: 'invalid',
  KMSInvalidStateException: 'invalid',
  NotFoundException: 'not_found',
  EntityNotFoundException: 'not_found',
  NoSuchEntity: 'not_found',
  NoSuchEntityException: 'not_found',
  InvalidGrantIdException: 'not_found',
  Throttling: 'throttled',
  ThrottlingException: 'throttled',
  TooManyRequestsException: 'throttled',
  RequestLimitExceeded: 'throttled'
}

/** What is not known counts as `unavailable`: it may or may not have happened. */
const described = (
  error: unknown
): { readonly kind: AwsErrorKind; readonly name: string; readonly requestId: string | null } => {
  const name = error instanceof Error && /^[A-Za-z.]{1,64}$/.test(error.name) ? error.name : 'Error'
  return { kind: kinds[name] ?? 'unavailable', name, requestId: requestIdOf(error) }
}

const requestIdOf = (error: unknown): string | null => {
  if (typeof error !== 'object' || error === null || !('$metadata' in error)) return null
  const metadata = error.$metadata
  if (typeof metadata !== 'object' || metadata === null || !('requestId' in metadata)) return null
  return typeof metadata.requestId === 'string' ? metadata.requestId : null
}
