/** The verbs of auditors without a ledger: olga audits, everybody else is refused. */
import type { Audit } from '../../src/broker/audit.ts'
import type { PersonId } from '../../src/elevation/ids.ts'
import { type Result, accept, refuse } from '../../src/elevation/refusal.ts'

export type MemoryAudit = { readonly audit: Audit; /** what was asked, in order */ readonly asked: unknown[] }

export const memoryAudit = (): MemoryAudit => {
  const asked: unknown[] = []
  const answer = async <T>(person: PersonId, what: unknown, value: () => T): Promise<Result<T>> => {
    asked.push(what)
    return person === 'olga' ? accept(value()) : refuse('policy_denied', 'Auditors only.')
  }
  const row = { index: 7, body: Buffer.from('{"type":"elevation.requested","v":1}'), leaf: new Uint8Array(32) }
  const none = async () => refuse('policy_denied', 'Not by this edge.')
  return {
    asked,
    audit: {
      findEntries: (person, filter, page) =>
        answer(person, { filter, page }, () => ({
          rows: [row],
          next: { at: '2026-11-21T10:00:00.000Z', index: 7 },
          size: 9,
          indexed: 8
        })),
      evidence: (person, ask) =>
        answer(person, ask, () => ({
          kind: 'sallyport-evidence' as const,
          v: 1 as const,
          madeAt: '2026-11-21T10:00:00.000Z',
          madeFor: person,
          about: 'elevation' in ask ? { elevation: ask.elevation } : { from: ask.from, to: ask.to },
          elevations: [{ id: 'one', facts: [['state', 'ended'] as const], sessionPolicy: null }],
          entries: [
            { index: 7, bytes: 'e30=', path: ['AA=='], openings: { reason: { state: 'erased' as const, by: 8 } } }
          ],
          checkpoint: 'checkpoint',
          key: 'log+0a0b0c0d+AQ==',
          policies: [{ digest: 'sha256:policy', excerpt: '{}', text: null }]
        })),
      reports: none,
      policyInForce: none,
      explain: none,
      endings: none
    }
  }
}
