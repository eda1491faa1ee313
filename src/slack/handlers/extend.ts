/**
 * Extending one's own window: the button opens the form, the form is one ask, once. What is
 * extended is what the form's handle names, and whether it may be is the broker's to say.
 */
import { createHash } from 'node:crypto'
import type { ExtensionInput } from '../../broker/broker.ts'
import { cardOf } from '../card.ts'
import { type Actor, type Edge, perform } from '../edge.ts'
import { type Handle, actions, callbacks, extendFields, parseHandle } from '../names.ts'
import { type Fields, readSubmission } from '../payloads.ts'
import { extendModal, longestWords } from '../views/extend.ts'
import { brokenButton, opens } from './decisions.ts'
import type { Checked, Handler } from './handler.ts'

const verb = 'extend'

const form: Handler = {
  kind: 'form',
  name: callbacks.extend,
  check: async (edge, body): Promise<Checked> => {
    const given = readSubmission(body)
    if (given === null) return { answer: null, after: null }
    const actor: Actor = { account: given.account, channel: null }
    const handle = parseHandle(given.view.metadata)
    if (handle === null) return { answer: null, after: () => brokenButton(edge, actor, verb) }
    const input = inputIn(given.view.fields)
    const errors = faultsIn(input)
    if (Object.keys(errors).length > 0) {
      return { answer: { response_action: 'errors', errors }, after: null }
    }
    return { answer: null, after: () => ask(edge, actor, { handle, input, view: given.view.id }) }
  }
}

const ask = async (
  edge: Edge,
  actor: Actor,
  sent: { readonly handle: Handle; readonly input: ExtensionInput; readonly view: string }
): Promise<void> => {
  const { input, view } = sent
  const { elevation } = sent.handle
  const said = JSON.stringify([elevation, input.duration, input.reason, input.ticket ?? null])
  const once = { key: `slack:${view}`, bodyHash: createHash('sha256').update(said).digest('hex') }
  const asked = await perform(edge, { actor, verb, elevation }, (caller) =>
    edge.broker.extend(caller, elevation, input, once)
  )
  if (asked !== null) edge.wake(asked.elevation.elevation.id)
}

const inputIn = (fields: Fields): ExtensionInput => {
  const ticket = typedIn(fields, extendFields.ticket)
  return {
    duration: typedIn(fields, extendFields.duration),
    reason: typedIn(fields, extendFields.reason),
    ...(ticket === '' ? {} : { ticket })
  }
}

/** On one line: a form's field has line breaks, a reason has none. */
const typedIn = (fields: Fields, block: string): string =>
  (fields.get(block)?.[0] ?? '').replace(/\s+/g, ' ').trim()

const faultsIn = ({ duration, reason, ticket = '' }: ExtensionInput): Record<string, string> => ({
  ...(duration === '' ? { [extendFields.duration]: 'Choose how long.' } : {}),
  ...(reason === '' ? { [extendFields.reason]: 'Say why, in a few words.' } : {}),
  ...(reason.length > longestWords ? { [extendFields.reason]: tooLong } : {}),
  ...(ticket.length > longestWords ? { [extendFields.ticket]: tooLong } : {})
})

const tooLong = `At most ${longestWords} characters.`

export const extendHandlers: readonly Handler[] = [
  opens(actions.extend, verb, (edge, stored) =>
    extendModal(cardOf(edge.policy(), stored, { team: edge.team, consoleUrl: edge.consoleUrl }))
  ),
  form
]
