/**
 * `npm run torture`: every long proof, one after the other: progress on stderr, one JSON summary on
 * stdout, and the figures in results.json and RESULTS.md beside this file, a section each; a script
 * that is stopped leaves its section as it was. Exit 1 where anything was lost, left, late or failed.
 *
 * `--only` names with commas: crash (random: without its points), kill, power-cut, claims, revoke,
 * zombie, partition, rolling, dead, clients, expiry, soak, matrix. `--engine` sqlite, postgres or both.
 * `--each` kills at each point (200 in full), `--random` kills (500 in full), `--lanes` at a time,
 * `--kill-minutes` at most, `--beside` both engines at once. `--claims`, `--revokes`, `--restarts`,
 * `--sessions`, `--rounds` of zombie and partition, and `--zombie-seconds`, `--partition-seconds` of
 * each (60: with the product's own lease). `--rows` and `--storm` of expiry, `--storm-minutes` at
 * most. `--minutes` of the soak (30 in full). `--seed` of the cuts. `--tests` runs what the matrix
 * names. `--add` adds the figures up with those of the section as it is, so that what takes many hours
 * may be done in several runs. `--max-load` above which nothing is begun. `--code` what is measured, if it is no checkout.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { cpus } from 'node:os'
import { createInterface } from 'node:readline'
import { setTimeout as wait } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { objectOf } from '../../src/cli/api.ts'
import { engines } from './places.ts'
import { type Figures, keepSection } from './results.ts'
import { load, note, root, rounded, scriptOf } from './run.ts'

const text = (otherwise: string) => ({ type: 'string', default: otherwise }) as const
const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    engine: text('both'),
    each: text('20'),
    random: text('25'),
    lanes: text('3'),
    'kill-minutes': text('600'),
    claims: text('500'),
    revokes: text('200'),
    rounds: text('6'),
    'zombie-seconds': text('8'),
    'partition-seconds': text('20'),
    restarts: text('2'),
    sessions: text('5'),
    rows: text('1000000'),
    storm: text('15000'),
    'storm-minutes': text('3'),
    minutes: text('2'),
    seed: { type: 'string' },
    code: { type: 'string' },
    'max-load': { type: 'string' },
    tests: { type: 'boolean', default: false },
    beside: { type: 'boolean', default: false },
    add: { type: 'boolean', default: false }
  }
})
const wanted = engines.filter((name) => values.engine === 'both' || values.engine === name)
const only = values.only?.split(',') ?? null
const isWanted = (name: string): boolean => only === null || only.includes(name)

type Script = {
  /** of its section */
  readonly name: string
  readonly script: string
  readonly args: readonly string[]
}

const crash = (points: boolean): readonly (readonly Script[])[] => {
  const { each, random, lanes, 'kill-minutes': minutes } = values
  const args = ['--each', points ? each : '0', '--random', random, '--lanes', lanes, '--minutes', minutes]
  const scripts = wanted.map((engine) => ({ name: `crash ${engine}`, script: 'crash', args: ['--engine', engine, ...args] }))
  return values.beside ? [scripts] : scripts.map((script) => [script])
}

/** What is as long as the product's own lease has a section of its own. */
const realLease = (seconds: string): string => (Number(seconds) >= 60 ? ' real lease' : '')

/** What runs beside each other, in turns. */
const turns: readonly (readonly Script[])[] = [
  ...(isWanted('crash') ? crash(true) : isWanted('random') ? crash(false) : []),
  ...[
    { name: 'kill', script: 'kill', args: [] },
    { name: 'power-cut', script: 'power-cut', args: values.seed === undefined ? [] : [values.seed] },
    { name: 'claims', script: 'claims', args: [values.claims] },
    { name: 'revoke', script: 'revoke', args: [values.revokes] },
    { name: `zombie${realLease(values['zombie-seconds'])}`, script: 'zombie', args: ['--rounds', values.rounds, '--seconds', values['zombie-seconds']] },
    { name: `partition${realLease(values['partition-seconds'])}`, script: 'partition', args: ['--rounds', values.rounds, '--seconds', values['partition-seconds']] },
    { name: 'rolling', script: 'rolling', args: ['--rounds', values.restarts] },
    { name: 'dead', script: 'dead', args: [values.sessions] },
    { name: 'clients', script: 'clients', args: [] },
    ...wanted.map((engine) => ({
      name: `expiry ${engine}`,
      script: 'expiry',
      args: ['--engine', engine, '--rows', values.rows, '--storm', values.storm, '--minutes', values['storm-minutes']]
    })),
    ...wanted.map((engine) => ({ name: `soak ${engine}`, script: 'soak', args: ['--engine', engine, '--minutes', values.minutes] })),
    { name: 'matrix', script: 'matrix', args: values.tests ? ['--tests'] : [] }
  ]
    .filter(({ script }) => isWanted(script))
    .map((script) => [script])
]

const git = spawnSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: root, encoding: 'utf8' })
const code = values.code ?? (git.status === 0 ? git.stdout.trim() : 'of no checkout')
const [cpu] = cpus()
const machine = `${cpus().length} × ${cpu?.model.trim() ?? 'unknown processor'}`
const summary: { readonly name: string; readonly ok: boolean; readonly figures: readonly Figures[] }[] = []

const children = new Set<ChildProcess>()

/** What is measured on a machine that others keep busy is theirs; waits until it is not. */
const quiet = async (): Promise<void> => {
  const most = Number(values['max-load'] ?? Number.POSITIVE_INFINITY)
  while (load() > most) {
    note(`load ${load()}, waits for ${most}`)
    await wait(30_000)
  }
}

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => {
    for (const child of children) child.kill('SIGTERM')
    process.exit(1)
  })
}

/** Its figures become its section when it is over; one that broke says so in it. */
const run = async ({ name, script, args }: Script): Promise<void> => {
  await quiet()
  const began = Date.now()
  const before = load()
  note(`${name} begins`)
  const child = spawn(process.execPath, [...process.execArgv, scriptOf(script), ...args], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit']
  })
  children.add(child)
  const ended = once(child, 'close')
  const figures: Figures[] = []
  for await (const line of createInterface({ input: child.stdout })) {
    const figure = objectOf(JSON.parse(line))
    if (figure['figure'] !== undefined) figures.push(figure)
  }
  await ended
  children.delete(child)
  if (child.signalCode !== null || child.exitCode === 143 || child.exitCode === 130) {
    summary.push({ name, ok: false, figures })
    note(`${name} was stopped; its section stays as it was`)
    return
  }
  const ok = child.exitCode === 0 && figures.length > 0
  if (child.exitCode !== 0 && figures.every((one) => one['ok'] !== false)) {
    figures.push({ figure: 'broken', exit: child.exitCode ?? 'unknown', ok: false })
  }
  const seconds = rounded((Date.now() - began) / 1000, 0)
  const at = new Date(began).toISOString().slice(0, 16).replace('T', ' ')
  const command = [script, ...args].join(' ')
  const section = { command, seconds, load: [before, load()], ok, figures } as const
  const runs = { at: [at], code: [code], node: [process.version] }
  keepSection(name, { ...section, ...runs }, { machine, isAdded: values.add })
  summary.push({ name, ok, figures })
  note(`${name}: ${ok ? 'ok' : 'NOT OK'} after ${seconds} s`)
}

for (const scripts of turns) await Promise.all(scripts.map(run))
const ok = summary.length > 0 && summary.every((one) => one.ok)
process.stdout.write(`${JSON.stringify({ ok, code, machine, sections: summary })}\n`)
process.exitCode = ok ? 0 : 1
