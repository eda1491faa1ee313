/** Where an elevation stands and how it came there, in the words that Slack has for it. */
import type { Elevation, EndingReason, LapseReason, State } from '../elevation/elevation.ts'
import type { Instant } from '../elevation/ids.ts'

/** Not over: it waits, is used, or is being taken away. */
export const openStates: readonly State[] = ['pending', 'approved', 'issuing', 'active', 'ending']

/** Whether it is not over. */
export const isOpen = ({ state }: Elevation): boolean => openStates.includes(state)

/** Who ended it and how, in a sentence; null where there is nothing to say yet. */
export const howText = (elevation: Elevation): string | null => {
  switch (elevation.state) {
    case 'ending':
      return elevation.stuckSince === null
        ? endText(elevation)
        : `${endText(elevation)} It cannot be taken away completely yet (${elevation.attempts} attempts); AWS itself refuses the session when its time is over. Tell an operator.`
    case 'ended':
      return endText(elevation)
    case 'denied':
      return `Denied by ${elevation.by}.`
    case 'cancelled':
      return `By ${elevation.by}, before it was used.`
    case 'lapsed':
      return lapseTexts[elevation.why]
    case 'failed':
      return 'It could not be started. Nothing was handed out, and what had been made is removed.'
    case 'pending':
    case 'approved':
    case 'issuing':
    case 'active':
      return null
  }
}

const endText = ({ how, by }: { readonly how: EndingReason; readonly by: string }): string => {
  switch (how) {
    case 'expired':
      return 'The window is over.'
    case 'revoked':
      return by === 'broker' ? 'Ended by the broker.' : `Revoked by ${by}.`
    case 'released':
      return `Given back early by ${by}.`
    case 'failed':
      return 'It could not be started.'
  }
}

const lapseTexts: Readonly<Record<LapseReason, string>> = {
  not_decided: 'Nobody decided it in time.',
  not_activated: 'It was approved and not started in time.',
  policy_changed: 'The policy no longer allows what was approved.',
  extended_revoked: 'What it goes on from was ended.'
}

/** Until when it can be decided, started or used; null where nothing runs out. */
export const deadlineOf = (elevation: Elevation): Instant | null => {
  switch (elevation.state) {
    case 'pending':
      return elevation.decideBy
    case 'approved':
      return elevation.activateBy
    case 'active':
      return elevation.intent.notAfter
    case 'issuing':
    case 'ending':
    case 'ended':
    case 'denied':
    case 'cancelled':
    case 'lapsed':
    case 'failed':
      return null
  }
}
