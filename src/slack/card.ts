/**
 * All that a view of one elevation shows, gathered from the elevation and the policy as it is now.
 * People are their Slack account in this team, else their id; nobody's e-mail address is in it. A
 * rule or target that has left the policy is null, and whoever is not active is not an approver.
 */
import type { Channel, Elevation } from '../elevation/elevation.ts'
import type { PersonId, Seconds } from '../elevation/ids.ts'
import { eligibleApprovers } from '../policy/approvers.ts'
import { isAmong, printRef } from '../policy/people.ts'
import type { Policy, Rule, SignIn, SubjectRef } from '../policy/policy.ts'
import { explanationOf, quorumSentence } from '../policy/sentences.ts'
import type { Stored } from '../ports.ts'

/** A person, and their account in the one Slack team that is believed. */
export type Face = { readonly person: PersonId; readonly slack: string | null }

/** `db.table.column`; the class is null where the target gives it none. */
export type ColumnFact = { readonly name: string; readonly class: string | null }

export type RuleFacts = {
  readonly approval: 'people' | 'auto' | 'breakGlass'
  /** where a vote may come from; empty where nobody votes */
  readonly via: readonly Channel[]
  /** a click in Slack says nothing of a sign-in, so it can neither approve nor start such a one */
  readonly needsSignIn: { readonly toApprove: boolean; readonly toStart: boolean }
  /** `1 of group:privacy, group:claims-data`; `nobody` where nobody votes */
  readonly quorum: string
  /** how many extensions in a row it gives */
  readonly extensions: number
  /** Slack channel of the announcement; null = people are told alone */
  readonly channel: string | null
  /** how long an ask waits until people are told again; null = they are not */
  readonly reminders: {
    readonly remindAfter: Seconds | null
    readonly escalateAfter: Seconds | null
  } | null
}

export type Card = {
  readonly stored: Stored
  readonly requester: Face
  /** who may decide it, sorted by id, never the requester */
  readonly approvers: readonly Face[]
  /** whom a break-glass elevation is told to, sorted by id, never the requester */
  readonly told: readonly Face[]
  /** whom an ask is told to that nobody decides, sorted by id, never the requester */
  readonly escalated: readonly Face[]
  /** who may review it afterwards, sorted by id, never the requester */
  readonly reviewers: readonly Face[]
  /** everybody who asked, voted, decided or ended it, each once */
  readonly involved: readonly Face[]
  readonly target: { readonly workgroup: string; readonly classification: string } | null
  /** asked columns; where all were asked, the classified ones of the tables */
  readonly columns: readonly ColumnFact[]
  readonly rule: RuleFacts | null
  /** why the policy lets it through, one sentence each */
  readonly explanation: readonly string[]
  /** the words of whoever denied or revoked it, where they are known */
  readonly words: string | null
  /** this elevation's page in the console */
  readonly consoleUrl: string | null
}

export type Around = {
  /** the Slack team that is believed */
  readonly team: string
  /** where the console is, without a slash at the end; null = there is none */
  readonly consoleUrl: string | null
  /** the words of whoever denied or revoked it; they are not in the elevation itself */
  readonly words?: string | null
}

/** The card of an elevation. Decides nothing: a listed approver's vote is judged when it comes. */
export const cardOf = (policy: Policy, stored: Stored, around: Around): Card => {
  const { elevation } = stored
  const { ask, terms } = elevation
  const rule = rulesOf(policy).get(terms.rule) ?? null
  const target = policy.targets.get(ask.target)
  const face = (id: PersonId): Face => faceOf(policy, around.team, id)
  const others = (refs: readonly SubjectRef[]): readonly Face[] =>
    peopleOf(policy, refs).flatMap((id) => (id === ask.requester ? [] : [face(id)]))
  const approval = rule?.approval ?? null
  const approvers = eligibleApprovers(policy, terms.rule, ask.requester)
  return {
    stored,
    requester: face(ask.requester),
    approvers: approvers.filter((id) => terms.approvers?.includes(id) ?? true).map(face),
    told: approval?.kind === 'breakGlass' ? others(approval.notify) : [],
    escalated: others(escalateTo(approval)),
    reviewers: approval?.kind === 'breakGlass' ? others(approval.review) : [],
    involved: involvedIn(elevation).map(face),
    target: target ? { workgroup: target.workgroup, classification: target.classification } : null,
    columns: columnsOf(policy, elevation),
    rule: rule === null ? null : ruleFacts(rule),
    explanation: explanationOf(rule, elevation),
    words: around.words ?? null,
    consoleUrl:
      around.consoleUrl === null ? null : `${around.consoleUrl}/elevations/${elevation.id}`
  }
}

