/**
 * What every handler works with, and the one way from an account to a verb: look at the account,
 * run the verb, say what was refused to whoever acted, in words and to nobody else.
 */
import type { Logger } from 'pino'
import type { Broker, Caller } from '../broker/broker.ts'
import type { ElevationId, Instant, PersonId } from '../elevation/ids.ts'
import type { Result } from '../elevation/refusal.ts'
import type { Policy } from '../policy/policy.ts'
import { refusalMessage, wordsMessage } from './answers.ts'
import { type Identified, identify } from './identity.ts'
import type { Message } from './limits.ts'
import type { Account } from './payloads.ts'
import type { Schedule } from './receiver.ts'
import type { Posted, SlackClient } from './slack-client.ts'

export type Edge = {
  readonly broker: Broker
  readonly policy: () => Policy
  readonly client: SlackClient
  /** the one workspace that is believed */
  readonly team: string
  readonly matchEmail: boolean
  /** without a `/` at the end; null = there is none */
  readonly consoleUrl: string | null
  /** has the messages of this elevation shown as it is now, this one among them */
  readonly wake: (elevation: ElevationId, posted?: Posted) => void
  readonly now: () => Instant
  readonly schedule: Schedule
  readonly logger: Logger
  /** of the request in hand: what Slack signed, as a hash; null = it came by Socket Mode */
  readonly signatureBase: string | null
}

/** Somebody who did something, and where to answer; a null channel = only alone. */
export type Actor = {
  readonly account: Account
  readonly channel: string | null
  /** the message they clicked in */
  readonly posted?: Posted | null
}

/** What they tried, as the ledger names it. */
export type Tried = { readonly verb: string; readonly elevation: ElevationId | null }

/** A person who comes through Slack: no sign-in of theirs is known here. */
export const callerOf = ({ signatureBase }: Edge, person: PersonId): Caller => ({
  person,
  presence: { via: 'slack', authAt: null, acr: null, amr: [] },
  signatureBase
})

/**
 * The person behind the account, looked at anew. Null where it is nobody: they have been told, and
 * the ledger has the attempt where the account is mapped.
 */
export const personOf = async (
  edge: Edge,
  actor: Actor,
  tried: Tried
): Promise<PersonId | null> => {
  const found = await identify(edge, actor.account)
  if (found.ok) return found.person
  await refused(edge, found, tried)
  await tell(edge, actor, wordsMessage(found.words))
  return null
}

/** Runs a verb for whoever acted. Its value, or null where it was refused and they were told. */
export const perform = async <T>(
  edge: Edge,
  act: Tried & { readonly actor: Actor },
  verb: (caller: Caller) => Promise<Result<T>>
): Promise<T | null> => {
  const person = await personOf(edge, act.actor, act)
  if (person === null) return null
  const done = await verb(callerOf(edge, person))
  // a refusal often means that the message shows what is no longer so
  if (act.elevation !== null) edge.wake(act.elevation, act.actor.posted ?? undefined)
  if (done.ok) return done.value
  await tell(edge, act.actor, refusalMessage(done.refusal, { ...act, consoleUrl: edge.consoleUrl }))
  return null
}

/**
 * To this person alone: where they acted, or in their conversation with the app where Slack does
 * not let the app speak there. Never by a response_url. What cannot be told is logged.
 */
export const tell = async (
  { client, logger }: Pick<Edge, 'client' | 'logger'>,
  actor: Actor,
  message: Message
): Promise<void> => {
  const { user } = actor.account
  if (actor.channel !== null) {
    const told = await client.whisper({ channel: actor.channel, user, message })
    if (told.ok) return
  }
  const alone = await client.conversation(user)
  const told = alone.ok ? await client.whisper({ channel: alone.value, user, message }) : alone
  if (!told.ok) logger.warn({ event: 'slack_not_told', user, fault: told.fault })
}

const refused = async (
  { broker, logger }: Edge,
  { code, mapped }: Extract<Identified, { ok: false }>,
  { verb, elevation }: Tried
): Promise<void> => {
  logger.warn({ event: 'slack_account_refused', verb, code, person: mapped })
  if (mapped !== null) await broker.refused(mapped, { verb, elevation, code })
}
