/**
 * `policy explain`: the decision on an ask with every reason, the people and what comes with it.
 * The person is taken to have nothing asked for and nothing open yet.
 */
import { parseDuration, printDuration } from '../elevation/duration.ts'
import { type Instant, instant, iso, parsePersonId, parseTargetId } from '../elevation/ids.ts'
import type { Reason } from '../elevation/refusal.ts'
import { tablesOf } from '../elevation/target.ts'
import { seenOf } from '../broker/posture-gate.ts'
import type { Circumstances, Presence } from '../policy/circumstances.ts'
import { type Explanation, type Obligations, explain } from '../policy/explain.ts'
import { hint } from '../policy/issue.ts'
import type { SeenPosture } from '../policy/gate.ts'
import type { Policy } from '../policy/policy.ts'
import { printSignIn } from '../policy/sign-in.ts'
import { isOpen } from '../posture/finding.ts'
import { judge } from '../posture/judge.ts'
import { sceneOf } from '../posture/scene.ts'
import { type ExitCode, exits } from './exit.ts'
import { counted } from './policy-check.ts'
import { policyIn } from './policy-loaded.ts'
import { factsIn } from './posture-scene.ts'
import { type Terminal, paint, wrap } from './terminal.ts'

export type ExplainOptions = {
  readonly as: string
  readonly target: string
  readonly duration: string
  readonly reason: string
  readonly ticket?: string
  readonly tables?: readonly string[]
  readonly columns?: readonly string[]
  readonly via: string
  readonly at?: string
  readonly start?: string
  readonly breakGlass?: boolean
  readonly signInAgo?: string
  readonly acr?: string
  readonly amr?: readonly string[]
  /** a saved snapshot; absent: what is out of line is not known */
  readonly facts?: string
  readonly policies: string
  /** epoch milliseconds */
  readonly now: number
}

/** Exit 0 where it would be let through, 1 where denied, 2 for bad options, 78 for bad policies. */
export const policyExplain = async (to: Terminal, options: ExplainOptions): Promise<ExitCode> => {
  const { as, ticket, columns, breakGlass = false } = options
  const at = instantOf(options.at, options)
  const startAt = options.start === undefined ? null : instantOf(options.start, options)
  const duration = parseDuration(options.duration)
  const id = parseTargetId(options.target)
  if (at === null) return usage(to, '--at is UTC like 2026-11-21T10:15:00Z')
  if (options.start !== undefined && startAt === null) {
    return usage(to, '--start is UTC like 2026-11-21T10:15:00Z')
  }
  if (duration === null) return usage(to, '--duration is a length with its unit: 45m, 2h or PT2H')
  if (id === null) return usage(to, '--target is the id of a target')
  const presence = presenceOf(options, at)
  if (typeof presence === 'string') return usage(to, presence)
  const policy = await policyIn(to, options.policies)
  if (policy === null) return exits.config
  const person = parsePersonId(as)
  if (person === null || !policy.people.has(person)) {
    return usage(to, `there is no person ${JSON.stringify(as)}${hint(as, policy.people.keys())}`)
  }
  const target = policy.targets.get(id)
  const ask = {
    target: id,
    duration,
    reason: options.reason.trim(),
    ticket: ticket?.trim() ?? null,
    tables: distinct(options.tables ?? (target === undefined ? [] : tablesOf(target))),
    columns: columns === undefined ? null : distinct(columns),
    breakGlass,
    ...(startAt === null ? {} : { startAt })
  }
  const seen = await seenIn(to, options.facts, { policy, target: id, now: at })
  if (seen === undefined) return exits.usage
  const stage = { kind: 'ask', presence, standing: none } as const
  const circumstances: Circumstances = { now: at, stage, posture: seen }
  const explained = explain(policy, person, ask, circumstances)
  const start = startAt === null ? {} : { startAt: iso(startAt) }
  const { via } = presence
  const about = { person, target: id, durationSeconds: duration, at: iso(at), ...start, via }
  if (to.json) to.out(JSON.stringify({ ...about, ...explained, policyDigest: policy.digest }))
  else {
    const what = breakGlass ? 'asks by break-glass for' : 'asks for'
    const length = printDuration(duration)
    const then = startAt === null ? '' : `, from ${iso(startAt)} on`
    to.out(`${person} ${what} ${id}, ${length}${then}, at ${iso(at)}, via ${via}`)
    tell(to, explained)
  }
  return explained.decision === 'deny' ? exits.refused : exits.done
}

const isoInstant = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,3})?)?Z$/

const none = { pending: 0, open: 0, secondsInDay: 0, autoInDay: 0, unreviewed: null }

const instantOf = (at: string | undefined, { now }: ExplainOptions): Instant | null => {
  if (at === undefined) return instant(now)
  const written = isoInstant.test(at) ? Date.parse(at) : Number.NaN
  return Number.isNaN(written) || written < 0 ? null : instant(written)
}

