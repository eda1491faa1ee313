/**
 * Whether anybody could ever get an ask under a rule decided. Refused: sets and quorums that no
 * votes reach, because there are too few active people, because the requester never counts, or
 * because the same few would have to count twice (Hall's theorem, with a number for each set).
 */
import type { PersonId } from '../elevation/ids.ts'
import { setsOf } from './approval-documents.ts'
import type { Path } from './document.ts'
import { type Place, errorAt, warningAt } from './issue.ts'
import type { Members } from './members.ts'
import { refOf } from './names.ts'
import type { Part } from './part.ts'
import type { PolicyIssue } from './policy.ts'
import type { ApprovalDocument, RuleDocument } from './rule-schema.ts'

/** What nobody could ever get through; ask only where every person and group could be read. */
export const approvalIssues = (
  { document, path, value }: Part<RuleDocument>,
  members: Members
): readonly PolicyIssue[] => {
  const { approval } = value
  const asked: Asked = {
    at: (...steps) => ({ document, path: [...path, ...steps] }),
    requesters: members.among(value.requesters.map(refOf)),
    members
  }
  const issues = [
    ...peopleIssues(approval, asked),
    ...escalationIssues(approval, asked),
    ...('breakGlass' in approval ? breakGlassIssues(approval, asked) : [])
  ]
  if (issues.length > 0 || asked.requesters.size > 0) return issues
  return [
    warningAt(asked.at('requesters'), 'nothing', 'no active person is in here; nobody can ask')
  ]
}

type Asked = {
  readonly at: (...steps: Path) => Place
  readonly requesters: ReadonlySet<PersonId>
  readonly members: Members
}

/** So many different people are needed out of these. */
type Need = { readonly people: ReadonlySet<PersonId>; readonly count: number }

const peopleIssues = (approval: ApprovalDocument, asked: Asked): readonly PolicyIssue[] => {
  const written = setsOf(approval)
  if (written === null) return []
  const isList = 'from' in approval && Array.isArray(approval.from)
  const sets = written.sets.map(({ of, atLeast }, index) => ({
    people: asked.members.among(of),
    count: atLeast,
    path: isList ? ['approval', 'from'] : ['approval', 'from', 'allOf', index, 'of']
  }))
  const empty = sets.filter(({ people }) => people.size === 0)
  if (empty.length > 0) return empty.map(({ path }) => nobodyIn(asked.at(...path)))
  const sum = sets.reduce((total, { count }) => total + count, 0)
  if (written.quorum < sum) {
    const message = `the sets need ${sum} different people, more than ${written.quorum}`
    return [errorAt(asked.at('approval', 'quorum'), 'contradiction', message)]
  }
  const everybody = unionOf(sets)
  const all = { people: everybody, count: written.quorum }
  const quorumAt = asked.at('approval', 'quorum' in approval ? 'quorum' : 'from')
  const tooFew = shortfall([all], asked.requesters)
  if (tooFew !== null) return [impossible(quorumAt, tooFew)]
  const clash = shortfall(combinations(sets), asked.requesters)
  if (clash !== null) return [impossible(asked.at('approval', 'from'), clash)]
  return channelIssues(approval, all, asked)
}

/** Told to nobody, an escalation would be none. */
const escalationIssues = (approval: ApprovalDocument, asked: Asked): readonly PolicyIssue[] => {
  if (!('escalateTo' in approval) || approval.escalateTo === undefined) return []
  const told = asked.members.among(approval.escalateTo.map(refOf))
  return told.size === 0 ? [nobodyIn(asked.at('approval', 'escalateTo'))] : []
}

const nobodyIn = (place: Place): PolicyIssue =>
  errorAt(place, 'empty_approvers', 'no active person is in here')

type Shortfall = Need & { readonly unserved: readonly PersonId[] }

/** The first need that is not met for every requester, who is no approver of their own. */
const shortfall = (
  needs: readonly Need[],
  requesters: ReadonlySet<PersonId>
): Shortfall | null => {
  for (const need of needs) {
    const { people, count } = need
    // with more people than that to choose from, nobody's own absence matters
    if (people.size > count) continue
    const unserved = people.size < count ? [] : [...people].filter((id) => requesters.has(id))
    if (people.size < count || unserved.length > 0) return { ...need, unserved }
  }
  return null
}

const impossible = (place: Place, { people, count, unserved }: Shortfall): PolicyIssue => {
  const whom = unserved.length > 0 ? ` for ${unserved.toSorted().join(', ')}` : ''
  const there = `${people.size} active here, and nobody approves their own ask`
  const message = `${count} different people cannot approve${whom}: ${there}`
  return errorAt(place, 'impossible_quorum', message)
}

/** Each choice of sets as one need: all their people together, all their numbers added up. */
const combinations = (sets: readonly Need[]): readonly Need[] =>
  sets.reduce<readonly Need[]>(
    (before, set) => [
      ...before,
      set,
      ...before.map(({ people, count }) => {
        return { people: unionOf([{ people }, set]), count: count + set.count }
      })
    ],
    []
  )

const unionOf = (
  sets: readonly { readonly people: ReadonlySet<PersonId> }[]
): ReadonlySet<PersonId> => {
  const [first, ...rest] = sets
  if (first !== undefined && rest.length === 0) return first.people
  return new Set(sets.flatMap(({ people }) => [...people]))
}

const channelIssues = (
  approval: ApprovalDocument,
  { people, count }: Need,
  { at, members }: Asked
): readonly PolicyIssue[] => {
  const channels = 'via' in approval ? (approval.via ?? []) : []
  if (channels.length !== 1 || channels[0] !== 'slack') return []
  const linked = [...people].filter((id) => members.hasSlack(id)).length
  if (linked >= count) return []
  const message = `${count} votes in Slack are needed, and ${linked} of these have an account`
  return [warningAt(at('approval', 'via'), 'contradiction', message)]
}

const breakGlassIssues = (
  approval: Extract<ApprovalDocument, { readonly breakGlass: true }>,
  { at, members, requesters }: Asked
): readonly PolicyIssue[] => {
  const reviewers = members.among(approval.review.map(refOf))
  const told = members.among(approval.notify.map(refOf))
  const alone = shortfall([{ people: reviewers, count: 1 }], requesters)
  return [
    ...(told.size === 0 ? [nobodyIn(at('approval', 'notify'))] : []),
    ...(reviewers.size === 0 ? [nobodyIn(at('approval', 'review'))] : []),
    ...(reviewers.size > 0 && alone !== null ? [unreviewable(at('approval', 'review'), alone)] : [])
  ]
}

const unreviewable = (place: Place, { unserved }: Shortfall): PolicyIssue =>
  errorAt(
    place,
    'impossible_quorum',
    `nobody but ${unserved.join(', ')} is in here, and nobody reviews their own break glass`
  )
