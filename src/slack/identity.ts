/**
 * Whose Slack account it is. A team and user id is a person by the directory's mapping; by a
 * confirmed e-mail only where configured and where nothing is mapped. What Slack says of the
 * account is asked anew each time, and nothing about it is remembered: other workspaces, bots,
 * guests, strangers and deactivated accounts are nobody here, and so is everybody Slack cannot tell
 * us about.
 */
import type { Broker } from '../broker/broker.ts'
import type { PersonId } from '../elevation/ids.ts'
import { personBySlack } from '../policy/people.ts'
import type { Policy } from '../policy/policy.ts'
import type { Account } from './payloads.ts'
import type { SlackClient, SlackUser } from './slack-client.ts'

/** Why an account is nobody; the ledger has it where the account is mapped to a person. */
export type AccountFault =
  | 'slack_other_team'
  | 'slack_deactivated'
  | 'slack_bot'
  | 'slack_guest'
  | 'slack_stranger'
  | 'slack_unreachable'
  | 'unknown_person'

export type Identified =
  | { readonly ok: true; readonly person: PersonId }
  | {
      readonly ok: false
      readonly code: AccountFault
      /** what to do about it, for whoever acted */
      readonly words: string
      /** the person the account is mapped to, where it is; it has no rights by this account */
      readonly mapped: PersonId | null
    }

export type IdentityParts = {
  readonly broker: Pick<Broker, 'identifySlack'>
  readonly policy: () => Policy
  readonly client: Pick<SlackClient, 'user'>
  /** the one workspace that is believed */
  readonly team: string
  readonly matchEmail: boolean
}

/** Looks at the account as it is at this moment. */
export const identify = async (parts: IdentityParts, account: Account): Promise<Identified> => {
  const { team, user } = account
  const policy = parts.policy()
  const mapped = team === null ? null : (personBySlack(policy, { team, user })?.id ?? null)
  const nobody = (code: AccountFault): Identified => ({
    ok: false,
    code,
    words: words[code],
    mapped
  })
  if (team !== parts.team || (account.home !== null && account.home !== team)) {
    return nobody('slack_other_team')
  }
  const found = await parts.client.user(user)
  if (!found.ok) return nobody(isAbsent(found.fault) ? 'slack_stranger' : 'slack_unreachable')
  const fault = faultOf(found.value, { team, user })
  if (fault !== null) return nobody(fault)
  const email =
    parts.matchEmail && !policy.bySlack.has(`${team}/${user}`) ? found.value.email : null
  const person = parts.broker.identifySlack({ team, user, email })
  if (!person.ok) return nobody('unknown_person')
  // whoever has an account in this team is that account, and no other that shows the same address
  const isByEmail = mapped === null
  if (isByEmail && accountsIn(policy, person.value, team) > 0) return nobody('unknown_person')
  return { ok: true, person: person.value }
}

type Fault = { readonly kind: string; readonly code?: string }

/** Slack's word for an account that it does not show to this workspace. */
const isAbsent = (fault: Fault): boolean =>
  fault.kind === 'refused' && (fault.code === 'user_not_found' || fault.code === 'user_not_visible')

const faultOf = (
  user: SlackUser,
  asked: { readonly team: string; readonly user: string }
): AccountFault | null => {
  if (user.isStranger) return 'slack_stranger'
  if (user.id !== asked.user || user.team !== asked.team) return 'slack_other_team'
  if (user.isDeleted) return 'slack_deactivated'
  if (user.isBot) return 'slack_bot'
  return user.isGuest ? 'slack_guest' : null
}

const accountsIn = (policy: Policy, person: PersonId, team: string): number =>
  policy.people.get(person)?.slack.filter((one) => one.team === team).length ?? 0

const words: Readonly<Record<AccountFault, string>> = {
  slack_other_team:
    'Your account belongs to another Slack workspace than the one Sallyport believes. ' +
    'Do it there, or with the sallyport command.',
  slack_deactivated: 'Your Slack account is deactivated. Ask a workspace admin.',
  slack_bot: 'Apps and workflows decide nothing here. A person has to do it.',
  slack_guest:
    'Guest accounts decide nothing here. Ask a workspace admin for a full account, ' +
    'or use the sallyport command.',
  slack_stranger:
    'Accounts of other organisations decide nothing here. Use an account of this workspace.',
  slack_unreachable:
    'Slack could not tell who you are, so nothing was done. Try again in a minute, ' +
    'or use the sallyport command, which does not need Slack.',
  unknown_person:
    'Your Slack account is nobody in the directory. Ask whoever keeps policies/people.yaml ' +
    'to add it to your entry.'
}
