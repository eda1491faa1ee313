/**
 * Slack's payloads as the handlers see them: a few named fields, each checked, everything else left
 * behind. Text, channel and names in them decide nothing; an account says only who is to be asked.
 */
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import type { Posted } from './slack-client.ts'

/** Who acted, by the ids Slack gives; a null team is an installation of a whole organisation. */
export type Account = {
  readonly user: string
  /** the workspace it happened in */
  readonly team: string | null
  /** the workspace the account is of, where Slack says so */
  readonly home: string | null
}

export type Command = {
  readonly account: Account
  readonly text: string
  readonly trigger: string
  readonly channel: string
}

export type Shortcut = { readonly account: Account; readonly trigger: string }

/** What is in the fields of a modal, by block and element; a field left empty has no texts. */
export type Fields = ReadonlyMap<string, readonly string[]>

export type OpenView = {
  readonly id: string
  readonly isHome: boolean
  readonly hash: string
  readonly callback: string
  readonly metadata: string
  readonly fields: Fields
}

export type Click = {
  readonly account: Account
  readonly trigger: string | null
  readonly action: string
  readonly value: string | null
  /** where the message with the button is; null in a modal and at home */
  readonly channel: string | null
  /** that message itself, where Slack says which */
  readonly posted: Posted | null
  /** the modal or home the element is in; null in a message */
  readonly view: OpenView | null
}

export type Submission = { readonly account: Account; readonly view: OpenView }

/** Each reads a body that Bolt has routed; null where it is not what Slack documents. */
export const readCommand = (body: unknown): Command | null =>
  Value.Check(CommandBody, body)
    ? {
        account: { user: body.user_id, team: body.team_id, home: null },
        text: body.text ?? '',
        trigger: body.trigger_id,
        channel: body.channel_id
      }
    : null

export const readShortcut = (body: unknown): Shortcut | null =>
  Value.Check(ShortcutBody, body) ? { account: accountOf(body), trigger: body.trigger_id } : null

export const readClick = (body: unknown): Click | null => {
  if (!Value.Check(ClickBody, body)) return null
  const [action] = body.actions
  if (action === undefined) return null
  return {
    account: accountOf(body),
    trigger: body.trigger_id ?? null,
    action: action.action_id,
    value: action.value ?? null,
    channel: body.container?.channel_id ?? body.channel?.id ?? null,
    posted: postedOf(body.container),
    view: body.view === undefined ? null : viewOf(body.view)
  }
}

export const readSubmission = (body: unknown): Submission | null =>
  Value.Check(SubmissionBody, body)
    ? { account: accountOf(body), view: viewOf(body.view) }
    : null

/** The account that opened the home tab; null where it opened another one. */
export const readHomeOpened = (body: unknown): Account | null =>
  Value.Check(HomeOpenedBody, body)
    ? { user: body.event.user, team: body.team_id, home: null }
    : null

/** Who acted and where, of any payload; null where that cannot be read. */
export const readActor = (
  body: unknown
): { readonly account: Account; readonly channel: string | null } | null => {
  const home = readHomeOpened(body)
  const alone = readSubmission(body) ?? readShortcut(body) ?? (home && { account: home })
  return readCommand(body) ?? readClick(body) ?? (alone && { ...alone, channel: null })
}

const id = Type.String({ pattern: '^[A-Z0-9]{2,32}$' })
const text = Type.String({ maxLength: 4000 })
const trigger = Type.String({ minLength: 1, maxLength: 255 })
const option = Type.Object({ value: text })

const Element = Type.Object({
  value: Type.Optional(Type.Union([Type.Null(), text])),
  selected_option: Type.Optional(Type.Union([Type.Null(), option])),
  selected_options: Type.Optional(Type.Array(option, { maxItems: 100 })),
  /** seconds since the epoch */
  selected_date_time: Type.Optional(
    Type.Union([Type.Null(), Type.Integer({ minimum: 0, maximum: 9_999_999_999 })])
  )
})
const View = Type.Object({
  id,
  type: Type.Optional(Type.String()),
  hash: Type.Optional(text),
  callback_id: Type.Optional(Type.String({ maxLength: 255 })),
  private_metadata: Type.Optional(Type.String({ maxLength: 3000 })),
  state: Type.Optional(
    Type.Object({
      values: Type.Record(Type.String(), Type.Record(Type.String(), Element))
    })
  )
})
const who = {
  user: Type.Object({ id, team_id: Type.Optional(Type.String()) }),
  team: Type.Optional(Type.Union([Type.Null(), Type.Object({ id: Type.String() })]))
}
const CommandBody = Type.Object({
  user_id: id,
  team_id: Type.String(),
  text: Type.Optional(text),
  trigger_id: trigger,
  channel_id: id
})
const ShortcutBody = Type.Object({ ...who, trigger_id: trigger })
const Container = Type.Object({
  channel_id: Type.Optional(id),
  message_ts: Type.Optional(Type.String({ pattern: '^[0-9]{1,16}\\.[0-9]{1,8}$' }))
})
const ClickBody = Type.Object({
  ...who,
  trigger_id: Type.Optional(trigger),
  actions: Type.Array(
    Type.Object({ action_id: Type.String({ maxLength: 255 }), value: Type.Optional(text) }),
    { minItems: 1, maxItems: 25 }
  ),
  channel: Type.Optional(Type.Object({ id })),
  container: Type.Optional(Container),
  view: Type.Optional(View)
})
const SubmissionBody = Type.Object({ ...who, view: View })
const HomeOpenedBody = Type.Object({
  team_id: Type.String(),
  event: Type.Object({ user: id, tab: Type.Literal('home') })
})

type Who = {
  readonly user: { readonly id: string; readonly team_id?: string }
  readonly team?: { readonly id: string } | null
}

const accountOf = ({ user, team }: Who): Account => ({
  user: user.id,
  team: team?.id ?? null,
  home: user.team_id ?? null
})

const postedOf = (container?: Type.Static<typeof Container>): Posted | null =>
  container?.channel_id && container.message_ts
    ? { channel: container.channel_id, ts: container.message_ts }
    : null

const viewOf = (view: Type.Static<typeof View>): OpenView => ({
  id: view.id,
  isHome: view.type === 'home',
  hash: view.hash ?? '',
  callback: view.callback_id ?? '',
  metadata: view.private_metadata ?? '',
  fields: new Map(
    Object.entries(view.state?.values ?? {}).flatMap(([block, elements]) => {
      const [element] = Object.values(elements)
      return element === undefined ? [] : [[block, textsOf(element)] as const]
    })
  )
})

const textsOf = (element: Type.Static<typeof Element>): readonly string[] => {
  const { value, selected_option: single, selected_options: several } = element
  const { selected_date_time: moment } = element
  if (typeof moment === 'number') return [String(moment)]
  const chosen = [...(single ? [single] : []), ...(several ?? [])].map((one) => one.value)
  return typeof value === 'string' && value !== '' ? [value] : chosen
}
