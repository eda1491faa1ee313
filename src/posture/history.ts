/**
 * When findings were first seen and when they were gone, from several judgements of one estate. A
 * finding that comes back has another spell. Between two snapshots nobody looked: a spell begins
 * and ends at the snapshot that shows it.
 */
import type { Instant } from '../elevation/ids.ts'
import type { Finding } from './finding.ts'

export type Judgement = { readonly at: Instant; readonly findings: readonly Finding[] }

/** One time that a finding stood. */
export type Spell = {
  readonly finding: Finding
  readonly openedAt: Instant
  /** the last snapshot that had it */
  readonly seenAt: Instant
  /** null = it stands */
  readonly closedAt: Instant | null
}

/** All spells of these judgements, whatever their order; the finding is as it was last seen. */
export const historyOf = (judgements: readonly Judgement[]): readonly Spell[] => {
  const done: Spell[] = []
  let open = new Map<string, Spell>()
  for (const { at, findings } of judgements.toSorted((a, b) => a.at - b.at)) {
    const next = new Map<string, Spell>()
    for (const finding of findings) {
      const openedAt = open.get(finding.id)?.openedAt ?? at
      next.set(finding.id, { finding, openedAt, seenAt: at, closedAt: null })
    }
    for (const [id, spell] of open) if (!next.has(id)) done.push({ ...spell, closedAt: at })
    open = next
  }
  return [...done, ...open.values()]
}
