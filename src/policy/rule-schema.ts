/**
 * The documents of rules and denies. What the schema cannot see (a window that never opens, a
 * quorum nobody can reach) is judged in `rules.ts`, `when-documents.ts` and `approval-issues.ts`.
 */
import { type Static, Type } from 'typebox'
import { findingCodes } from './finding-codes.ts'
import { closed, count, flag, id, length, refs, some, text } from './forms.ts'

const Days = some(
  'The days; left out: every day',
  Type.Enum(['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'], {
    description: 'mon, tue, wed, thu, fri, sat or sun'
  }),
  'a list of at least one of mon, tue, wed, thu, fri, sat and sun'
)

const WindowDocument = Type.Object(
  {
    days: Type.Optional(Days),
    hours: Type.Optional(
      text(
        'From and to, within one day; left out: the whole day',
        '^(?:[01][0-9]|2[0-3]):[0-5][0-9]-(?:(?:[01][0-9]|2[0-3]):[0-5][0-9]|24:00)$',
        '"HH:MM-HH:MM" in quotes, such as "08:00-18:00", up to 24:00'
      )
    ),
    zone: Type.Optional(
      text(
        'The zone whose wall clock counts; left out: UTC',
        '^[A-Za-z][A-Za-z0-9_+/-]{0,63}$',
        'a zone of the IANA time zone database, such as Europe/Berlin'
      )
    )
  },
  { ...closed, description: 'a mapping of days, hours and zone' }
)

const When = Type.Union(
  [
    WindowDocument,
    Type.Array(WindowDocument, {
      minItems: 1,
      maxItems: 50,
      description: 'a list of at least one window'
    })
  ],
  {
    title: 'The times of the week; left out: always',
    description: 'a mapping of days, hours and zone, or a list of these'
  }
)

const via = (title: string) =>
  some(
    title,
    Type.Enum(['slack', 'console', 'cli'], { description: 'slack, console or cli' }),
    'a list of at least one of slack, console and cli'
  )

const words = (title: string) =>
  some(
    title,
    text('A value of the claim', '^[!-~]{1,255}$', '1 to 255 ASCII characters, no blank'),
    'a list of at least one value'
  )

const SignInDocument = Type.Object(
  {
    within: Type.Optional(length('How long ago the sign-in may be at most (auth_time)')),
    acr: Type.Optional(words('The sign-in has one of these (acr)')),
    amr: Type.Optional(words('The sign-in has all of these (amr)'))
  },
  {
    ...closed,
    title: 'What the sign-in must be, as the token says it',
    description: 'a mapping of at least one of within, acr and amr',
    minProperties: 1
  }
)

const channel = Type.Optional(
  text(
    'The Slack channel where it is announced; left out: people are told one by one',
    '^[CG][A-Z0-9]{2,20}$',
    'a Slack channel id such as C0123ABC'
  )
)

const votes = {
  within: length('An ask not decided by then lapses'),
  via: Type.Optional(via('Where a vote may come from; left out: anywhere')),
  signIn: Type.Optional(SignInDocument),
  membershipAsOf: Type.Optional(
    Type.Enum(['request', 'now'], {
      title: 'request (default): who joins the approvers after the ask may not decide it',
      description: 'request or now'
    })
  ),
  noReciprocalWithin: Type.Optional(
    length('No vote from somebody whose own ask the requester approved within this length')
  ),
  remindAfter: Type.Optional(length('An undecided ask is told again after that')),
  escalateAfter: Type.Optional(length('An undecided ask is told to escalateTo after that')),
  escalateTo: Type.Optional(refs('Who is told then; it lets nobody decide who could not before')),
  channel
}
const quorum = count('How many different people must approve', 1, 20)

const ListApproval = Type.Object(
  { from: refs('Who may approve; never the requester'), quorum, ...votes },
  { ...closed, title: 'So many people out of one list', description: 'an approval by people' }
)

const SetsApproval = Type.Object(
  {
    from: Type.Object(
      {
        allOf: Type.Array(
          Type.Object(
            {
              of: refs('Who may approve for this set'),
              atLeast: count('How many of them must', 1, 20)
            },
            { ...closed, description: 'a mapping of of and atLeast' }
          ),
          {
            title: 'Every one of these sets must approve, each by people of its own',
            description: 'a list of 1 to 6 sets',
            minItems: 1,
            maxItems: 6
          }
        )
      },
      {
        ...closed,
        title: 'Who may approve; never the requester',
        description: 'a list of people and groups, or a mapping of allOf'
      }
    ),
    quorum: Type.Optional(quorum),
    ...votes
  },
  { ...closed, title: 'So many people out of each set', description: 'an approval by people' }
)

