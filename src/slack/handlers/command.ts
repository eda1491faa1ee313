/**
 * `/elevate`: opens the form, with a target's name with that one, or `status`, `done`, `help`.
 * Whoever sends it is who asks: no name of a person in the text is read.
 */
import { type PersonId, parseElevationId } from '../../elevation/ids.ts'
import { wordsMessage } from '../answers.ts'
import { type Actor, type Edge, perform, personOf, tell } from '../edge.ts'
import { command } from '../names.ts'
import { readCommand } from '../payloads.ts'
import { helpText, statusList } from '../views/command.ts'
import { openAsk, openForm } from './ask.ts'
import type { Handler } from './handler.ts'
import { cardsOf, overviewOf } from './standing.ts'

const elevate: Handler = {
  kind: 'command',
  name: command,
  run: async (edge, body) => {
    const given = readCommand(body)
    if (given === null) return
    const [word = '', id = ''] = given.text.trim().split(/\s+/)
    switch (word.toLowerCase()) {
      case '':
        return openAsk(edge, given, given.trigger)
      case 'status':
        return status(edge, given)
      case 'done':
        return done(edge, given, id)
      case 'help':
        return tell(edge, given, helpText())
      default:
        return id === '' ? other(edge, given, word) : tell(edge, given, helpText())
    }
  }
}

/**
 * The name of a target of theirs opens the form with it; of anything else only the help is told.
 */
const other = async (
  edge: Edge,
  actor: Actor & { readonly trigger: string },
  word: string
): Promise<void> => {
  const person = await personOf(edge, actor, { verb: 'submit', elevation: null })
  if (person === null) return
  const { trigger } = actor
  const offer = edge.broker.targets(person).find(({ target }) => target === word)
  await (offer === undefined
    ? tell(edge, actor, helpText())
    : openForm(edge, { actor, person, trigger, target: offer.target }))
}

const status = async (edge: Edge, actor: Actor): Promise<void> => {
  const person = await personOf(edge, actor, { verb: 'list', elevation: null })
  if (person === null) return
  const overview = await overviewOf(edge, person)
  await tell(edge, actor, statusList({ ...overview, now: edge.now() }))
}

/** Ends the one that runs, or the named one; of several, shows them with their buttons. */
const done = async (edge: Edge, actor: Actor, id: string): Promise<void> => {
  if (id !== '') return end(edge, actor, id)
  const person = await personOf(edge, actor, { verb: 'end', elevation: null })
  if (person === null) return
  const running = await runningOf(edge, person)
  const [one, ...others] = running
  if (one === undefined) return tell(edge, actor, wordsMessage('You have no window that is open.'))
  if (others.length === 0) return end(edge, actor, one.elevation.id)
  const mine = cardsOf(edge, running)
  await tell(edge, actor, statusList({ mine, waiting: [], now: edge.now() }))
}

const runningOf = (edge: Edge, person: PersonId) =>
  edge.broker.list(person, { mine: true, states: ['issuing', 'active'], limit: 100 })

const end = async (edge: Edge, actor: Actor, id: string): Promise<void> => {
  const elevation = parseElevationId(id)
  const ended = await perform(edge, { actor, verb: 'end', elevation }, ({ person }) =>
    edge.broker.end(person, id)
  )
  if (ended !== null) {
    await tell(
      edge,
      actor,
      wordsMessage('Your window is ending; you are told when access is gone.')
    )
  }
}

export const commandHandlers: readonly Handler[] = [elevate]
