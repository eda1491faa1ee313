/** What somebody has and what waits for them, as the broker lets them see it. */
import type { PersonId } from '../../elevation/ids.ts'
import { terminalStates } from '../../elevation/elevation.ts'
import type { Stored } from '../../ports.ts'
import { type Card, cardOf } from '../card.ts'
import type { Edge } from '../edge.ts'

export type Overview = {
  /** one's own that are not over, newest first */
  readonly mine: readonly Card[]
  /** undecided ones of others that wait for this person's vote, newest first */
  readonly waiting: readonly Card[]
}

/** Reads both at once. Whether a vote counts is judged when it comes, not here. */
export const overviewOf = async (edge: Edge, person: PersonId): Promise<Overview> => {
  const { broker } = edge
  const [own, pending] = await Promise.all([
    broker.list(person, { mine: true, states: [...openStates], limit: 100 }),
    broker.list(person, { mine: false, states: ['pending'], limit: 1000 })
  ])
  const mine = cardsOf(edge, own)
  const waiting = cardsOf(edge, pending).filter(({ approvers, stored }) => {
    const { approvals } = stored.elevation
    const isAsked = approvers.some((one) => one.person === person)
    return isAsked && !approvals.some(({ by }) => by === person)
  })
  return { mine, waiting }
}

/** Decided ones that this person asked for or decided, newest first. */
export const recentOf = async (edge: Edge, person: PersonId): Promise<readonly Card[]> => {
  const states = ['approved', 'issuing', 'active', 'ending', ...terminalStates] as const
  const seen = await edge.broker.list(person, { mine: false, states: [...states], limit: 50 })
  return cardsOf(edge, seen).filter(({ involved }) => involved.some((one) => one.person === person))
}

export const cardsOf = (edge: Edge, rows: readonly Stored[]): readonly Card[] => {
  const around = { team: edge.team, consoleUrl: edge.consoleUrl }
  return rows.map((stored) => cardOf(edge.policy(), stored, around))
}

const openStates = ['pending', 'approved', 'issuing', 'active', 'ending'] as const
