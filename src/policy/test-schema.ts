/**
 * The document of policy tests: an ask at a moment, and what the decision must be. Tests change no
 * decision and are no part of the digest.
 */
import { type Static, Type } from 'typebox'
import type { ConditionName } from './conditions.ts'
import { findingCodes, severities } from './finding-codes.ts'
import { closed, count, flag, id, length, list, qualifiedTable, set, text } from './forms.ts'

const optional = Type.Optional
const qualifiedColumn = text(
  'A column',
  '^[a-z0-9_][a-z0-9_-]{0,254}[.][a-z0-9_][a-z0-9_-]{0,254}[.][a-z0-9_]{1,255}$',
  'database.table.column'
)
const claim = (title: string) =>
  text(title, '^[!-~]{1,255}$', '1 to 255 ASCII characters, no blank')

const momentForm =
  '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(?::[0-9]{2})?(?:Z|[+-][0-9]{2}:[0-9]{2})$'
const moment = 'a moment with its offset, such as 2026-11-21T10:15:00Z'

const conditions = [
  'requesters',
  'deny',
  'rule',
  'route',
  'when',
  'via',
  'signIn',
  'duration',
  'startAt',
  'extensions',
  'reason',
  'ticket',
  'tables',
  'columns',
  'pending',
  'active',
  'perDay',
  'autoPerDay',
  'review',
  'posture'
] as const satisfies readonly (ConditionName | 'requesters' | 'deny' | 'rule' | 'route')[]

const AskDocument = Type.Object(
  {
    target: id('What is asked for'),
    duration: length('For how long'),
    reason: optional(Type.String({ title: 'Why', description: 'a text', maxLength: 2000 })),
    ticket: optional(Type.String({ title: 'The ticket', description: 'a text', maxLength: 100 })),
    tables: optional(
      set('Left out: every table', qualifiedTable('A table'), 'a list of database.table')
    ),
    columns: optional(
      set('Left out: every column', qualifiedColumn, 'a list of database.table.column')
    ),
    breakGlass: optional(flag('Whether it is asked as an emergency; default no')),
    startAt: optional(text('When its window may start, in quotes', momentForm, moment))
  },
  { ...closed, title: 'The ask', description: 'a mapping of target, duration and what else' }
)

const SignInDocument = Type.Object(
  {
    ago: optional(length('How long ago (auth_time); left out: the token does not say')),
    acr: optional(claim('acr')),
    amr: optional(set('amr', claim('A value'), 'a list'))
  },
  {
    ...closed,
    title: 'What the token says of the sign-in; left out: there is no token',
    description: 'a mapping of ago, acr and amr'
  }
)

const HasDocument = Type.Object(
  {
    pending: optional(count('Undecided asks on all targets', 0, 1_000_000)),
    open: optional(count('Elevations on the target that are not over', 0, 1_000_000)),
    secondsInDay: optional(length('Windows on the target within 24 hours, added up')),
    autoInDay: optional(count('Approved by a rule itself within 24 hours', 0, 1_000_000)),
    unreviewed: optional(flag('Whether a break-glass elevation waits for its review; default no'))
  },
  {
    ...closed,
    title: 'What the person has already; left out: nothing',
    description: 'a mapping of pending, open, secondsInDay, autoInDay and unreviewed'
  }
)

const FindingsDocument = Type.Union(
  [
    Type.Literal('unknown', { title: 'Nothing is known of it', description: 'unknown' }),
    list(
      'What was found on the target, looked at that moment',
      Type.Object(
        {
          finding: Type.Enum([...findingCodes], {
            title: 'What was found',
            description: 'the code of a finding'
          }),
          severity: Type.Enum([...severities], {
            title: 'How bad it is',
            description: severities.join(', ')
          })
        },
        { ...closed, description: 'a mapping of finding and severity' }
      )
    )
  ],
  {
    title: 'What is out of line on the target; left out: nothing',
    description: 'a list of finding and severity, or unknown'
  }
)

const ExpectDocument = Type.Object(
  {
    decision: Type.Enum(['needs_approval', 'approved', 'deny'], {
      title: 'The decision',
      description: 'needs_approval, approved or deny'
    }),
    rule: optional(id('The rule that decides, or came closest; left out: not looked at')),
    approvers: optional(
      set('Exactly who may approve; left out: not looked at', id('A person'), 'a list of people')
    ),
    unmet: optional(
      set(
        'Conditions that are among the unmet',
        Type.Enum([...conditions], { description: conditions.join(', ') }),
        'a list of conditions'
      )
    )
  },
  { ...closed, title: 'What must come of it', description: 'a mapping of decision and what else' }
)

export const TestDocument = Type.Object(
  {
    name: Type.String({
      title: 'A sentence',
      description: '1 to 200 characters',
      minLength: 1,
      maxLength: 200
    }),
    at: text('When it is asked, in quotes', momentForm, moment),
    as: id('Who asks'),
    via: optional(
      Type.Enum(['slack', 'console', 'cli'], {
        title: 'Where from; default cli',
        description: 'slack, console or cli'
      })
    ),
    ask: AskDocument,
    signIn: optional(SignInDocument),
    has: optional(HasDocument),
    findings: optional(FindingsDocument),
    expect: ExpectDocument
  },
  { ...closed, description: 'a mapping of name, at, as, ask and expect' }
)

/** A file of tests holds nothing else. */
export const TestsDocument = Type.Object(
  { tests: list('What decisions must be', TestDocument) },
  { ...closed, title: 'Policy tests', description: 'a mapping of tests' }
)

export type TestDocument = Static<typeof TestDocument>
