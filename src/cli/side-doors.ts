/**
 * `posture sidedoors`: who reads classified tables without an elevation, from a saved snapshot.
 * Exit 1 where a door stands that no baseline accepts, so that CI stops on a new one.
 */
import { readFile, writeFile } from 'node:fs/promises'
import { parseFacts } from '../posture/facts-file.ts'
import {
  type Baseline,
  type Compared,
  acceptAll,
  compareDoors,
  parseBaseline
} from '../posture/side-doors-baseline.ts'
import { dotOf, graphOf } from '../posture/side-doors-graph.ts'
import { svgOf } from '../posture/side-doors-svg.ts'
import { sideDoors } from '../posture/side-doors.ts'
import { type ExitCode, exits } from './exit.ts'
import { policyIn } from './policy-loaded.ts'
import type { DoorFormat } from './posture-sidedoors.ts'
import { type Terminal, paint, plain, table } from './terminal.ts'

export type SideDoorsOptions = {
  readonly file: string
  readonly policies: string
  readonly baseline?: string
  readonly writeBaseline?: string
  readonly reason?: string
  readonly by?: string
  readonly until?: string
  readonly format: DoorFormat
  readonly out?: string
  /** epoch milliseconds */
  readonly now: number
}

/** Exit 0, 1 on a door not accepted, 2 where a file is no such thing, 78 on a bad policy. */
export const postureSideDoors = async (
  to: Terminal,
  options: SideDoorsOptions
): Promise<ExitCode> => {
  const text = await textOf(to, options.file)
  const accepted = options.baseline === undefined ? null : await textOf(to, options.baseline)
  if (text === null || (options.baseline !== undefined && accepted === null)) return exits.usage
  const read = parseFacts(text)
  if (!read.ok) {
    const { issues } = read
    return wrong(to, issues.map(({ place, message }) => `${options.file}: ${place} ${message}`))
  }
  const baseline = accepted === null ? null : parseBaseline(accepted)
  if (baseline?.ok === false) {
    return wrong(to, baseline.issues.map((issue) => `${options.baseline}: ${issue}`))
  }
  const policy = await policyIn(to, options.policies)
  if (policy === null) return exits.config
  const doors = sideDoors(read.facts, [...policy.targets.values()])
  const before = baseline?.baseline ?? null
  const compared = compareDoors(doors, before, options.now)
  if (options.writeBaseline !== undefined) {
    return accept(to, { options, compared, before, at: read.facts.at })
  }
  await show(to, options, { compared, at: read.facts.at })
  return compared.doors.some(({ state }) => state !== 'accepted') ? exits.refused : exits.done
}

const show = async (
  to: Terminal,
  options: SideDoorsOptions,
  given: { readonly compared: Compared; readonly at: string }
): Promise<void> => {
  const { compared, at } = given
  const format = to.json ? 'json' : options.format
  const whole = format === 'table' ? null : documentOf(format, compared, at)
  const lines: string[] = []
  const collect = { ...to, colour: false, out: (line: string) => void lines.push(line) }
  const target = options.out === undefined ? to : collect
  if (whole === null) tell(target, compared)
  else target.out(whole)
  if (options.out !== undefined) await writeFile(options.out, `${lines.join('\n')}\n`)
}

const documentOf = (format: 'json' | 'svg' | 'dot', compared: Compared, at: string): string => {
  const { doors, gone } = compared
  if (format === 'json') return JSON.stringify({ at, doors, gone })
  const graph = graphOf(doors)
  return (format === 'svg' ? svgOf(graph) : dotOf(graph)).trimEnd()
}

const tell = (to: Terminal, { doors, gone }: Compared): void => {
  if (doors.length > 0) {
    table(
      to,
      ['state', 'kind', 'sure', 'table', 'principal'],
      doors.map(({ state, kind, certainty, table: name, principal }) => {
        return [state, kind, certainty, name, nameOf(principal)]
      })
    )
  }
  for (const door of doors.filter(({ state }) => state !== 'accepted')) {
    to.out('')
    to.out(plain(`${nameOf(door.principal)} reads ${door.table} (${door.kind}, ${door.certainty})`))
    for (const { principal, action, resource, by } of door.hops) {
      const as = principal === door.principal ? '' : `as ${nameOf(principal)}: `
      to.out(plain(`  ${as}${action} ${resource}`))
      to.out(paint(to, 'dim', plain(`    by ${by}`)))
    }
    for (const why of door.unknown) to.out(paint(to, 'yellow', plain(`  not decided: ${why}`)))
  }
  for (const id of gone) to.out(paint(to, 'green', plain(`closed: ${id}`)))
  const open = doors.filter(({ state }) => state !== 'accepted').length
  const accepted = doors.length - open
  const summary = `${open} side doors, ${accepted} accepted, ${gone.length} closed`
  to.out(paint(to, open > 0 ? 'red' : 'green', summary))
}

const nameOf = (principal: string): string =>
  principal === '*' ? 'anybody' : principal.replace(/^arn:[a-z-]+:(?:iam|sts)::/, '')

const dayMilliseconds = 86_400_000

const accept = async (
  to: Terminal,
  given: {
    readonly options: SideDoorsOptions
    readonly compared: Compared
    readonly before: Baseline | null
    readonly at: string
  }
): Promise<ExitCode> => {
  const { options, compared, before, at } = given
  const { reason, by, writeBaseline: file = '' } = options
  if (reason === undefined || by === undefined) {
    return wrong(to, ['--write-baseline needs --reason and --by'])
  }
  const until = options.until ?? new Date(Date.parse(at) + 90 * dayMilliseconds).toISOString()
  const made = acceptAll(compared.doors, { before, at, reason, by, until })
  const text = `${JSON.stringify(made, null, 2)}\n`
  const checked = parseBaseline(text)
  if (!checked.ok) return wrong(to, checked.issues)
  if (Date.parse(until) > Date.parse(at) + 366 * dayMilliseconds) {
    return wrong(to, ['--until is at most one year after the snapshot'])
  }
  await writeFile(file, text)
  const doors = made.doors.length
  to.out(to.json ? JSON.stringify({ file, doors }) : `${file}: ${doors} doors accepted`)
  return exits.done
}

const wrong = (to: Terminal, lines: readonly string[]): ExitCode => {
  for (const line of lines) to.err(plain(line))
  return exits.usage
}

const textOf = async (to: Terminal, file: string): Promise<string | null> => {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'cannot be read'
    to.err(plain(`${file}: ${code}`))
    return null
  }
}
