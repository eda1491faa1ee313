/** What the broker's preview says, as a panel of the page and as what a script puts into it. */
import type { VNode } from 'preact'
import type { Preview } from '../broker/broker.ts'
import { printDuration } from '../elevation/duration.ts'
import { iso } from '../elevation/ids.ts'
import type { Reason, Result } from '../elevation/refusal.ts'
import { work } from './words-work.ts'

export type ShownPreview = {
  readonly tone: 'good' | 'warn' | 'bad'
  readonly title: string
  readonly lines: readonly string[]
  /** by the field of the form they are about */
  readonly faults: Readonly<Record<string, string>>
}

/** `isBreakGlass`: what was asked for as such starts at once. */
export const shownPreview = (result: Result<Preview>, isBreakGlass: boolean): ShownPreview => {
  if (!result.ok) {
    const { code, message, reasons = [] } = result.refusal
    const isOpen = code === 'invalid_ask'
    return {
      tone: isOpen ? 'warn' : 'bad',
      title: isOpen ? work.ask.notYet : work.ask.refused,
      lines: reasons.length === 0 ? [message] : unmet(reasons),
      faults: {}
    }
  }
  const { value } = result
  switch (value.decision) {
    case 'needs_approval':
      return {
        tone: value.approvers.length === 0 ? 'warn' : 'good',
        title: value.approvers.length === 0 ? work.ask.nobody : work.ask.willBeAsked,
        lines: [...(value.approvers.length === 0 ? [] : [askedOf(value)]), ...termsOf(value)],
        faults: {}
      }
    case 'approved':
      return {
        tone: 'good',
        title: isBreakGlass ? work.ask.atOnce : work.ask.byItself,
        lines: termsOf(value),
        faults: {}
      }
    case 'deny':
      return { tone: 'bad', title: work.ask.refused, lines: unmet(value.reasons), faults: {} }
  }
}

/** The reasons that are about a field of the form, by its name. */
export const faultsOf = (reasons: readonly Reason[]): Readonly<Record<string, string>> =>
  Object.fromEntries(
    reasons.flatMap(({ outcome, condition, message }) => {
      const field = fieldOf(condition)
      return outcome === 'met' || field === null ? [] : [[field, message] as const]
    })
  )

/** The panel; a script fills it anew from the same answer. */
export const PreviewPanel = ({ shown }: { readonly shown: ShownPreview | null }): VNode => (
  <section class={`note ${shown?.tone ?? ''}`} id="preview" aria-live="polite">
    <h2 id="preview-title">{shown?.title ?? work.ask.previewTitle}</h2>
    <ul id="preview-lines">
      {(shown?.lines ?? [work.ask.previewEmpty]).map((line, n) => (
        <li key={n}>{line}</li>
      ))}
    </ul>
  </section>
)

const unmet = (reasons: readonly Reason[]): readonly string[] => [
  ...new Set(
    reasons.flatMap(({ outcome, condition, message }) =>
      outcome === 'met' ? [] : [`${condition}: ${message}`]
    )
  )
]

const askedOf = ({ approvers, quorum }: Preview): string =>
  `${approvers.slice(0, 12).join(', ')}${approvers.length > 12 ? ` and ${approvers.length - 12} more` : ''}. ${work.ask.ofThem(quorum ?? 1)}`

const termsOf = ({ rule, duration, mode, startAt }: Preview): readonly string[] => [
  [
    ...(rule === null ? [] : [work.ask.under(rule)]),
    ...(duration === null ? [] : [printDuration(duration)]),
    ...(mode === null ? [] : [work.modes[mode]])
  ].join(' · '),
  ...(startAt === null ? [] : [work.ask.startsAt(iso(startAt).slice(0, 16).replace('T', ' '))])
]

const fields = ['duration', 'reason', 'ticket', 'startAt', 'tables', 'sql', 'target'] as const

const fieldOf = (condition: string): (typeof fields)[number] | null =>
  fields.find((field) => condition === field || condition.startsWith(`${field}.`)) ??
  (condition === 'maxDuration' ? 'duration' : null)
