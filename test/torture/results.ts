/**
 * What torture found, kept beside the scripts: `results.json` has the figures of the last run of each
 * section, and RESULTS.md is made of it whole, so that a run of one script replaces its own section
 * and no other. Nothing in it is typed by hand.
 */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { objectOf, text } from '../../src/cli/api.ts'
import { root } from './run.ts'

/** One line of a script with what it counted. */
export type Figures = Readonly<Record<string, unknown>>

export type Section = {
  /** of each run that is counted in it, the first before the others */
  readonly at: readonly string[]
  /** the code that was measured, of each run */
  readonly code: readonly string[]
  /** the version of Node, of each run */
  readonly node: readonly string[]
  readonly command: string
  readonly seconds: number
  /** load average of the machine at the start and at the end */
  readonly load: readonly [number, number]
  readonly ok: boolean
  readonly figures: readonly Figures[]
}

export type Results = Readonly<Record<string, Section>>

const folder = join(root, 'test/torture')
const file = join(folder, 'results.json')

export const readResults = (): Results => {
  if (!existsSync(file)) return {}
  const sections = Object.entries(objectOf(JSON.parse(readFileSync(file, 'utf8'))))
  return Object.fromEntries(sections.map(([name, section]) => [name, sectionOf(objectOf(section))]))
}

/**
 * Puts the section in place of the one of that name, or adds it up with that one, and makes the page
 * anew.
 */
export const keepSection = (
  name: string,
  section: Section,
  { machine, isAdded }: { readonly machine: string; readonly isAdded: boolean }
): void => {
  const before = readResults()
  const known = isAdded ? before[name] : undefined
  const results = { ...before, [name]: known ? sumOf(known, section) : section }
  whole(file, `${JSON.stringify(results, null, 1)}\n`)
  whole(join(folder, 'RESULTS.md'), pageOf(results, machine))
}

/** Both runs as one: what was counted is added, what was greatest stays, what failed has failed. */
const sumOf = (before: Section, after: Section): Section => {
  const rows = new Map(before.figures.map((row) => [keyOf(row), row]))
  for (const row of after.figures) {
    const known = rows.get(keyOf(row))
    rows.set(keyOf(row), known ? sumOfRows(known, row) : row)
  }
  return {
    ...after,
    at: [...before.at, ...after.at],
    code: [...before.code, ...after.code],
    node: [...before.node, ...after.node],
    seconds: before.seconds + after.seconds,
    ok: before.ok && after.ok,
    figures: [...rows.values()]
  }
}

const keyOf = ({ figure, engine, point }: Figures): string => JSON.stringify([figure, engine, point])

/** What says how it was run and not how often: the last run's counts. */
const notAdded: ReadonlySet<string> = new Set(['lanes', 'load', 'secondsPerKill'])

const sumOfRows = (before: Figures, after: Figures): Figures =>
  Object.fromEntries(
    Object.entries(after).map(([name, value]) => {
      const known = before[name]
      if (name === 'ok') return [name, known === true && value === true]
      if (typeof value !== 'number' || typeof known !== 'number' || notAdded.has(name)) return [name, value]
      return [name, name.endsWith('Max') ? Math.max(known, value) : known + value]
    })
  )

const whole = (path: string, content: string): void => {
  writeFileSync(`${path}.new`, content)
  renameSync(`${path}.new`, path)
}

const sectionOf = (section: Figures): Section => {
  const { at, code, node, command, seconds, load, ok, figures } = section
  const [before = 0, after = 0] = Array.isArray(load) ? load.map(Number) : []
  return {
    at: textsIn(at),
    code: textsIn(code),
    node: textsIn(node),
    command: text(command),
    seconds: Number(seconds),
    load: [before, after],
    ok: ok === true,
    figures: Array.isArray(figures) ? figures.map(objectOf) : []
  }
}

/** Of several runs, or of one as it was written once. */
const textsIn = (value: unknown): readonly string[] => {
  if (Array.isArray(value)) return value.map(text)
  return value === undefined ? [] : [text(value)]
}

