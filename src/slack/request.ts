/**
 * The body of a signed request, read strictly: JSON for events, a form for commands and for
 * interactions, whose `payload` is JSON. Refuses a field that occurs twice, invalid UTF-8 and
 * whatever has not the shape that is dispatched by. No URL to answer at is let through: answers go
 * out through the Web API alone.
 */
import { Type } from 'typebox'
import { Value } from 'typebox/value'

export type Incoming =
  | { readonly kind: 'dispatch'; readonly body: Record<string, unknown> }
  /** Slack asks whether this is ours; the answer repeats the text */
  | { readonly kind: 'challenge'; readonly challenge: string }
  /** Slack looks at the certificate only */
  | { readonly kind: 'ssl_check' }
  | { readonly kind: 'unreadable' }

/** Reads the bytes by their media type; they are signed, yet parsed as if they were not. */
export const readRequest = (mediaType: string | undefined, bytes: Uint8Array): Incoming => {
  const [type = ''] = (mediaType ?? '').split(';', 1)
  try {
    const text = utf8.decode(bytes)
    switch (type.trim().toLowerCase()) {
      case 'application/json':
        return readEvent(JSON.parse(text))
      case 'application/x-www-form-urlencoded':
        return readForm(new URLSearchParams(text))
      default:
        return unreadable
    }
  } catch {
    return unreadable
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const unreadable: Incoming = { kind: 'unreadable' }
const id = Type.String({ pattern: '^[A-Z0-9]{2,32}$' })

const EventBody = Type.Object({
  type: Type.Literal('event_callback'),
  event: Type.Object({ type: Type.String() })
})
const ChallengeBody = Type.Object({
  type: Type.Literal('url_verification'),
  challenge: Type.String({ minLength: 1, maxLength: 256 })
})
const CommandBody = Type.Object({ command: Type.String(), user_id: id, team_id: Type.String() })
const InteractionBody = Type.Object({
  type: Type.String(),
  user: Type.Object({ id }),
  team: Type.Optional(Type.Union([Type.Null(), Type.Object({ id: Type.String() })]))
})

const readEvent = (value: unknown): Incoming => {
  if (Value.Check(ChallengeBody, value)) return { kind: 'challenge', challenge: value.challenge }
  return Value.Check(EventBody, value) ? dispatched(value) : unreadable
}

const readForm = (form: URLSearchParams): Incoming => {
  const names = [...form.keys()]
  if (new Set(names).size < names.length) return unreadable
  const fields = Object.fromEntries(form)
  const payload = form.get('payload')
  if (payload !== null) {
    const value: unknown = names.length === 1 ? JSON.parse(payload) : null
    return Value.Check(InteractionBody, value) ? dispatched(value) : unreadable
  }
  if (Value.Check(CommandBody, fields)) return dispatched(fields)
  return form.get('ssl_check') === '1' ? { kind: 'ssl_check' } : unreadable
}

/** Without the addresses at which anybody who has seen them may speak as the app. */
const dispatched = (value: object): Incoming => {
  const entries: readonly (readonly [string, unknown])[] = Object.entries(value)
  const body = Object.fromEntries(entries.filter(([name]) => !answerable.has(name)))
  return { kind: 'dispatch', body }
}

const answerable = new Set(['response_url', 'response_urls'])
