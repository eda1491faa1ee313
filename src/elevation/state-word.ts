/** What every edge calls a state. */
import type { Elevation } from './elevation.ts'

/** The state in a word or two, for lists, headings and notifications. */
export const stateWord = (elevation: Elevation): string => {
  switch (elevation.state) {
    case 'pending': {
      const { approvals, terms } = elevation
      return `waiting, ${approvals.length} of ${terms.quorum} approvals`
    }
    case 'ending':
      return elevation.stuckSince === null ? 'ending' : 'ending, stuck'
    case 'issuing':
      return 'starting'
    case 'cancelled':
      return elevation.by === elevation.ask.requester ? 'withdrawn' : 'taken back'
    case 'ended':
    case 'approved':
    case 'active':
    case 'denied':
    case 'lapsed':
    case 'failed':
      return elevation.state
  }
}
