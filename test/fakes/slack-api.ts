/**
 * Slack's Web API on 127.0.0.1, as far as the app calls it: it keeps messages, knows users and
 * channels, records every call, and fails as it is told. Users have the facts that decide whom to
 * believe: guests, bots, strangers, other teams, deactivated.
 */
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export type SlackCall = {
  readonly method: string
  readonly args: Readonly<Record<string, string>>
  /** epoch milliseconds by `now` */
  readonly at: number
}

export type SlackFailure =
  | { readonly kind: 'limited'; readonly seconds: number }
  | { readonly kind: 'status'; readonly status: number }
  | { readonly kind: 'error'; readonly error: string }
  /** never answers; the connection ends with the server */
  | { readonly kind: 'hang' }
  /** a page of a proxy */
  | { readonly kind: 'page' }
  /** does what was asked, then fails as if it had not */
  | { readonly kind: 'lost' }

export type SlackFact = {
  readonly team_id?: string
  readonly deleted?: boolean
  readonly is_bot?: boolean
  readonly is_restricted?: boolean
  readonly is_ultra_restricted?: boolean
  readonly is_stranger?: boolean
  readonly is_email_confirmed?: boolean
  readonly profile?: { readonly email?: string; readonly display_name?: string }
}

export type ShownMessage = {
  readonly ts: string
  readonly text: string
  readonly blocks: readonly Record<string, unknown>[]
  readonly metadata: { readonly event_payload?: { readonly elevation?: string; readonly key?: string } }
  /** how often it was edited */
  readonly edits: number
}

export type SlackApi = {
  /** ends in `/api/` */
  readonly url: string
  readonly calls: readonly SlackCall[]
  /** what a reader of the channel sees, in order; of a user, the conversation with the app */
  readonly shown: (place: string) => readonly ShownMessage[]
  /** ids of channels and conversations that have messages */
  readonly places: () => readonly string[]
  readonly remove: (place: string, ts: string) => void
  /** the next `times` calls of the method (`*`: of any) fail, those that `where` says */
  readonly fail: (
    method: string,
    failure: SlackFailure,
    more?: {
      readonly times?: number
      readonly where?: (args: Readonly<Record<string, string>>) => boolean
    }
  ) => void
  /** forgets what was to fail */
  readonly heal: () => void
  readonly close: () => Promise<void>
}

type Rule = {
  readonly method: string
  readonly failure: SlackFailure
  readonly where: (args: Readonly<Record<string, string>>) => boolean
  times: number
}

const no = (error: string) => ({ ok: false, error })

const conversationOf = (user: string) => `D${user.slice(1)}`

const contentOf = (args: Readonly<Record<string, string>>) => ({
  text: args['text'] ?? '',
  blocks: JSON.parse(args['blocks'] ?? '[]') as ShownMessage['blocks'],
  metadata: JSON.parse(args['metadata'] ?? '{}') as ShownMessage['metadata']
})

const send = (response: ServerResponse, status: number, body: object | string, headers = {}) => {
  const isText = typeof body === 'string'
  response.writeHead(status, {
    'content-type': isText ? 'text/html' : 'application/json',
    ...headers
  })
  response.end(isText ? body : JSON.stringify(body))
}

const failAs = (response: ServerResponse, failure: SlackFailure): void => {
  switch (failure.kind) {
    case 'limited':
      return send(response, 429, no('ratelimited'), { 'retry-after': String(failure.seconds) })
    case 'status':
      return send(response, failure.status, 'upstream')
    case 'error':
      return send(response, 200, no(failure.error))
    case 'hang':
      return
    case 'page':
      return send(response, 200, '<html>Sign in to the proxy</html>')
    case 'lost':
      return send(response, 502, 'upstream')
  }
}

export const fixtureToken = 'xoxb-000000000000-fixture'

