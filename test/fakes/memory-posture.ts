/** Posture in memory for the HTTP tests: olga watches over all, nobody else does. */
import type { Posture } from '../../src/broker/posture.ts'
import type { Reconciling } from '../../src/broker/reconciled.ts'
import { instant } from '../../src/elevation/ids.ts'
import { accept, refuse } from '../../src/elevation/refusal.ts'
import { findingOf } from '../store-findings-contract.ts'

const at = instant(Date.UTC(2026, 10, 21, 10))

export const memoryPosture = (): {
  readonly posture: Posture
  readonly reconciling: Reconciling
  readonly asked: string[]
} => {
  const asked: string[] = []
  const no = refuse('policy_denied', 'Ask one of them.')
  const posture: Posture = {
    findings: async (person, { target, limit }) => {
      asked.push(`findings ${target ?? 'all'} ${limit}`)
      const finding = findingOf('owner')
      const kept = { finding, openedAt: at, seenAt: at, closedAt: null }
      const read = { at, isWaiting: false, findings: [kept], targets: [], shares: null }
      return person === 'olga' ? accept(read) : no
    },
    findingsSince: async (person) =>
      person === 'olga' ? accept({ open: [], closed: [], isCut: false }) : no,
    sideDoors: async (person) => (person === 'olga' ? accept(null) : no),
    scan: async (person) => {
      asked.push('scan')
      return person === 'olga' ? accept(at) : no
    },
    event: async (person) => {
      asked.push('event')
      return person === 'olga' ? accept(at) : no
    }
  }
  const reconciling: Reconciling = {
    uses: async (person) => {
      asked.push('uses')
      return person === 'olga' ? accept({ opened: 0, closed: 0, open: 0 }) : no
    },
    keyUse: async (person) => {
      asked.push('keyUse')
      return person === 'olga' ? accept(0) : no
    }
  }
  return { posture, reconciling, asked }
}
