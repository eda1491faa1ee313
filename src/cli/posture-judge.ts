/** `posture judge`: what is out of line in a saved snapshot, each with its mend. */
import { type Finding, type Severity, isAtLeast, isOpen } from '../posture/finding.ts'
import { countOf } from '../posture/figures.ts'
import { judge } from '../posture/judge.ts'
import { type ExitCode, exits } from './exit.ts'
import { counted } from './policy-check.ts'
import { type SceneOptions, factsIn, sceneFrom } from './posture-scene.ts'
import { type Terminal, paint, wrap } from './terminal.ts'

export type JudgeOptions = SceneOptions & { readonly file: string; readonly failOn: Severity }

/**
 * Exit 1 where a finding not waived is as bad as `failOn`, 2 for a bad file, 78 for bad policies.
 */
export const postureJudge = async (to: Terminal, options: JudgeOptions): Promise<ExitCode> => {
  const scene = await sceneFrom(to, options)
  if (typeof scene === 'number') return scene
  const facts = await factsIn(to, options.file)
  if (facts === null) return exits.usage
  const findings = judge(facts, scene)
  const open = findings.filter(isOpen)
  const failing = open.filter(({ severity }) => isAtLeast(severity, options.failOn))
  if (to.json) for (const one of findings) to.out(JSON.stringify(one))
  else tell(to, findings, { failing: failing.length, failOn: options.failOn })
  return failing.length > 0 ? exits.refused : exits.done
}

const tell = (
  to: Terminal,
  findings: readonly Finding[],
  { failing, failOn }: { readonly failing: number; readonly failOn: Severity }
): void => {
  for (const one of findings) tellFinding(to, one)
  const open = findings.filter(isOpen)
  const counts = Object.entries(countOf(open)).map(([severity, count]) => `${count} ${severity}`)
  to.out(
    `${counted(open.length, 'open finding')}: ${counts.join(', ')}; ${findings.length - open.length} waived`
  )
  const verdict =
    failing > 0 ? `${failing} at ${failOn} or worse, so this fails` : `none at ${failOn} or worse`
  to.out(paint(to, failing > 0 ? 'red' : 'green', verdict))
}

const colours = { critical: 'red', high: 'red', medium: 'yellow', low: 'cyan' } as const

/** At most 100 columns, apart from the lines that are to be copied. */
const tellFinding = (to: Terminal, finding: Finding): void => {
  const { severity, code, title, resource, shows, why, mend, owner, targets, waiver } = finding
  const head = `${severity}  ${code}  ${title}`
  for (const [n, text] of wrap(head, 98).entries()) {
    to.out(n === 0 ? text.replace(severity, paint(to, colours[severity], severity)) : `  ${text}`)
  }
  const whose = [
    ...(targets.length === 0 ? [] : [`targets ${targets.join(', ')}`]),
    `owner ${owner ?? 'nobody'}`
  ].join(', ')
  const lines = [
    resource,
    `${shows}. ${why}`,
    whose,
    ...(waiver === null ? [] : [waiverLine(waiver)])
  ]
  for (const text of lines.flatMap((one) => wrap(one, 96))) to.out(`  ${text}`)
  for (const text of mend.cli)
    to.out(`  ${paint(to, 'dim', `$ ${wrap(text, Infinity).join(' ')}`)}`)
  to.out('')
}

const waiverLine = ({ state, by, until, reason }: NonNullable<Finding['waiver']>): string =>
  state === 'holds'
    ? `waived by ${by} until ${until}: ${reason}`
    : `the waiver by ${by} is over since ${until}: ${reason}`
