/**
 * A policies directory to files in memory. Read: `*.yaml` and `*.yml` at any depth, except under
 * `aws/` and `schema/`, which hold no policy, and names that start with a dot. Refused: links that
 * lead out of the directory, anything that is no plain file, and text that is not UTF-8. What the
 * files say is for `policy/load.ts` to judge.
 */
import { open, readdir, realpath } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import { maxFileBytes } from './policy/document.ts'
import { loadPolicy } from './policy/load.ts'
import type { Policy, PolicyFile, PolicyIssue } from './policy/policy.ts'

/** The directory cannot be read as one; `message` says which file and what to do. */
export class PolicyFolderError extends Error {
  override readonly name = 'PolicyFolderError'
}

/**
 * The policy files of a directory, paths relative to it with `/`, sorted. Throws
 * `PolicyFolderError` on anything above. Of a file over the size limit only as much is read as
 * loading needs to refuse it by name.
 */
export const readPolicyFolder = async (dir: string): Promise<readonly PolicyFile[]> => {
  const root = await realpath(dir).catch((cause: unknown) => {
    throw new PolicyFolderError(`no policies directory at ${dir} (${codeOf(cause)})`, { cause })
  })
  const entries = await readdir(root, { recursive: true, withFileTypes: true }).catch(
    (cause: unknown) => {
      throw new PolicyFolderError(`${dir} cannot be listed (${codeOf(cause)})`, { cause })
    }
  )
  const paths = entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep))
    .filter(isPolicyPath)
    .map((steps) => steps.join('/'))
    .toSorted()
  return Promise.all(paths.map(async (path) => ({ path, text: await readText(root, path) })))
}

export type LoadedFolder =
  | { readonly ok: true; readonly policy: Policy; readonly warnings: readonly string[] }
  | { readonly ok: false; readonly lines: readonly string[] }

/** The policy of a directory, or every issue as a line for people. */
export const loadFolder = async (dir: string): Promise<LoadedFolder> => {
  try {
    const loaded = loadPolicy(await readPolicyFolder(dir))
    if (loaded.ok) return { ...loaded, warnings: loaded.warnings.map(printIssue) }
    return { ok: false, lines: [...loaded.issues.map(printIssue), `${dir} is not a valid policy`] }
  } catch (cause) {
    if (!(cause instanceof PolicyFolderError)) throw cause
    return { ok: false, lines: [cause.message] }
  }
}

/** `rules/claims.yaml:7 rules[0].maxDuration bad_value: …` */
export const printIssue = ({ file, line, path, code, message }: PolicyIssue): string =>
  `${file}:${line} ${path} ${code}: ${message}`

const isPolicyPath = (steps: readonly string[]): boolean =>
  /[.]ya?ml$/.test(steps.at(-1) ?? '') &&
  steps[0] !== 'aws' &&
  steps[0] !== 'schema' &&
  !steps.some((step) => step.startsWith('.'))

const readText = async (root: string, path: string): Promise<string> => {
  try {
    const real = await realpath(join(root, path))
    if (!real.startsWith(`${root}${sep}`)) {
      throw new PolicyFolderError(`${path} is a link out of the policies directory`)
    }
    return new TextDecoder('utf-8', { fatal: true }).decode(await firstBytes(real, path))
  } catch (cause) {
    if (cause instanceof PolicyFolderError) throw cause
    throw new PolicyFolderError(`${path} cannot be read (${codeOf(cause)})`, { cause })
  }
}

const firstBytes = async (real: string, path: string): Promise<Uint8Array> => {
  const file = await open(real)
  try {
    const found = await file.stat()
    if (!found.isFile()) throw new PolicyFolderError(`${path} is not a plain file`)
    // one byte over the limit is enough to be refused as too large; its text is never parsed
    if (found.size > maxFileBytes) return new Uint8Array(maxFileBytes + 1).fill(0x20)
    return await file.readFile()
  } finally {
    await file.close()
  }
}

const codeOf = (cause: unknown): string =>
  cause instanceof Error && 'code' in cause ? String(cause.code) : 'not readable'
