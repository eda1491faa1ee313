/**
 * `npm run torture`: SIGKILLs of the broker under asks, at named points and at random; then power cuts
 * of its store. One JSON line a round, and one in the end of each; the figures go into RESULTS.md
 * beside this file. Exit 1 where anything acknowledged was lost or anything was left. Options:
 * `--each` kills at each point (200 in full), `--random` kills (500 in full), `--seed` of the cuts,
 * `--only` one of `crash`, `kill` and `power-cut`.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { type Figures, resultsOf } from './results.ts'

const { values } = parseArgs({
  options: {
    each: { type: 'string', default: '20' },
    random: { type: 'string', default: '25' },
    seed: { type: 'string' },
    only: { type: 'string' }
  }
})
const given = Object.entries(values).map(([name, value]) => `--${name} ${value}`)
const scripts = [
  { name: 'crash', args: [values.each, values.random] },
  { name: 'kill', args: [] },
  { name: 'power-cut', args: values.seed === undefined ? [] : [values.seed] }
].filter(({ name }) => values.only === undefined || values.only === name)

const figures: Figures[] = []

/** Its lines go on to stdout as they come; those with a figure are kept. */
const run = async ({ name, args }: (typeof scripts)[number]): Promise<boolean> => {
  const script = new URL(`./${name}.ts`, import.meta.url).pathname
  const child = spawn(process.execPath, [...process.execArgv, script, ...args], {
    stdio: ['ignore', 'pipe', 'inherit']
  })
  const ended = once(child, 'close')
  for await (const line of createInterface({ input: child.stdout })) {
    process.stdout.write(`${line}\n`)
    const figure: Figures = JSON.parse(line)
    if (figure.figure !== undefined) figures.push(figure)
  }
  await ended
  return child.exitCode === 0
}

let ok = scripts.length > 0
for (const script of scripts) ok = (await run(script)) && ok
const [cpu] = cpus()
const machine = `Node ${process.version}, ${cpus().length} × ${cpu?.model.trim() ?? 'unknown processor'}`
writeFileSync(
  new URL('./RESULTS.md', import.meta.url),
  resultsOf(figures, { machine, command: ['npm run torture --', ...given].join(' ') })
)
process.exitCode = ok ? 0 : 1