const AutoApproval = Type.Object(
  {
    auto: Type.Literal(true, { title: 'Approved as soon as asked', description: 'true' }),
    perDay: count('How often per person and target within 24 hours', 1, 100)
  },
  { ...closed, title: 'Nobody approves', description: 'a mapping of auto and perDay' }
)

const BreakGlass = Type.Object(
  {
    breakGlass: Type.Literal(true, {
      title: 'For emergencies: approved at once, reviewed after',
      description: 'true'
    }),
    notify: refs('Everybody who is told at once'),
    review: refs('Who may review it; the next one waits until somebody else has'),
    channel
  },
  { ...closed, title: 'Break glass', description: 'a mapping of breakGlass, notify and review' }
)

const PostureGateDocument = Type.Object(
  {
    block: Type.Union(
      [
        Type.Enum(['critical', 'high', 'medium'], { description: 'critical, high or medium' }),
        some(
          'The codes of findings',
          Type.Enum([...findingCodes], { description: 'the code of a finding' }),
          'a list of at least one code'
        )
      ],
      {
        title: 'Findings of this severity or worse, or of these codes, unless they are waived',
        description: 'critical, high or medium; or a list of codes of findings'
      }
    ),
    within: Type.Optional(
      length('How long ago the target may have been looked at at most; default 1h')
    )
  },
  {
    ...closed,
    title: 'Findings on the target that keep it from being asked for and started',
    description: 'a mapping of block and within'
  }
)

const Require = Type.Object(
  {
    reason: Type.Optional(
      Type.Object(
        { minLength: count('Visible characters at least', 1, 500) },
        { ...closed, title: 'The reason', description: 'a mapping of minLength' }
      )
    ),
    ticket: Type.Optional(
      Type.String({
        title: 'What the ticket must look like; left out: none is needed',
        description: 'literal text, <digits>, <letters> and *, of 1 to 100 ASCII characters'
      })
    ),
    signIn: Type.Optional(SignInDocument),
    posture: Type.Optional(PostureGateDocument)
  },
  {
    ...closed,
    title: 'What an ask must have',
    description: 'a mapping of reason, ticket, signIn, posture'
  }
)

const Caps = Type.Object(
  {
    pending: Type.Optional(count('Undecided asks of one person at a time; default 10', 1, 1000)),
    active: Type.Optional(count('At a time per person and target; default 1', 1, 1000)),
    perDay: Type.Optional(length('Windows of one person on one target within 24 hours, added up'))
  },
  { ...closed, title: 'How much at most', description: 'a mapping of pending, active and perDay' }
)

const targets = (title: string) =>
  some(title, id('A target'), 'a list of at least one target')

export const RuleDocument = Type.Object(
  {
    id: id('In every decision and ledger entry'),
    targets: targets('What may be asked for'),
    requesters: refs('Who may ask'),
    maxDuration: length('The longest window'),
    activateWithin: length('An approval not used by then lapses; counted from a scheduled start'),
    startAhead: Type.Optional(
      length('How far ahead a start may be scheduled; left out: none may be')
    ),
    extensions: Type.Optional(
      count('Extensions of one window in a row, each asked and approved anew; default 1', 0, 20)
    ),
    mode: Type.Optional(
      Type.Enum(['brokered', 'credentials'], {
        title: 'Who holds the credentials: the broker (brokered, default) or the asker',
        description: 'brokered or credentials'
      })
    ),
    when: Type.Optional(When),
    via: Type.Optional(via('Where it may be asked; left out: anywhere')),
    require: Type.Optional(Require),
    caps: Type.Optional(Caps),
    approval: Type.Union([ListApproval, SetsApproval, AutoApproval, BreakGlass], {
      title: 'Who decides',
      description: 'a mapping: from, quorum and within; or auto and perDay; or breakGlass'
    }),
    guardrail: Type.Optional(id('The guardrail that says what queries may read')),
    endAfterRefusals: Type.Optional(
      count('So many refused queries end a brokered elevation; left out: they are counted', 1, 1000)
    ),
    revokeOnChange: Type.Optional(
      flag('Whether what runs ends when a new policy gives less; default no')
    )
  },
  { ...closed, description: 'a mapping: who may ask for which targets, approved by whom' }
)

export const DenyDocument = Type.Object(
  {
    id: id('In every decision it makes; no rule has the same'),
    requesters: refs('Whom it refuses'),
    targets: Type.Optional(targets('For which targets; left out: every target')),
    when: Type.Optional(When)
  },
  { ...closed, description: 'a mapping of id, requesters, targets and when' }
)

export type RuleDocument = Static<typeof RuleDocument>
export type DenyDocument = Static<typeof DenyDocument>
export type ApprovalDocument = RuleDocument['approval']
export type WindowDocument = Static<typeof WindowDocument>
export type WhenDocument = Static<typeof When>
export type SignInDocument = Static<typeof SignInDocument>
