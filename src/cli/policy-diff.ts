/**
 * `policy diff`: who gains and who loses what between two policies folders. For people, differences
 * that are equal are one line, however many people and targets they are about.
 */
import { diffPolicies } from '../policy/diff.ts'
import type { Change, Difference } from '../policy/difference.ts'
import type { Policy } from '../policy/policy.ts'
import { type ExitCode, exits } from './exit.ts'
import { counted } from './policy-check.ts'
import { policyIn } from './policy-loaded.ts'
import { type Terminal, paint, wrap } from './terminal.ts'

/** Exit 1 where anybody gains anything, 0 where nobody does, 78 where a folder is not valid. */
export const policyDiff = async (
  to: Terminal,
  folders: { readonly old: string; readonly now: string }
): Promise<ExitCode> => {
  const old = await policyIn(to, folders.old)
  const now = await policyIn(to, folders.now)
  if (old === null || now === null) return exits.config
  const gains = to.json ? tellEach(to, old, now) : tellGrouped(to, old, now)
  return gains > 0 ? exits.refused : exits.done
}

const tellEach = (to: Terminal, old: Policy, now: Policy): number => {
  let gains = 0
  for (const { people, target, change, what, rule, from, to: after } of diffPolicies(old, now)) {
    if (change === 'gains') gains += weightOf(people)
    const rest = { target, change, what, rule, from, to: after }
    const names = people.length === 0 ? [null] : people
    to.out(names.map((person) => JSON.stringify({ person, ...rest })).join('\n'))
  }
  return gains
}

type Group = { readonly difference: Difference; readonly targets: string[] }

const tellGrouped = (to: Terminal, old: Policy, now: Policy): number => {
  const groups = new Map<string, Group>()
  const counts = { gains: 0, loses: 0 }
  for (const difference of diffPolicies(old, now)) {
    const { target, ...rest } = difference
    counts[difference.change] += weightOf(difference.people)
    const key = JSON.stringify(rest)
    const group = groups.get(key) ?? { difference, targets: [] }
    if (target !== null) group.targets.push(target)
    groups.set(key, group)
  }
  for (const group of groups.values()) tell(to, group)
  const { gains, loses } = counts
  const summary = `${counted(gains, 'gain')}, ${counted(loses, 'loss', 'losses')}`
  to.out(paint(to, gains > 0 ? 'red' : 'green', summary))
  return gains
}

const tell = (to: Terminal, { difference, targets }: Group): void => {
  const { people, change, rule } = difference
  const who = people.length === 0 ? 'the organisation' : several(people, 'people')
  const verb = people.length <= 1 ? change : change.replace(/s$/, '')
  const where = targets.length === 0 ? '' : ` on ${several(targets, 'targets')}`
  const under = rule === null ? '' : ` (${rule})`
  const line = `${who} ${verb}${where}: ${sentence(difference)}${under}`
  const sign = change === 'gains' ? paint(to, 'red', '+') : paint(to, 'green', '-')
  for (const [n, text] of wrap(line, 96).entries()) {
    to.out(`${n === 0 ? sign : '   '} ${text}`)
  }
}

/** What is about nobody in particular counts once. */
const weightOf = (people: Difference['people']): number => Math.max(1, people.length)

const sentence = ({ what, from, to }: Change): string => {
  const phrase = whole.get(what)
  return phrase === undefined
    ? `${what} ${from ?? 'none'} → ${to ?? 'none'}`
    : `${phrase} ${to ?? from ?? ''}`
}

/** What comes or goes as a whole, rather than from one value to another. */
const whole: ReadonlyMap<Change['what'], string> = new Map([
  ['ask', 'asking at all,'],
  ['breakGlass', 'break-glass,'],
  ['approve', 'deciding asks as'],
  ['review', 'reviewing break-glass as'],
  ['role', 'the role'],
  ['subject', 'the token subject'],
  ['slack', 'the Slack account']
])

/** `alice, bob` or `12 people (alice, bob, carol and 9 more)` */
const several = (names: readonly string[], many: string): string =>
  names.length <= 4
    ? names.join(', ')
    : `${names.length} ${many} (${names.slice(0, 3).join(', ')} and ${names.length - 3} more)`