/** `users`: by id; `channels`: those the app is in. */
export const startSlackApi = async (given: {
  readonly team: string
  readonly users: Readonly<Record<string, SlackFact>>
  readonly channels: readonly string[]
  readonly now?: () => number
}): Promise<SlackApi> => {
  const calls: SlackCall[] = []
  const rules: Rule[] = []
  const messages = new Map<string, ShownMessage[]>(given.channels.map((id) => [id, []]))
  let count = 0

  const roomOf = (place = '') => messages.get(place.startsWith('U') ? conversationOf(place) : place)

  const methods: Readonly<Record<string, (args: Readonly<Record<string, string>>) => object>> = {
    'auth.test': () => ({ ok: true, team_id: given.team, user_id: 'UBOT', bot_id: 'BBOT' }),
    'chat.postMessage': (args) => {
      const { channel = '' } = args
      const room = roomOf(channel)
      if (room === undefined) return no('channel_not_found')
      const content = contentOf(args)
      if (content.text === '' && content.blocks.length === 0) return no('no_text')
      if (content.blocks.length > 50) return no('invalid_blocks')
      const ts = `17000000${String(++count).padStart(2, '0')}.000100`
      room.push({ ts, edits: 0, ...content })
      return { ok: true, channel, ts, message: { text: content.text } }
    },
    'chat.update': (args) => {
      const { channel = '', ts = '' } = args
      const room = messages.get(channel)
      if (room === undefined) return no('channel_not_found')
      const at = room.findIndex((one) => one.ts === ts)
      const old = room[at]
      if (old === undefined) return no('message_not_found')
      room[at] = { ...old, ...contentOf(args), edits: old.edits + 1 }
      return { ok: true, channel, ts, text: args['text'] }
    },
    'chat.postEphemeral': ({ channel = '', user = '' }) => {
      if (roomOf(channel) === undefined) return no('channel_not_found')
      return given.users[user] ? { ok: true, message_ts: '1700000000.000001' } : no('user_not_in_channel')
    },
    'conversations.open': ({ users: user = '' }) => {
      const known = given.users[user]
      if (known === undefined) return no('user_not_found')
      if (known.deleted) return no('user_disabled')
      const id = conversationOf(user)
      if (!messages.has(id)) messages.set(id, [])
      return { ok: true, channel: { id } }
    },
    'users.info': ({ user: id = '' }) => {
      const known = given.users[id]
      if (known === undefined) return no('user_not_found')
      return { ok: true, user: { id, team_id: given.team, deleted: false, is_bot: false, ...known } }
    },
    'views.open': () => ({ ok: true, view: { id: `V${++count}`, hash: 'h1' } }),
    'views.update': ({ view_id: id }) => ({ ok: true, view: { id, hash: 'h2' } }),
    'views.publish': () => ({ ok: true, view: { id: `V${++count}`, hash: 'h1' } })
  }

  const server = createServer((request, response) => {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', () => {
      const method = (request.url ?? '').replace(/^\/api\//, '')
      const { token, ...args } = Object.fromEntries(new URLSearchParams(String(Buffer.concat(parts))))
      calls.push({ method, args, at: (given.now ?? Date.now)() })
      const bearer = request.headers.authorization?.replace(/^Bearer /, '') ?? token
      if (bearer !== fixtureToken) return send(response, 200, no('invalid_auth'))
      const rule = rules.find(
        (one) => one.times > 0 && [method, '*'].includes(one.method) && one.where(args)
      )
      const run = methods[method]
      if (rule !== undefined) {
        rule.times -= 1
        if (rule.failure.kind === 'lost') run?.(args)
        return failAs(response, rule.failure)
      }
      return send(response, 200, run ? run(args) : no('unknown_method'))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo

  return {
    url: `http://127.0.0.1:${port}/api/`,
    calls,
    shown: (place) => roomOf(place) ?? [],
    places: () => [...messages].flatMap(([id, room]) => (room.length > 0 ? [id] : [])),
    remove: (place, ts) => {
      const room = roomOf(place) ?? []
      room.splice(0, room.length, ...room.filter((one) => one.ts !== ts))
    },
    fail: (method, failure, { times = Infinity, where = () => true } = {}) => {
      rules.push({ method, failure, times, where })
    },
    heal: () => {
      rules.length = 0
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      })
  }
}
