/**
 * The document of an organisation: people, groups, roles, rules and denies. A file may hold any of
 * these keys; lists in several files add up. An unknown key is refused everywhere.
 */
import { type Static, Type } from 'typebox'
import { closed, flag, id, list, ref, set, some, text } from './forms.ts'
import { DenyDocument, RuleDocument } from './rule-schema.ts'

const SlackDocument = Type.Object(
  {
    team: text(
      'The workspace or Enterprise Grid organisation',
      '^[TE][A-Z0-9]{2,20}$',
      'a Slack team id such as T0123ABC'
    ),
    user: text('The member', '^[UW][A-Z0-9]{2,20}$', 'a Slack user id such as U0123ABC')
  },
  { ...closed, description: 'a mapping of team and user' }
)

export const PersonDocument = Type.Object(
  {
    id: id('The person'),
    emails: Type.Optional(
      set(
        'For notices; and to find a Slack account, where SALLYPORT_SLACK_MATCH_EMAIL says so',
        text('An address', '^[!-?A-~]+@[!-?A-~]+$', 'an e-mail address in ASCII', 254),
        'a list of addresses'
      )
    ),
    subjects: Type.Optional(
      some(
        'The `sub` values of this human’s tokens; left out: the id',
        // OpenID Connect Core 1.0 section 2: `sub` has at most 255 ASCII characters
        text('A subject', '^[!-~]+$', '1 to 255 ASCII characters, the `sub` of a token', 255),
        'a list'
      )
    ),
    slack: Type.Optional(
      set('The Slack accounts of this human', SlackDocument, 'a list of team and user')
    ),
    groups: Type.Optional(
      set('The groups this person is in', id('A group'), 'a list of groups')
    ),
    active: Type.Optional(flag('false: no rights at all; default true'))
  },
  { ...closed, description: 'a mapping of id, subjects, slack, emails, groups and active' }
)

export const GroupDocument = Type.Object(
  {
    id: id('The group'),
    includes: Type.Optional(
      some('Groups whose members are in it too', id('A group'), 'a list of groups')
    )
  },
  { ...closed, description: 'a mapping of id and includes' }
)

const holders = (title: string) =>
  Type.Optional(set(title, ref('A person or a group'), 'a list of person:ID or group:NAME'))

export const RolesDocument = Type.Object(
  {
    auditor: holders('Who reads the ledger'),
    operator: holders('Who keeps the broker running'),
    security: holders('Who ends anybody’s elevation')
  },
  {
    ...closed,
    title: 'Duties apart from rules',
    description: 'a mapping of auditor, operator and security'
  }
)

/** Everything but targets, guardrails and tests. */
export const OrganisationDocument = Type.Object(
  {
    people: Type.Optional(list('Who there is', PersonDocument)),
    groups: Type.Optional(list('Groups of people', GroupDocument)),
    roles: Type.Optional(RolesDocument),
    rules: Type.Optional(list('Who may ask for what', RuleDocument)),
    deny: Type.Optional(list('What overrides every rule', DenyDocument))
  },
  {
    ...closed,
    title: 'People, groups, roles, rules and denies',
    description: 'a mapping of people, groups, roles, rules and deny'
  }
)

export type PersonDocument = Static<typeof PersonDocument>
export type GroupDocument = Static<typeof GroupDocument>
export type RolesDocument = Static<typeof RolesDocument>
