/**
 * Asking: the form is opened, previewed at each choice, and sent. Before the answer to a sent form
 * only the broker's preview runs, and not for long; whether it is asked is the broker's to say,
 * when everything is acknowledged. The same form sent twice is one ask.
 */
import { createHash } from 'node:crypto'
import type { AskInput, Preview } from '../../broker/broker.ts'
import type { PersonId } from '../../elevation/ids.ts'
import type { QueryVerdict, Reason, Refusal, Result } from '../../elevation/refusal.ts'
import { brokenWords, noticeModal, refusalMessage, wordsMessage } from '../answers.ts'
import { facesOf } from '../card.ts'
import { type Actor, type Edge, callerOf, personOf, tell } from '../edge.ts'
import type { Modal } from '../limits.ts'
import {
  type AskField,
  actions,
  askFields,
  callbacks,
  fieldAction,
  fieldBlock,
  fieldOfBlock
} from '../names.ts'
import { type OpenView, readClick, readShortcut, readSubmission } from '../payloads.ts'
import {
  type AskErrors,
  type Typed,
  askInputOf,
  errorsByBlock,
  nothingTyped,
  typedOf
} from '../views/ask-form.ts'
import { askModal } from '../views/ask-modal.ts'
import { type AskOffer, askOffers, demandsOn } from '../views/ask-offer.ts'
import type { Checked, Handler } from './handler.ts'

const tried = { verb: 'submit', elevation: null } as const

/** Opens the empty form for whoever acted. */
export const openAsk = async (edge: Edge, actor: Actor, trigger: string): Promise<void> => {
  const person = await personOf(edge, actor, tried)
  if (person !== null) await openForm(edge, { actor, person, trigger, target: '' })
}

/** Opens the form with this target chosen. */
export const openForm = async (
  edge: Edge,
  of: {
    readonly actor: Actor
    readonly person: PersonId
    readonly trigger: string
    readonly target: string
  }
): Promise<void> => {
  const view = await formFor(edge, of.person, { ...nothingTyped, target: of.target })
  const opened = await edge.client.openView(of.trigger, view)
  if (!opened.ok) await tell(edge, of.actor, wordsMessage(notOpenedWords))
}

export const notOpenedWords =
  'Slack did not open the form, which it does only within three seconds. Nothing was done: try again.'

const formFor = async (edge: Edge, person: PersonId, typed: Typed): Promise<Modal> => {
  const policy = edge.policy()
  const offers = askOffers(policy, edge.broker.targets(person))
  const chosen = offers.find(({ target }) => target === typed.target)
  if (chosen === undefined) return askModal({ offers, typed: { ...typed, target: '' } })
  const result = await edge.broker.preview(callerOf(edge, person), askInputOf(asIfTyped(typed, chosen)))
  const asked = result.ok ? result.value.approvers : []
  const approvers = facesOf(policy, edge.team, asked)
  return askModal({ offers, typed, preview: { result, approvers, breakGlass: typed.breakGlass } })
}

/**
 * Says who will be asked before the texts are written: what is still empty is taken as what the
 * rule wants. What is sent is judged as it is.
 */
const asIfTyped = (typed: Typed, offer: AskOffer): Typed => {
  const demands = demandsOn(offer, typed.breakGlass)
  const most = Math.max(1, ...demands.map(({ maxDuration }) => maxDuration))
  const ticket = demands.find((demand) => demand.ticket !== null)?.ticket ?? ''
  return {
    ...typed,
    duration: typed.duration === '' ? `${Math.min(3600, most)}s` : typed.duration,
    reason: typed.reason === '' ? 'x'.repeat(500) : typed.reason,
    ticket: typed.ticket === '' ? exampleOf(ticket) : typed.ticket
  }
}

const exampleOf = (form: string): string =>
  form.replaceAll('<digits>', '1').replaceAll('<letters>', 'A').replaceAll('*', 'x')

const changed = (field: AskField): Handler => ({
  kind: 'action',
  name: fieldAction(field),
  run: async (edge, body) => {
    const click = readClick(body)
    if (click === null || click.view === null || click.view.callback !== callbacks.ask) return
    const person = await personOf(edge, click, tried)
    if (person === null) return
    const { id, hash } = click.view
    const view = await formFor(edge, person, typedIn(click.view))
    // refused where another choice came meanwhile: that one draws the form again
    const drawn = await edge.client.updateView({ id, hash: hash === '' ? null : hash }, view)
    if (!drawn.ok) edge.logger.info({ event: 'slack_form_not_drawn', fault: drawn.fault })
  }
})

/** What the form holds; what was typed for another target than the chosen one is left behind. */
const typedIn = ({ fields }: OpenView): Typed => {
  const target = fields.get(fieldBlock('target', null))?.[0] ?? null
  const texts: Partial<Record<AskField, readonly string[]>> = {}
  for (const [block, typed] of fields) {
    const field = fieldOfBlock(block)
    if (field !== null && block === fieldBlock(field, target)) texts[field] = typed
  }
  return typedOf(texts)
}

const sent: Handler = {
  kind: 'form',
  name: callbacks.ask,
  check: async (edge, body): Promise<Checked> => {
    const form = readSubmission(body)
    if (form === null) return { answer: null, after: null }
    const { account, view } = form
    const typed = typedIn(view)
    const judged = await within(edge, judgeMilliseconds, judge(edge, account, askInputOf(typed)))
    const errors = judged === null ? {} : errorsByBlock(judged.errors, [...view.fields.keys()])
    if (Object.keys(errors).length > 0) {
      return {
        answer: { response_action: 'errors', errors },
        after: () => noteRefused(edge, judged)
      }
    }
    const isDrawn = judged === null
    const answer = isDrawn ? ({ response_action: 'update', view: waitingModal } as const) : null
    const of = { actor: { account, channel: null }, view, typed, isDrawn }
    return { answer, after: () => submit(edge, of) }
  }
}

