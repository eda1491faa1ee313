/**
 * Slack's Web API behind closed answers (docs.slack.dev/apis/web-api). Every call is made once and
 * within 8 seconds; whoever calls decides about another try. What Slack answers is checked before
 * it is believed, and no answer holds a token or a message.
 */
import {
  type Logger,
  LogLevel,
  type UsersInfoResponse,
  WebAPIHTTPError,
  WebAPIPlatformError,
  WebAPIRateLimitedError,
  WebAPIRequestError,
  WebClient
} from '@slack/web-api'
import type { Home, Message, Modal } from './limits.ts'

/** Why a call did not do what it should. `code` is Slack's word or a name of ours, never a text. */
export type SlackFault =
  /** not before so many seconds from now */
  | { readonly kind: 'limited'; readonly code: 'ratelimited'; readonly seconds: number }
  /** Slack could not be reached, was too slow or broken: it may or may not have been done */
  | { readonly kind: 'unavailable'; readonly code: string }
  /** the app is not let in: token, scope or installation; nothing was done */
  | { readonly kind: 'not_allowed'; readonly code: string }
  /** Slack's no to this very call: nothing was done, and nothing will be as it stands */
  | { readonly kind: 'refused'; readonly code: string }

export type SlackAnswer<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly fault: SlackFault }

/** Where a message is. */
export type Posted = { readonly channel: string; readonly ts: string }

/** Names a message to whoever reads it back; no more than ids. */
export type Mark = { readonly elevation: string; readonly key: string }

/** A Slack account as Slack knows it at this moment. */
export type SlackUser = {
  readonly id: string
  readonly team: string | null
  readonly isDeleted: boolean
  /** an app, a workflow or Slack itself */
  readonly isBot: boolean
  /** single- or multi-channel guest */
  readonly isGuest: boolean
  /** of another organisation, through Slack Connect */
  readonly isStranger: boolean
  /** only where Slack says that it is confirmed */
  readonly email: string | null
}

export type SlackClient = {
  /** The workspace that the token is of. */
  readonly team: () => Promise<SlackAnswer<string>>
  readonly post: (what: {
    readonly channel: string
    readonly message: Message
    /** `ts` of the message in whose thread it is shown; absent = in none */
    readonly thread?: string
    readonly mark: Mark
  }) => Promise<SlackAnswer<Posted>>
  readonly edit: (what: {
    readonly posted: Posted
    readonly message: Message
    readonly mark: Mark
  }) => Promise<SlackAnswer<null>>
  /** Shown to one user only, in a channel the app is in; not kept by Slack. */
  readonly whisper: (what: {
    readonly channel: string
    readonly user: string
    readonly message: Message
  }) => Promise<SlackAnswer<null>>
  /** The id of the user's own conversation with the app. */
  readonly conversation: (user: string) => Promise<SlackAnswer<string>>
  readonly user: (user: string) => Promise<SlackAnswer<SlackUser>>
  /** The id of the view; a trigger is good for 3 seconds and one view. */
  readonly openView: (trigger: string, view: Modal) => Promise<SlackAnswer<string>>
  /** Only where the view is still the one with this hash; null = whatever it is. */
  readonly updateView: (
    at: { readonly id: string; readonly hash: string | null },
    view: Modal
  ) => Promise<SlackAnswer<null>>
  readonly publishHome: (user: string, view: Home) => Promise<SlackAnswer<null>>
}

export type SlackClientOptions = {
  readonly token: string
  /** another Slack's, ending in `/api/`; null = Slack itself */
  readonly apiUrl: string | null
  /** how long a call may take; default 8000 */
  readonly timeoutMs?: number
}

export const makeSlackClient = (options: SlackClientOptions): SlackClient => {
  const web = new WebClient(options.token, {
    ...(options.apiUrl === null ? {} : { slackApiUrl: options.apiUrl }),
    timeout: options.timeoutMs ?? 8000,
    retryConfig: { retries: 0 },
    rejectRateLimitedCalls: true,
    allowAbsoluteUrls: false,
    logger: quiet
  })
  return {
    team: () =>
      ask(
        () => web.auth.test(),
        ({ team_id }) => team_id || unreadable
      ),
    post: ({ channel, message, mark, thread }) =>
      ask(
        () =>
          web.chat.postMessage({
            channel,
            text: message.text,
            blocks: message.blocks,
            metadata: metadataOf(mark),
            ...(thread === undefined ? {} : { thread_ts: thread }),
            unfurl_links: false,
            unfurl_media: false
          }),
        ({ channel: at, ts }) => (at && ts ? { channel: at, ts } : unreadable)
      ),
    edit: ({ posted: { channel, ts }, message: { text, blocks }, mark }) =>
      ask(
        () => web.chat.update({ channel, ts, text, blocks, metadata: metadataOf(mark) }),
        () => null
      ),
    whisper: ({ channel, user, message: { text, blocks } }) =>
      ask(
        () => web.chat.postEphemeral({ channel, user, text, blocks }),
        () => null
      ),
    conversation: (users) =>
      ask(
        () => web.conversations.open({ users }),
        ({ channel }) => channel?.id || unreadable
      ),
    user: (user) =>
      ask(
        () => web.users.info({ user }),
        (answer) => userIn(answer)
      ),
    openView: (trigger, view) =>
      ask(
        () => web.views.open({ trigger_id: trigger, view }),
        (answer) => answer.view?.id || unreadable
      ),
    updateView: ({ id, hash }, view) =>
      ask(
        () => web.views.update({ view_id: id, view, ...(hash === null ? {} : { hash }) }),
        () => null
      ),
    publishHome: (user, view) =>
      ask(
        () => web.views.publish({ user_id: user, view }),
        () => null
      )
  }
}