/** In this order, each with what its words mean. */
const sections: readonly (readonly [name: string, title: string, explained: string])[] = [
  ['crash sqlite', 'SIGKILL at named points and at random, SQLite', 'crash'],
  ['crash postgres', 'SIGKILL at named points and at random, PostgreSQL', 'crash'],
  ['kill', 'SIGKILL of the broker as it is run, under asks and approvals', 'lost: acknowledged entries that are not there as they were told. faults: gaps, or a ledger that does not verify.'],
  ['power-cut', 'Power cuts', 'Writes and syncs of a process are traced, cuts made at random events, and what was not synced is lost by chance; a control that heeds no sync has to be noticed.'],
  ['claims', 'Two replicas, one claim', 'Both are told to start the same elevation at the same moment.'],
  ['revoke', 'Revoke', 'From the request, at either replica, until AWS has every RevokeGrant of the elevation; denied: from the request until AWS was seen to refuse the session.'],
  ['zombie', 'A replica that sleeps past its lease', 'Stopped by SIGSTOP in the middle of issuing, continued later. committedAfter: sessions of elevations that the other had taken over. grantsLandedLate: calls that it had on their way and sent when it woke; the search for orphans removes them.'],
  ['zombie real lease', 'A replica that sleeps past the product\'s own lease', 'The same with a lease of 30 s and 70 s until the last sweep, stopped for 60 s.'],
  ['partition', 'A replica that loses the database', 'Nothing passes between it and PostgreSQL, and neither is told. On a shared database a due row that it had taken is another\'s after 15 s.'],
  ['partition real lease', 'A replica that loses the database past the product\'s own lease', 'The same with a lease of 30 s, for 60 s.'],
  ['rolling', 'Rolling restart', 'The client sends to replicas whose `/readyz` said ready when last asked (every 250 ms), and sends again elsewhere only what no connection was made for.'],
  ['dead', 'A broker that dies and does not come back', 'The session\'s own credentials are tried until the sandbox refuses them.'],
  ['clients', 'Clients that mean no good', 'Sockets that send a byte a second while somebody else looks at an elevation; and bodies of up to a megabyte at a small heap, 64 at a time.'],
  ['expiry sqlite', 'Ends at scale, SQLite', 'expiry'],
  ['expiry postgres', 'Ends at scale, PostgreSQL', 'expiry'],
  ['soak sqlite', 'Soak, SQLite', 'Every answer but a 2xx is a failed request.'],
  ['soak postgres', 'Soak, PostgreSQL', 'Every answer but a 2xx is a failed request.'],
  ['matrix', 'Fault matrix', 'Each fault of the matrix, what shows that it does no harm, and the figure of the last run. A test is named by its sentence, which has to be in its file; its figure is of a run of that file, where there was one.']
]

const explanations: Readonly<Record<string, string>> = {
  crash:
    'orphans: grants or elevations left when everything is over. lost: acknowledged writes or delivered sessions that are not in the ledger. faults: gaps, or a ledger that does not verify. slow: not steady within 5 s. missed: the point was not reached. broken: the script itself broke off. steadyMsMax: from the end of the lease (PostgreSQL: and of the claim on a due row, 15 s), or the start if that was later, until no grant was left that should not be.',
  expiry:
    'Lateness: from notAfter until the commit that begins the end. In the storm all windows end with one second, and `/livez` and `/readyz` are asked every 50 ms by a thread of its own while the broker ends them on the sandbox, which has the same two processors.'
}

const pageOf = (results: Results, machine: string): string =>
  [
    '# What torture found',
    '',
    `Written by \`npm run torture\` on ${machine}; the sandbox stands for AWS. Each section is the last run of its script, or several that were added up; how often what was done is in its rows, and the load average of the shared machine at its start and end beside it.`,
    '',
    ...sections.flatMap(([name, title, explained]) => {
      const section = results[name]
      return section === undefined ? [`## ${title}`, '', 'Not run yet.', ''] : page(title, explanations[explained] ?? explained, section)
    })
  ].join('\n')

const page = (title: string, explained: string, section: Section): readonly string[] => {
  const { command, seconds, load, ok, figures } = section
  const kinds = [...new Set(figures.map(kindOf))]
  return [
    `## ${title}: ${ok ? 'ok' : 'NOT OK'}`,
    '',
    `${runsOf(section)}, \`${command}\`, ${seconds} s, load ${load[0]} to ${load[1]}. ${explained}`,
    '',
    ...kinds.flatMap((kind) => [...tableOf(figures.filter((one) => kindOf(one) === kind)), ''])
  ]
}

/** When and what: one run, or how many from when to when. */
const runsOf = ({ at, code, node }: Section): string => {
  const [first = '', last] = [at[0], at.at(-1)]
  const when = at.length < 2 ? first : `${at.length} runs added up, ${first} to ${last}`
  const versions = [...new Set(node)].join(' and ')
  return [when, `code ${[...new Set(code)].join(', ')}`, ...(versions === '' ? [] : [`Node ${versions}`])].join(', ')
}

const kindOf = ({ figure }: Figures): string => text(figure)

/** Many of a kind as rows; one as a list. */
const tableOf = (rows: readonly Figures[]): readonly string[] => {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))].filter((name) => name !== 'figure')
  const [first, ...others] = rows
  if (first === undefined) return []
  if (others.length === 0) {
    return [`**${kindOf(first)}**: ${names.map((name) => `${name} ${shown(first, name)}`).join(' · ')}`]
  }
  return [
    `| ${names.join(' | ')} |`,
    `|${' --- |'.repeat(names.length)}`,
    ...rows.map((row) => `| ${names.map((name) => shown(row, name)).join(' | ')} |`)
  ]
}

const shown = (row: Figures, name: string): string => {
  const value = row[name]
  if (value === undefined || value === null) return ''
  return (typeof value === 'string' ? value : JSON.stringify(value)).replaceAll('|', '\\|')
}