/**
 * What the snapshot shows of the target; null where there is none, undefined where it is not one.
 */
const seenIn = async (
  to: Terminal,
  file: string | undefined,
  of: { readonly policy: Policy; readonly target: string; readonly now: Instant }
): Promise<SeenPosture | null | undefined> => {
  if (file === undefined) return null
  const facts = await factsIn(to, file)
  if (facts === null) return undefined
  const found = judge(facts, sceneOf(of.policy, { broker: null, now: of.now }))
  const findings = found.filter((one) => isOpen(one) && one.targets.includes(of.target)).map(seenOf)
  return { at: instant(Math.max(0, Date.parse(facts.at))), findings }
}

/** What is wrong with the options, as a sentence, or how the person comes. */
const presenceOf = (options: ExplainOptions, at: Instant): Presence | string => {
  const via = (['slack', 'console', 'cli'] as const).find((channel) => channel === options.via)
  if (via === undefined) return '--via is slack, console or cli'
  const ago = options.signInAgo === undefined ? null : parseDuration(options.signInAgo)
  if (ago === null && options.signInAgo !== undefined) {
    return '--sign-in-ago is a length with its unit: 5m or 1h'
  }
  return {
    via,
    authAt: ago === null ? null : instant(Math.max(0, at - ago * 1000)),
    acr: options.acr ?? null,
    amr: options.amr ?? []
  }
}

const tell = (to: Terminal, { decision, rule, reasons, ...rest }: Explanation): void => {
  const under = rule === null ? '' : `, rule ${rule}`
  switch (decision) {
    case 'needs_approval':
      to.out(paint(to, 'green', `needs approval${under}`))
      break
    case 'approved':
      to.out(paint(to, 'green', `approved at once${under}`))
      break
    case 'deny':
      to.out(paint(to, 'red', rule === null ? 'denied' : `denied; the nearest rule is ${rule}`))
  }
  if (rest.obligations !== null) tellObligations(to, rest.obligations, rest)
  to.out('')
  for (const reason of reasons) tellReason(to, reason)
}

const tellObligations = (
  to: Terminal,
  obligations: Obligations,
  { approvers, notify, pinged }: Pick<Explanation, 'approvers' | 'notify' | 'pinged'>
): void => {
  const { quorum, sets, mode, guardrail, review } = obligations
  const row = (name: string, text: string): void => {
    for (const [n, line] of wrap(text, 82).entries()) {
      to.out(`  ${(n === 0 ? name : '').padEnd(14)}${line}`)
    }
  }
  if (quorum > 0) {
    const [only, ...others] = sets
    const parts = sets.map(({ of, atLeast }) => `${atLeast} of ${of.join(' or ')}`)
    const isOne = only !== undefined && others.length === 0
    const from = isOne ? only.of.join(' or ') : parts.join(' and ')
    const within = printDuration(obligations.withinSeconds)
    const signIn = obligations.approvalSignIn
    const via = obligations.approvalVia.join(', ')
    row('approvals', `${quorum} from ${from}, within ${within}, via ${via}`)
    if (signIn !== null) row('', `their sign-in: ${printSignIn(signIn)}`)
    row('approvers', approvers.join(', '))
  }
  if (notify.length > 0) row('told at once', notify.join(', '))
  if (review.length > 0) row('reviewed by', review.join(', '))
  row('pinged', counted(pinged, 'person', 'people'))
  const longest = printDuration(obligations.maxDurationSeconds)
  const start = printDuration(obligations.activateWithinSeconds)
  row('window', `at most ${longest}, started within ${start}`)
  const { startAheadSeconds: ahead, extensions } = obligations
  const planned = ahead === null ? 'not scheduled' : `scheduled up to ${printDuration(ahead)} ahead`
  row('', `${planned}, at most ${counted(extensions, 'extension', 'extensions')} in a row`)
  row('mode', modes[mode])
  row('guardrail', guardrail ?? 'none')
}

const modes: Readonly<Record<Obligations['mode'], string>> = {
  brokered: 'brokered: credentials stay in the broker',
  credentials: 'credentials: they leave the broker, so a guardrail is advice'
}

const marks = { met: ['green', '✓'], unmet: ['red', '✗'], failed: ['yellow', '!'] } as const

const tellReason = (to: Terminal, { outcome, condition, message, rule }: Reason): void => {
  const [colour, mark] = marks[outcome]
  const of = rule === null || outcome === 'met' ? '' : ` (${rule})`
  const failed = outcome === 'failed' ? 'failed: ' : ''
  for (const [n, line] of wrap(`${failed}${message}${of}`, 80).entries()) {
    const name = n === 0 ? `${paint(to, colour, mark)} ${condition.padEnd(14)}` : ' '.repeat(16)
    to.out(`  ${name}${line}`)
  }
}

const distinct = (names: readonly string[]): readonly string[] => [...new Set(names)].toSorted()

const usage = (to: Terminal, message: string): ExitCode => {
  to.err(message)
  return exits.usage
}
