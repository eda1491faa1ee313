/**
 * Buttons about one elevation: each is one verb of the broker, for the elevation its value names. A
 * vote names the digest it was drawn from as well, so that nobody approves something else than they
 * were shown. Who may is the broker's to say, now, whatever the message shows.
 */
import type { Caller } from '../../broker/broker.ts'
import type { Result } from '../../elevation/refusal.ts'
import type { Stored } from '../../ports.ts'
import { wordsMessage } from '../answers.ts'
import { cardOf } from '../card.ts'
import { type Actor, type Edge, perform, personOf, tell } from '../edge.ts'
import type { Modal } from '../limits.ts'
import { type Handle, actions, callbacks, parseHandle, reasonField } from '../names.ts'
import { readClick, readSubmission } from '../payloads.ts'
import { detailsModal } from '../views/details.ts'
import { denyModal, revokeModal } from '../views/reason.ts'
import { notOpenedWords } from './ask.ts'
import type { Checked, Handler } from './handler.ts'
import { publishHome } from './home.ts'

type Verb = (edge: Edge, caller: Caller, handle: Handle) => Promise<Result<Stored>>

const approve: Verb = ({ broker }, caller, { elevation, digest }) =>
  broker.approve(caller, elevation, digest)

const start: Verb = ({ broker }, caller, { elevation }) => broker.activate(caller, elevation)

const end: Verb = ({ broker }, { person }, { elevation }) => broker.end(person, elevation)

const cancel: Verb = ({ broker }, { person }, { elevation }) => broker.cancel(person, elevation)

const button = (name: string, verb: string, run: Verb): Handler => ({
  kind: 'action',
  name,
  run: async (edge, body) => {
    const click = readClick(body)
    if (click === null) return
    const handle = parseHandle(click.value ?? '')
    if (handle === null) return brokenButton(edge, click, verb)
    const { elevation } = handle
    await perform(edge, { actor: click, verb, elevation }, (caller) => run(edge, caller, handle))
    // the home tab is drawn by whoever changes something there; messages draw themselves
    if (click.view?.isHome) await publishHome(edge, click.account)
  }
})

/** A button that opens a modal about the elevation for those who may see it. */
export const opens = (
  name: string,
  verb: string,
  modal: (edge: Edge, stored: Stored) => Modal
): Handler => ({
  kind: 'action',
  name,
  run: async (edge, body) => {
    const click = readClick(body)
    if (click === null || click.trigger === null) return
    const handle = parseHandle(click.value ?? '')
    if (handle === null) return brokenButton(edge, click, verb)
    const { elevation } = handle
    const stored = await perform(edge, { actor: click, verb, elevation }, ({ person }) =>
      edge.broker.get(person, elevation)
    )
    if (stored === null) return
    const opened = await edge.client.openView(click.trigger, modal(edge, stored))
    if (!opened.ok) await tell(edge, click, wordsMessage(notOpenedWords))
  }
})

type Decide = (
  edge: Edge,
  caller: Caller,
  of: Handle & { readonly reason: string }
) => Promise<Result<Stored>>

/** A submitted reason; its private_metadata is a button's value and is judged like one. */
const reasonForm = (name: string, verb: string, decide: Decide): Handler => ({
  kind: 'form',
  name,
  check: async (edge, body): Promise<Checked> => {
    const form = readSubmission(body)
    const handle = parseHandle(form?.view.metadata ?? '')
    const actor: Actor | null = form && { account: form.account, channel: null }
    if (form === null || actor === null) return { answer: null, after: null }
    if (handle === null) return { answer: null, after: () => brokenButton(edge, actor, verb) }
    const reason = form.view.fields.get(reasonField.block)?.[0]?.trim() ?? ''
    if (reason === '') return reasonError('Say why, in a few words.')
    if (reason.length > mostReason) return reasonError(`At most ${mostReason} characters.`)
    const { elevation } = handle
    return {
      answer: null,
      after: async () => {
        await perform(edge, { actor, verb, elevation }, (caller) =>
          decide(edge, caller, { ...handle, reason })
        )
      }
    }
  }
})

const deny: Decide = async ({ broker }, { person }, { elevation, digest, reason }) => {
  const found = await broker.get(person, elevation)
  if (found.ok && found.value.elevation.askDigest !== digest) {
    await broker.refused(person, { verb: 'deny', elevation, code: 'stale_ask' })
    const message = 'What you were shown is not what is asked now. Open it again.'
    return { ok: false, refusal: { code: 'stale_ask', message } }
  }
  return broker.deny(person, elevation, reason)
}

const revoke: Decide = ({ broker }, { person }, { elevation, reason }) =>
  broker.revoke(person, elevation, reason)

const reasonError = (words: string): Checked => ({
  answer: { response_action: 'errors', errors: { [reasonField.block]: words } },
  after: null
})

const card = (edge: Edge, stored: Stored) =>
  cardOf(edge.policy(), stored, { team: edge.team, consoleUrl: edge.consoleUrl })

/** A value that is none of ours: nothing is read from it, and the ledger has the attempt. */
export const brokenButton = async (edge: Edge, actor: Actor, verb: string): Promise<void> => {
  const person = await personOf(edge, actor, { verb, elevation: null })
  if (person === null) return
  await edge.broker.refused(person, {
    verb,
    elevation: null,
    code: 'invalid_request'
  })
  await tell(edge, actor, wordsMessage('This button is none of Sallyport’s. Nothing was done.'))
}

const mostReason = 500

export const decisionHandlers: readonly Handler[] = [
  button(actions.approve, 'approve', approve),
  button(actions.start, 'activate', start),
  button(actions.end, 'end', end),
  button(actions.cancel, 'cancel', cancel),
  opens(actions.deny, 'deny', (edge, stored) => denyModal(card(edge, stored))),
  opens(actions.revoke, 'revoke', (edge, stored) => revokeModal(card(edge, stored))),
  opens(actions.details, 'get', (edge, stored) =>
    detailsModal(card(edge, stored), { now: edge.now() })
  ),
  reasonForm(callbacks.deny, 'deny', deny),
  reasonForm(callbacks.revoke, 'revoke', revoke),
  // only opens a link, in the reader's own browser
  { kind: 'action', name: actions.console, run: () => Promise.resolve() }
]