/** How long a sent form may wait for its errors; then it is answered, and drawn again later. */
const judgeMilliseconds = 150
const waitingModal = noticeModal('Ask for elevation', 'Your ask is being checked…')

type Judged = {
  readonly person: PersonId | null
  readonly code: string
  readonly errors: AskErrors
}

/** By the directory alone: an account that is not mapped is looked at after the answer. */
const judge = async (
  edge: Edge,
  { team, user }: Actor['account'],
  input: AskInput
): Promise<Judged> => {
  const found = team === edge.team ? edge.broker.identifySlack({ team, user, email: null }) : null
  if (!found?.ok) return { person: null, code: 'unknown_person', errors: {} }
  const person = found.value
  return { person, ...faultsOf(await edge.broker.preview(callerOf(edge, person), input)) }
}

/** A refused ask is in the ledger, whether its form was refused before or after the answer. */
const noteRefused = async (edge: Edge, judged: Judged | null): Promise<void> => {
  if (judged === null || judged.person === null) return
  await edge.broker.refused(judged.person, { ...tried, code: judged.code })
}

type Sent = {
  readonly actor: Actor
  readonly view: OpenView
  readonly typed: Typed
  /** the form is still open and shows what comes of it */
  readonly isDrawn: boolean
}

const submit = async (edge: Edge, { actor, view, typed, isDrawn }: Sent): Promise<void> => {
  const show = async (modal: Modal): Promise<void> => {
    if (isDrawn) await edge.client.updateView({ id: view.id, hash: null }, modal)
  }
  try {
    const person = await personOf(edge, actor, tried)
    if (person === null) return await show(noticeModal('Not asked', 'The app has told you why.'))
    const input = askInputOf(typed)
    const bodyHash = createHash('sha256').update(JSON.stringify(input)).digest('hex')
    const key = `slack:${view.id}`
    const asked = await edge.broker.submit(callerOf(edge, person), input, { key, bodyHash })
    if (asked.ok) {
      edge.wake(asked.value.elevation.elevation.id)
      return await show(noticeModal('Asked', 'You are told here in Slack how it goes on.'))
    }
    if (!isDrawn) {
      const { consoleUrl } = edge
      return await tell(edge, actor, refusalMessage(asked.refusal, { ...tried, consoleUrl }))
    }
    const offers = askOffers(edge.policy(), edge.broker.targets(person))
    await show(askModal({ offers, typed, errors: errorsOfRefusal(asked.refusal) }))
  } catch (error) {
    await show(noticeModal('Not certain', brokenWords))
    throw error
  }
}

const faultsOf = (
  result: Result<Preview>
): { readonly code: string; readonly errors: AskErrors } => {
  if (!result.ok) return { code: result.refusal.code, errors: errorsOfRefusal(result.refusal) }
  const { decision, reasons } = result.value
  return { code: 'policy_denied', errors: decision === 'deny' ? errorsOfReasons(reasons) : {} }
}

const errorsOfRefusal = ({ code, message, verdict, reasons = [] }: Refusal): AskErrors => {
  if (code === 'query_refused') return { sql: faultsText(verdict) || message }
  return reasons.length === 0 ? { target: message } : errorsOfReasons(reasons)
}

/** The first ones, each with its place in the query. */
const faultsText = (verdict: QueryVerdict | undefined): string => {
  const faults = verdict?.refusals ?? []
  const told = faults.slice(0, 5).map(({ line, column, message, hint }) => {
    return `Line ${line}, column ${column}: ${message}${hint === undefined ? '' : ` (${hint})`}`
  })
  const more = faults.length - told.length
  return [...told, ...(more > 0 ? [`and ${more} more`] : [])].join('. ')
}

/** By the field they are about; what is about none of them is told at the target. */
const errorsOfReasons = (reasons: readonly Reason[]): AskErrors => {
  const errors = new Map<AskField, string>()
  for (const { outcome, condition, message } of reasons) {
    if (outcome === 'met') continue
    const isOfQuery = condition === 'query_refused'
    const field = isOfQuery ? 'sql' : (askFields.find((name) => name === condition) ?? 'target')
    const before = errors.get(field)
    errors.set(field, before === undefined ? message : `${before}; ${message}`)
  }
  return Object.fromEntries(errors)
}

/** Null where it takes longer than that; it goes on, and what it comes to is dropped. */
const within = <T>(edge: Edge, milliseconds: number, run: Promise<T>): Promise<T | null> =>
  new Promise((resolve) => {
    const callOff = edge.schedule(milliseconds, () => resolve(null))
    const settle = (value: T | null): void => {
      callOff()
      resolve(value)
    }
    run.then(settle, () => settle(null))
  })

export const askHandlers: readonly Handler[] = [
  {
    kind: 'shortcut',
    name: callbacks.ask,
    run: async (edge, body) => {
      const given = readShortcut(body)
      if (given === null) return
      await openAsk(edge, { account: given.account, channel: null }, given.trigger)
    }
  },
  {
    kind: 'action',
    name: actions.ask,
    run: async (edge, body) => {
      const click = readClick(body)
      if (click === null || click.trigger === null) return
      await openAsk(edge, click, click.trigger)
    }
  },
  ...askFields.map(changed),
  sent
]
