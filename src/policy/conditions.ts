/**
 * The conditions of a rule, each a function from a question to what was seen and what would meet
 * it. A condition that throws has the outcome `failed`, which denies just as `unmet` does but is
 * never mistaken for it.
 */
import { printDuration } from '../elevation/duration.ts'
import type { Ask } from '../elevation/elevation.ts'
import type { Instant } from '../elevation/ids.ts'
import type { Reason } from '../elevation/refusal.ts'
import { type Target, tablesOf } from '../elevation/target.ts'
import { matchesGlob } from './glob.ts'
import type { Person, Rule } from './policy.ts'

/** What is asked for; who asks is given beside it. */
export type AskFor = Omit<Ask, 'requester'>

/** All a condition may look at. */
export type Question = {
  readonly person: Person
  readonly target: Target
  readonly ask: AskFor
  readonly rule: Rule
  readonly now: Instant
}

export type Finding = { readonly met: boolean; readonly message: string }

export type ConditionName = 'duration' | 'reason' | 'ticket' | 'tables' | 'columns'

/** Every condition a rule sets beyond who may ask, in the order they are told. */
export const conditionNames: readonly ConditionName[] = [
  'duration',
  'reason',
  'ticket',
  'tables',
  'columns'
]

/** Evaluates one condition of a rule; never throws. */
export const checkCondition = (name: ConditionName, question: Question): Reason =>
  guarded(question.rule.id, name, () => conditions[name](question))

/** Runs one evaluation; whatever it throws becomes the outcome `failed`, without its text. */
export const guarded = (
  rule: string | null,
  condition: string,
  evaluate: () => Finding
): Reason => {
  try {
    const { met, message } = evaluate()
    return { outcome: met ? 'met' : 'unmet', rule, condition, message }
  } catch {
    return {
      outcome: 'failed',
      rule,
      condition,
      message: `${condition} could not be evaluated, which denies; tell an operator`
    }
  }
}

const conditions: Readonly<Record<ConditionName, (question: Question) => Finding>> = {
  duration: ({ ask, rule }) => ({
    met: ask.duration <= rule.maxDuration,
    message: `asked for ${printDuration(ask.duration)}, at most ${printDuration(rule.maxDuration)}`
  }),

  reason: ({ ask, rule }) => {
    const length = visibleLength(ask.reason)
    return {
      met: length >= rule.reasonMinLength,
      message: `the reason has ${length} characters, at least ${rule.reasonMinLength} are needed`
    }
  },

  ticket: ({ ask, rule }) => {
    if (rule.ticket === null) return { met: true, message: 'no ticket is needed' }
    if (ask.ticket === null || ask.ticket === '') {
      return { met: false, message: `a ticket like ${rule.ticket.text} is needed` }
    }
    return {
      met: matchesGlob(rule.ticket, ask.ticket),
      message: `the ticket must look like ${rule.ticket.text}`
    }
  },

  tables: ({ ask, target }) => {
    const known = tablesOf(target)
    if (ask.tables.length === 0) return { met: false, message: 'name at least one table' }
    const strange = ask.tables.filter((table) => !known.includes(table))
    if (strange.length === 0) return { met: true, message: `all within ${target.id}` }
    return {
      met: false,
      message: `not in ${target.id}: ${strange.join(', ')}; it has ${known.join(', ')}`
    }
  },

  columns: ({ ask }) => {
    if (ask.columns === null) return { met: true, message: 'every column of the tables' }
    if (ask.columns.length === 0) return { met: false, message: 'name at least one column' }
    const strange = ask.columns.filter((column) => !ask.tables.some((t) => isColumnOf(t, column)))
    if (strange.length === 0) return { met: true, message: 'all within the tables asked for' }
    return { met: false, message: `not a column of the tables asked for: ${strange.join(', ')}` }
  }
}

/** Code points, with white space, control and invisible format characters not counted. */
const visibleLength = (text: string): number => text.match(/[^\s\p{C}\p{Z}]/gu)?.length ?? 0

/** `db.table.column` by its form: a target lists its classified columns, not all of them. */
const isColumnOf = (table: string, column: string): boolean =>
  column.startsWith(`${table}.`) && /^[a-z0-9_]{1,255}$/.test(column.slice(table.length + 1))
