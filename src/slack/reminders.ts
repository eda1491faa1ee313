/**
 * When an undecided ask is told again, and to whom: under its own messages after `remindAfter`, to
 * those of `escalateTo` after `escalateAfter`, each once. What was told is kept right afterwards.
 */
import { plus } from '../elevation/ids.ts'
import type { Card, Face } from './card.ts'
import type { Noted, Notice } from './notices.ts'
import { escalation, reminder } from './views/reminder.ts'

/** `asked`: the messages about the ask that are kept where they are shown. */
export const reminderNotices = (
  card: Card,
  { asked, noted }: { readonly asked: readonly Notice[]; readonly noted: readonly Noted[] }
): readonly Notice[] => {
  const { elevation } = card.stored
  if (elevation.state !== 'pending') return told(card, noted)
  const { remindAfter = null, escalateAfter = null } = card.rule?.reminders ?? {}
  const missing = missingIn(card)
  const voters = new Set(elevation.approvals.map(({ by }) => by))
  const reminded = asked.filter(
    ({ key, mode }) => mode === 'keep' && ![...voters].some((by) => key === `ask:${by}`)
  )
  return [
    ...(remindAfter === null
      ? []
      : reminded.map(({ key, place }) => ({
          key: `remind:${key}`,
          place,
          mode: 'once' as const,
          from: plus(elevation.createdAt, remindAfter),
          under: key,
          draw: () => reminder(card, missing)
        }))),
    ...(escalateAfter === null
      ? []
      : card.escalated.flatMap((face) =>
          face.slack === null
            ? []
            : [
                {
                  key: `escalate:${face.person}`,
                  place: face.slack,
                  mode: 'once' as const,
                  from: plus(elevation.createdAt, escalateAfter),
                  draw: () => escalation(card, face)
                }
              ]
        ))
  ]
}

/** Decided: what was told of it says so, and nothing more is told. */
const told = (card: Card, noted: readonly Noted[]): readonly Notice[] =>
  noted.flatMap(({ key, place }): readonly Notice[] => {
    const [kind, person = ''] = key.split(':')
    if (kind !== 'remind' && kind !== 'escalate') return []
    const face = card.escalated.find((one) => one.person === person)
    const draw = () =>
      kind === 'remind' || face === undefined ? reminder(card, []) : escalation(card, face)
    return [{ key, place, mode: 'edit', from: null, draw }]
  })

const missingIn = ({ approvers, stored }: Card): readonly Face[] =>
  approvers.filter(({ person }) => !stored.elevation.approvals.some(({ by }) => by === person))
