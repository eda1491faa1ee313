/**
 * The conditions of a rule, each a function from a question to what was seen and what would meet
 * it. A condition that throws has the outcome `failed`, which denies just as `unmet` does but is
 * never mistaken for it. What a rule does not set and what a stage cannot know is not told.
 */
import { printDuration } from '../elevation/duration.ts'
import type { Ask } from '../elevation/elevation.ts'
import { plus, seconds } from '../elevation/ids.ts'
import type { Reason } from '../elevation/refusal.ts'
import { type Target, tablesOf } from '../elevation/target.ts'
import { type Finding, activeCap, autoCap, dayCap, pendingCap, reviewCap } from './caps.ts'
import { type Circumstances, hourOf } from './circumstances.ts'
import { gateReasons } from './gate.ts'
import { matchesGlob } from './glob.ts'
import type { Rule } from './policy.ts'
import { printSignIn, signInFaults } from './sign-in.ts'
import { isOpen, printWindows } from './when.ts'

/** What is asked for; who asks is given beside it. */
export type AskFor = Omit<Ask, 'requester'>

/** All a condition may look at. */
export type Question = {
  readonly target: Target
  readonly ask: AskFor
  readonly rule: Rule
  readonly circumstances: Circumstances
}

/** What a rule sets beyond who may ask. Told beside them: `requesters`, `rule`, `route`, `deny`. */
export type ConditionName =
  | 'when'
  | 'via'
  | 'signIn'
  | 'duration'
  | 'startAt'
  | 'extensions'
  | 'reason'
  | 'ticket'
  | 'tables'
  | 'columns'
  | 'pending'
  | 'active'
  | 'perDay'
  | 'autoPerDay'
  | 'review'
  | 'posture'

/** Every condition the rule sets and the stage can know, in one fixed order; never throws. */
export const checkConditions = (question: Question): readonly Reason[] => {
  const reasons: Reason[] = []
  for (const [name, evaluate] of conditions) {
    const reason = guarded(question.rule.id, name, () => evaluate(question))
    if (reason !== null) reasons.push(reason)
  }
  return [...reasons, ...posture(question)]
}

/**
 * Runs one evaluation; whatever it throws becomes the outcome `failed`, without its text. Null
 * where the evaluation has nothing to say.
 */
export const guarded = (
  rule: string | null,
  condition: string,
  evaluate: () => Finding | null
): Reason | null => {
  try {
    const finding = evaluate()
    if (finding === null) return null
    return { outcome: finding.met ? 'met' : 'unmet', rule, condition, message: finding.message }
  } catch {
    return failed(rule, condition)
  }
}

/** What is told of an evaluation that threw. */
export const failed = (rule: string | null, condition: string): Reason => ({
  outcome: 'failed',
  rule,
  condition,
  message: `${condition} could not be evaluated, which denies; tell an operator`
})

type Condition = (question: Question) => Finding | null

const when: Condition = ({ ask, rule, circumstances }) => {
  if (rule.when.length === 0) return null
  const at = hourOf(ask, circumstances)
  const then = at > circumstances.now ? ' then' : ''
  return { met: isOpen(rule.when, at), message: `open ${printWindows(rule.when, at)}${then}` }
}

const via: Condition = ({ rule, circumstances: { stage } }) =>
  stage.kind === 'ask'
    ? {
        met: rule.via.has(stage.presence.via),
        message: `asked from ${stage.presence.via}, may be asked from ${[...rule.via].join(', ')}`
      }
    : null

const signIn: Condition = ({ rule, circumstances: { now, stage } }) => {
  if (rule.signIn === null || stage.kind === 'vote' || stage.kind === 'vend') return null
  const faults = signInFaults(rule.signIn, stage.presence, now)
  return faults.length === 0
    ? { met: true, message: `your sign-in is as needed: ${printSignIn(rule.signIn)}` }
    : { met: false, message: `sign in again: ${faults.join('; ')}` }
}

/** Once asked, a maximum that has become shorter cuts the window and denies nothing. */
const duration: Condition = ({ ask, rule, circumstances: { stage } }) => {
  const fits = ask.duration <= rule.maxDuration
  const [asked, most] = [printDuration(ask.duration), printDuration(rule.maxDuration)]
  return stage.kind === 'ask' || fits
    ? { met: fits, message: `asked for ${asked}, at most ${most}` }
    : { met: true, message: `asked for ${asked}, cut to ${most}` }
}

