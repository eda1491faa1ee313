/** The figures of a run of torture as the page that is kept beside it; nothing in it is typed by hand. */

/** One line of a script with what it counted. */
export type Figures = {
  readonly figure?: string
  readonly point?: string
  readonly [name: string]: unknown
}

/** Markdown: a table of the kills at each point, and one of everything else. */
export const resultsOf = (
  figures: readonly Figures[],
  made: { readonly machine: string; readonly command: string }
): string => {
  const points = figures.filter(({ figure }) => figure === 'crash_point')
  const others = figures.filter(({ figure }) => figure !== 'crash_point')
  const kills = points.reduce((sum, { kills: some }) => sum + Number(some), 0)
  return [
    '# What torture found',
    '',
    `Written by \`${made.command}\` on ${made.machine}. SQLite; the sandbox stands for AWS.`,
    '',
    ...(points.length === 0 ? [] : [`## SIGKILL at named points: ${kills} kills`, '', ...explained, ...table(points, columns), '']),
    ...others.flatMap((one) => [`## ${String(one.figure)}`, '', ...Object.entries(one).map(([name, value]) => `- ${name}: ${String(value)}`), ''])
  ].join('\n')
}

const explained = [
  'orphans: grants left when everything is over · lost: acknowledged writes or delivered sessions that',
  'are not in the ledger · faults: gaps or a ledger that does not verify · slow: not steady within 5 s ·',
  'missed: the point was not reached · steadyMsMax: from the end of the lease, or the start if that was',
  'later, until no grant was left that should not be.',
  ''
]

const columns = ['point', 'kills', 'missed', 'orphans', 'lost', 'faults', 'slow', 'steadyMsMax', 'ok']

const table = (rows: readonly Figures[], names: readonly string[]): readonly string[] => [
  `| ${names.join(' | ')} |`,
  `|${' --- |'.repeat(names.length)}`,
  ...rows.map((row) => `| ${names.map((name) => String(row[name])).join(' | ')} |`)
]
