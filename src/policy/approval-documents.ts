/**
 * Approvals to their parsed form: people (one list with a quorum is one set), nobody, or nobody
 * before and a review after.
 */
import { parseDuration } from '../elevation/duration.ts'
import { refOf } from './names.ts'
import { checked } from './part.ts'
import type { ApprovalSet, Channel, PeopleApproval, Rule } from './policy.ts'
import type { ApprovalDocument } from './rule-schema.ts'
import { signInOf } from './when-documents.ts'

/** The approval of a rule whose document has no issues. */
export const approvalOf = (value: ApprovalDocument): Rule['approval'] => {
  if ('auto' in value) return { kind: 'auto', perDay: value.perDay }
  if ('breakGlass' in value) {
    const { notify, review, channel = null } = value
    return { kind: 'breakGlass', notify: notify.map(refOf), review: review.map(refOf), channel }
  }
  return peopleOf(value)
}

/** The sets and the quorum of an approval by people; null where it is none. */
export const setsOf = (
  value: ApprovalDocument
): Pick<PeopleApproval, 'sets' | 'quorum'> | null => {
  if (!('from' in value)) return null
  const { from, quorum } = value
  if (Array.isArray(from)) {
    const set = { of: from.map(refOf), atLeast: quorum ?? 1 }
    return { sets: [set], quorum: set.atLeast }
  }
  const sets = from.allOf.map(({ of, atLeast }): ApprovalSet => {
    return { of: of.map(refOf), atLeast }
  })
  const [first, ...rest] = sets
  if (first === undefined) return null
  const sum = sets.reduce((total, { atLeast }) => total + atLeast, 0)
  return { sets: [first, ...rest], quorum: quorum ?? sum }
}

/** Channels as written; all of them where nothing is. */
export const channelsOf = (written: readonly Channel[] | undefined): ReadonlySet<Channel> =>
  new Set(written ?? ['slack', 'console', 'cli'])

type PeopleDocument = Extract<ApprovalDocument, { readonly within: string }>

const peopleOf = (value: PeopleDocument): PeopleApproval => {
  const { noReciprocalWithin } = value
  return {
    kind: 'people',
    ...checked(setsOf(value)),
    within: checked(parseDuration(value.within)),
    via: channelsOf(value.via),
    signIn: signInOf(value.signIn),
    membershipAsOf: value.membershipAsOf ?? 'request',
    noReciprocalWithin:
      noReciprocalWithin === undefined ? null : checked(parseDuration(noReciprocalWithin)),
    channel: value.channel ?? null,
    ...remindersOf(value)
  }
}

const remindersOf = ({
  remindAfter,
  escalateAfter,
  escalateTo
}: PeopleDocument): Pick<PeopleApproval, 'reminders'> => {
  if (remindAfter === undefined && escalateAfter === undefined) return {}
  return {
    reminders: {
      remindAfter: remindAfter === undefined ? null : checked(parseDuration(remindAfter)),
      escalate:
        escalateAfter === undefined || escalateTo === undefined
          ? null
          : { after: checked(parseDuration(escalateAfter)), to: escalateTo.map(refOf) }
    }
  }
}