/** Whatever lies ahead may be too far ahead; once the start has come there is nothing to say. */
const startAt: Condition = ({ ask, rule, circumstances: { now } }) => {
  if (ask.startAt === undefined || ask.startAt <= now) return null
  if (rule.startAhead === undefined) {
    return { met: false, message: 'no start may be scheduled; ask when you need it' }
  }
  const ahead = printDuration(seconds(Math.min(Math.ceil((ask.startAt - now) / 1000), decade)))
  const most = printDuration(rule.startAhead)
  return {
    met: ask.startAt <= plus(now, rule.startAhead),
    message: `the start is ${ahead} ahead, at most ${most} ahead may be`
  }
}

/** in seconds; nothing further ahead is told to the second */
const decade = 315_360_000

/** How many windows in a row may go on from each other: the first is no extension. */
const extensions: Condition = ({ ask, rule }) => {
  if (ask.extends === undefined) return null
  const most = rule.extensions ?? 1
  const before = ask.extends.place - 2
  return {
    met: before < most,
    message: `${before} extensions in this chain before, with this one at most ${most} may be`
  }
}

const reason: Condition = ({ ask, rule }) => {
  const length = visibleLength(ask.reason)
  return {
    met: length >= rule.reasonMinLength,
    message: `the reason has ${length} characters, at least ${rule.reasonMinLength} are needed`
  }
}

const ticket: Condition = ({ ask, rule }) => {
  if (rule.ticket === null) return null
  if (ask.ticket === null || ask.ticket === '') {
    return { met: false, message: `a ticket like ${rule.ticket.text} is needed` }
  }
  return {
    met: matchesGlob(rule.ticket, ask.ticket),
    message: `the ticket must look like ${rule.ticket.text}`
  }
}

const tables: Condition = ({ ask, target }) => {
  const known = tablesOf(target)
  if (ask.tables.length === 0) return { met: false, message: 'name at least one table' }
  const strange = ask.tables.filter((table) => !known.includes(table))
  if (strange.length === 0) return { met: true, message: `all tables are within ${target.id}` }
  return {
    met: false,
    message: `not in ${target.id}: ${strange.join(', ')}; it has ${known.join(', ')}`
  }
}

const columns: Condition = ({ ask }) => {
  if (ask.columns === null) return { met: true, message: 'every column of the tables' }
  if (ask.columns.length === 0) return { met: false, message: 'name at least one column' }
  const strange = ask.columns.filter((column) => !ask.tables.some((t) => isColumnOf(t, column)))
  if (strange.length === 0) return { met: true, message: 'all within the tables asked for' }
  return { met: false, message: `not a column of the tables asked for: ${strange.join(', ')}` }
}

const pending: Condition = ({ rule, circumstances: { stage } }) =>
  stage.kind === 'ask' ? pendingCap(rule, stage.standing) : null

const active: Condition = ({ rule, circumstances: { stage } }) =>
  stage.kind === 'ask' || stage.kind === 'start' ? activeCap(rule, stage.standing) : null

const perDay: Condition = ({ ask, rule, circumstances: { stage } }) =>
  stage.kind === 'ask' ? dayCap(rule, stage.standing, ask.duration) : null

const autoPerDay: Condition = ({ rule, circumstances: { stage } }) =>
  stage.kind === 'ask' ? autoCap(rule, stage.standing) : null

const review: Condition = ({ rule, circumstances: { stage } }) =>
  stage.kind === 'ask' ? reviewCap(rule, stage.standing) : null

const conditions: readonly (readonly [ConditionName, Condition])[] = [
  ['when', when],
  ['via', via],
  ['signIn', signIn],
  ['duration', duration],
  ['startAt', startAt],
  ['extensions', extensions],
  ['reason', reason],
  ['ticket', ticket],
  ['tables', tables],
  ['columns', columns],
  ['pending', pending],
  ['active', active],
  ['perDay', perDay],
  ['autoPerDay', autoPerDay],
  ['review', review]
]

/** Several findings are several reasons: each has its own mend. */
const posture = ({ rule, target, circumstances }: Question): readonly Reason[] => {
  if (rule.posture === undefined) return []
  const { now, stage, posture: seen = null } = circumstances
  try {
    const gate = rule.posture
    return gateReasons({ gate, rule: rule.id, target: target.id, seen, now, stage: stage.kind })
  } catch {
    return [failed(rule.id, 'posture')]
  }
}

/** Code points, with white space, control and invisible format characters not counted. */
const visibleLength = (text: string): number => {
  let count = 0
  for (const char of text) if (isAsciiGraph(char) || /[^\s\p{C}\p{Z}]/u.test(char)) count += 1
  return count
}

const isAsciiGraph = (char: string): boolean => char > ' ' && char < '\x7f'

/** `db.table.column` by its form: a target lists its classified columns, not all of them. */
const isColumnOf = (table: string, column: string): boolean =>
  column.startsWith(`${table}.`) && /^[a-z0-9_]{1,255}$/.test(column.slice(table.length + 1))
