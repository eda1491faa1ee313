/**
 * `npm run torture`: SIGKILLs of the broker, then power cuts of its store. One JSON line a round and
 * one in the end of each; exit 1 where anything acknowledged was lost. A seed may be given.
 */
import { spawnSync } from 'node:child_process'

const run = (name: string): boolean => {
  const script = new URL(name, import.meta.url).pathname
  const args = [...process.execArgv, script, ...process.argv.slice(2)]
  return spawnSync(process.execPath, args, { stdio: 'inherit' }).status === 0
}

const results = ['./kill.ts', './power-cut.ts'].map(run)
process.exitCode = results.every((ok) => ok) ? 0 : 1