/** People as their accounts in this team, in the order given. */
export const facesOf = (
  policy: Policy,
  team: string,
  people: readonly PersonId[]
): readonly Face[] => people.map((id) => faceOf(policy, team, id))

const faceOf = (policy: Policy, team: string, id: PersonId): Face => {
  const accounts = policy.people.get(id)?.slack ?? []
  return { person: id, slack: accounts.find((account) => account.team === team)?.user ?? null }
}

const involvedIn = (elevation: Elevation): readonly PersonId[] => {
  const by = 'by' in elevation && elevation.by !== 'broker' ? [elevation.by] : []
  const voters = elevation.approvals.map((approval) => approval.by)
  return [...new Set([elevation.ask.requester, ...voters, ...by])]
}

const columnsOf = (policy: Policy, { ask }: Elevation): readonly ColumnFact[] => {
  const classes = policy.targets.get(ask.target)?.columns ?? {}
  const known = ask.tables.flatMap((table) =>
    Object.entries(classes[table] ?? {}).map(([column, kind]) => ({
      name: `${table}.${column}`,
      class: kind
    }))
  )
  if (ask.columns === null) return known
  const byName = new Map(known.map((column) => [column.name, column.class]))
  return ask.columns.map((name) => ({ name, class: byName.get(name) ?? null }))
}

const ruleFacts = ({ approval, signIn, extensions = 1 }: Rule): RuleFacts => {
  const isPeople = approval.kind === 'people'
  return {
    approval: approval.kind,
    via: isPeople ? [...approval.via].toSorted() : [],
    needsSignIn: {
      toApprove: isPeople && demands(approval.signIn),
      toStart: demands(signIn)
    },
    quorum: isPeople ? quorumSentence(approval) : 'nobody',
    extensions,
    channel: approval.kind === 'auto' ? null : approval.channel,
    reminders: remindersOf(approval)
  }
}

const remindersOf = (approval: Rule['approval']): RuleFacts['reminders'] => {
  if (approval.kind !== 'people' || approval.reminders === undefined) return null
  const { remindAfter, escalate } = approval.reminders
  return { remindAfter, escalateAfter: escalate?.after ?? null }
}

const escalateTo = (approval: Rule['approval'] | null): readonly SubjectRef[] =>
  approval?.kind === 'people' ? (approval.reminders?.escalate?.to ?? []) : []

const demands = (signIn: SignIn | null): boolean =>
  signIn !== null && (signIn.within !== null || signIn.acr !== null || signIn.amr.length > 0)

// of one loaded policy, so that a thousand cards do not walk the whole directory each
const rulesByPolicy = new WeakMap<Policy, ReadonlyMap<string, Rule>>()
const peopleByPolicy = new WeakMap<Policy, Map<string, readonly PersonId[]>>()

const rulesOf = (policy: Policy): ReadonlyMap<string, Rule> => {
  const known = rulesByPolicy.get(policy)
  if (known !== undefined) return known
  const made = new Map(policy.rules.map((rule) => [rule.id, rule]))
  rulesByPolicy.set(policy, made)
  return made
}

const peopleOf = (policy: Policy, refs: readonly SubjectRef[]): readonly PersonId[] => {
  const known = peopleByPolicy.get(policy) ?? new Map<string, readonly PersonId[]>()
  peopleByPolicy.set(policy, known)
  const key = refs.map(printRef).join(' ')
  const found =
    known.get(key) ??
    [...policy.people.values()]
      .flatMap((person) => (person.active && isAmong(person, refs) ? [person.id] : []))
      .toSorted()
  known.set(key, found)
  return found
}
