/**
 * Secrets of the configuration, out of the environment: each may be given as the path of a file
 * instead (`NAME_FILE`, as container platforms mount them), and none stays in `process.env`, which
 * worker threads and reports of crashes copy. What started the process keeps its own copy
 * (/proc/PID/environ), which is why files are better.
 */
import { readFileSync, statSync } from 'node:fs'
import { settings } from './settings.ts'

export type Environment = Record<string, string | undefined>

export type Taken = {
  /** the environment as `readConfig` reads it */
  readonly env: Readonly<Environment>
  /** what cannot be read, and secrets that are given twice; never a secret */
  readonly problems: readonly string[]
}

const mostBytes = 4096

/** Takes every secret out of `env`, which is changed, and reads those that are files. */
export const takeSecrets = (env: Environment): Taken => {
  const taken: Environment = { ...env }
  const problems: string[] = []
  for (const setting of settings) {
    if (!('secret' in setting)) continue
    const { name } = setting
    const file = `${name}_FILE`
    const path = taken[file]
    delete env[name]
    delete taken[file]
    if (path === undefined) continue
    if (taken[name] !== undefined) {
      problems.push(`${name} and ${file} are both set; keep one`)
      continue
    }
    const read = secretIn(path)
    if (read === null) problems.push(`${file} must be the path of a readable file of a few lines`)
    else taken[name] = read
  }
  return { env: taken, problems }
}

/** Without the line end that editors add; null = it cannot be read, or is not a small file. */
const secretIn = (path: string): string | null => {
  try {
    const found = statSync(path)
    if (!found.isFile() || found.size > mostBytes) return null
    return readFileSync(path, 'utf8').replace(/\r?\n$/, '')
  } catch {
    return null
  }
}
