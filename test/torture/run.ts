/** What every script of torture shares: where it lies, what it prints, and the load beside a figure. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import { extname, join } from 'node:path'

/** Whether these are the compiled files, which lie one folder deeper. */
const isBuilt = extname(import.meta.filename) === '.js'

/** The project's folder. */
export const root = join(import.meta.dirname, isBuilt ? '../../..' : '../..')

/** A script beside this one, as a path that a process is started with. */
export const scriptOf = (name: string): string =>
  join(import.meta.dirname, `${name}${extname(import.meta.filename)}`)

/** A new folder that goes with this process, however it ends but by SIGKILL. */
export const ownFolder = (prefix: string): string => {
  const folder = mkdtempSync(join(tmpdir(), prefix))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** A signal ends it as `exit` does, so that what it started is ended with it. */
export const endOnSignal = (): void => {
  process.once('SIGTERM', () => process.exit(143))
  process.once('SIGINT', () => process.exit(130))
}

/** A figure: one JSON line on stdout. */
export const say = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`)

/** How far it is: one line on stderr. */
export const note = (text: string): void =>
  void process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${text}\n`)

/** The load average of the last minute. */
export const load = (): number => rounded(loadavg()[0] ?? Number.NaN)

export const rounded = (value: number, digits = 2): number => Number(value.toFixed(digits))

/** The value that so much of them (0 to 1) do not exceed; NaN of none. */
export const quantile = (values: readonly number[], share: number): number => {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN
}

/** Resident memory of a process in MiB (proc(5), VmRSS). */
export const residentMiB = (pid: number): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024
