/**
 * `sallyport policy check` as somebody at a terminal has it: the built command is started anew,
 * finds its modules, reads a thousand targets and a thousand rules in their files, and answers.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { generatePolicyFiles } from '../policy-generator.ts'
import { type Figure, median, rounded } from './figures.ts'

const root = new URL('../..', import.meta.url).pathname
const runs = 5
const most = 2

/** Seconds on the clock, the median of some runs. */
export const policyCheckFigure = (): Figure => {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-bench-policy-'))
  try {
    write(folder)
    const value = rounded(median(Array.from({ length: runs }, () => secondsOf(folder))))
    return {
      figure: 'policy_check_1000',
      value,
      unit: 's',
      target: `< ${most}`,
      ok: value < most
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const write = (folder: string): void => {
  const size = { targets: 1000, rules: 1000, people: 1000, groups: 126 }
  for (const { path, text } of generatePolicyFiles(size)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
}

const secondsOf = (folder: string): number => {
  const args = ['dist/cli/main.js', 'policy', 'check', folder]
  const began = performance.now()
  const { status, stdout } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' })
  const took = performance.now() - began
  if (status !== 0) throw new Error(`policy check failed: ${stdout.slice(0, 300)}`)
  return took / 1000
}