const unreadable = Symbol('an answer without what it should have')

/** One call, and what is taken from its answer. Never rejects. */
const ask = async <A, T>(
  call: () => Promise<A>,
  read: (answer: A) => T | typeof unreadable
): Promise<SlackAnswer<T>> => {
  try {
    const value = read(await call())
    if (value === unreadable) return { ok: false, fault: unavailable('unreadable_answer') }
    return { ok: true, value }
  } catch (error) {
    return { ok: false, fault: faultOf(error) }
  }
}

const faultOf = (error: unknown): SlackFault => {
  if (error instanceof WebAPIRateLimitedError) return limited(error.retryAfter)
  if (error instanceof WebAPIHTTPError) return unavailable(`http_${error.statusCode}`)
  if (error instanceof WebAPIRequestError) {
    return unavailable(error.original.name === 'TimeoutError' ? 'timeout' : 'unreachable')
  }
  if (error instanceof WebAPIPlatformError) return faultIn(error)
  return unavailable('unreadable_answer')
}

/** The word of `ok: false`; what is not a word, such as a proxy's page, is no answer of Slack's. */
const faultIn = ({ data }: WebAPIPlatformError): SlackFault => {
  const word: unknown = data.error
  if (typeof word !== 'string' || !/^[a-z][a-z0-9_]{1,60}$/.test(word)) {
    return unavailable('unreadable_answer')
  }
  if (word === 'ratelimited' || word === 'rate_limited') {
    return limited(data.response_metadata?.retryAfter ?? 1)
  }
  if (passing.has(word)) return unavailable(word)
  return { kind: notAllowed.has(word) ? 'not_allowed' : 'refused', code: word }
}

const limited = (seconds: number): SlackFault => ({
  kind: 'limited',
  code: 'ratelimited',
  seconds: Math.min(Math.max(seconds, 1), longestLimit)
})

/** A header that says more than an hour is not believed. */
const longestLimit = 3600

const unavailable = (code: string): SlackFault => ({ kind: 'unavailable', code })

/** Common errors of every method that pass by themselves. */
const passing = new Set([
  'fatal_error',
  'internal_error',
  'request_timeout',
  'service_unavailable',
  'team_added_to_org'
])

/** Errors of the token or the installation, the same for every call until an operator acts. */
const notAllowed = new Set([
  'access_denied',
  'ekm_access_denied',
  'enterprise_is_restricted',
  'invalid_auth',
  'missing_scope',
  'no_permission',
  'not_allowed_token_type',
  'not_authed',
  'org_login_required',
  'team_access_not_granted',
  'token_expired',
  'token_revoked',
  'two_factor_setup_required'
])

const userIn = ({ user }: UsersInfoResponse): SlackUser | typeof unreadable => {
  if (!user?.id) return unreadable
  const { is_bot, is_workflow_bot, is_connector_bot, is_restricted, is_ultra_restricted } = user
  return {
    id: user.id,
    team: user.team_id ?? null,
    isDeleted: user.deleted === true,
    isBot: [is_bot, is_workflow_bot, is_connector_bot].includes(true) || user.id === 'USLACKBOT',
    isGuest: [is_restricted, is_ultra_restricted].includes(true),
    isStranger: user.is_stranger === true,
    email: user.is_email_confirmed === true ? (user.profile?.email ?? null) : null
  }
}

const metadataOf = ({ elevation, key }: Mark) => ({
  event_type: 'sallyport_elevation',
  event_payload: { elevation, key }
})

/** The library's own lines hold texts of messages; what matters is in the answers. */
const quiet: Logger = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  setLevel: () => {},
  getLevel: () => LogLevel.ERROR,
  setName: () => {}
}
