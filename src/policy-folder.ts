/**
 * A policies directory to files in memory, and to a policy. Read: `*.yaml` and `*.yml` at any
 * depth, except under `aws/` and `schema/`, which hold no policy, and names that start with a dot.
 * Refused, each as an issue: links that lead out of the directory or to a directory, anything that
 * is no plain file, and text that is not UTF-8. What the files say is for `policy/load.ts`.
 */
import { createHash } from 'node:crypto'
import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readFileSync,
  realpathSync,
  statSync
} from 'node:fs'
import { readdir, realpath, stat } from 'node:fs/promises'
import { basename, dirname, join, relative, sep } from 'node:path'
import { setImmediate as others } from 'node:timers/promises'
import { maxFileBytes } from './policy/document.ts'
import { loadPolicy } from './policy/load.ts'
import type { Policy, PolicyFile, PolicyIssue } from './policy/policy.ts'

/** The directory cannot be read as one; `message` says which file and what to do. */
export class PolicyFolderError extends Error {
  override readonly name = 'PolicyFolderError'
}

export type LoadedFolder = {
  /** SHA-256 of all that was read, hex: two looks at the same content have the same */
  readonly content: string
  readonly issues: readonly PolicyIssue[]
} & (
  | { readonly ok: true; readonly policy: Policy; readonly warnings: readonly string[] }
  | { readonly ok: false; readonly lines: readonly string[] }
)

/** The policy of a directory, or every issue, also as a line for people. Never rejects. */
export const loadFolder = async (dir: string): Promise<LoadedFolder> => {
  const read = await readFolder(dir)
  const loaded = loadPolicy(read.files)
  const found = loaded.ok ? loaded.warnings : loaded.issues
  const issues = read.issues.length === 0 ? found : [...read.issues, ...found.filter(isOfOneFile)]
  const content = contentOf(read)
  if (loaded.ok && read.issues.length === 0) {
    const { policy } = loaded
    return { ok: true, policy, content, issues, warnings: issues.map(printIssue) }
  }
  const lines = [...issues.map(printIssue), `${dir} is not a valid policy`]
  return { ok: false, content, issues, lines }
}

/**
 * The policy files of a directory, paths relative to it with `/`, sorted. Throws
 * `PolicyFolderError` on anything above. Of a file over the size limit only as much is read as
 * loading needs to refuse it by name.
 */
export const readPolicyFolder = async (dir: string): Promise<readonly PolicyFile[]> => {
  const { files, issues } = await readFolder(dir)
  if (issues.length > 0) throw new PolicyFolderError(issues.map(printIssue).join('; '))
  return files
}

/**
 * Changes when any policy file does, without reading one: path, size, inode and times of each.
 * Null where the directory cannot be listed.
 */
export const folderFingerprint = async (dir: string): Promise<string | null> => {
  const listed = await listFolder(dir)
  if (!listed.ok) return null
  const { root, entries } = listed
  const lines = await inBatches(entries, async ({ path }) => {
    const found = await stat(join(root, path), { bigint: true }).catch(() => null)
    return found === null
      ? `${path} gone`
      : `${path} ${found.size} ${found.ino} ${found.mtimeNs} ${found.ctimeNs}`
  })
  return lines.join('\n')
}

/** `rules/claims.yaml:7 rules[0].maxDuration bad_value: …` */
export const printIssue = ({ file, line, path, code, message }: PolicyIssue): string =>
  [line > 0 ? `${file}:${line}` : file, path, `${code}: ${message}`]
    .filter((part) => part !== '')
    .join(' ')

type Entry = { readonly path: string; readonly isLink: boolean }

type Read = { readonly files: readonly PolicyFile[]; readonly issues: readonly PolicyIssue[] }

const readFolder = async (dir: string): Promise<Read> => {
  const listed = await listFolder(dir)
  if (!listed.ok) return { files: [], issues: [issueOf(dir, 'nothing', listed.message)] }
  const { root, entries } = listed
  const realFolder = makeRealFolder()
  const parts: (PolicyFile | PolicyIssue)[] = []
  for (const [n, entry] of entries.entries()) {
    if (n % batch === batch - 1) await others()
    const part = readEntry(root, entry, realFolder)
    if (part !== null) parts.push(part)
  }
  return {
    files: parts.flatMap((part) => ('text' in part ? [part] : [])),
    issues: parts.flatMap((part) => ('code' in part ? [part] : []))
  }
}

const listFolder = async (
  dir: string
): Promise<
  | { readonly ok: true; readonly root: string; readonly entries: readonly Entry[] }
  | { readonly ok: false; readonly message: string }
> => {
  try {
    const root = await realpath(dir)
    const found = await readdir(root, { recursive: true, withFileTypes: true })
    const entries = found
      .filter((entry) => !entry.isDirectory())
      .map((entry) => ({
        steps: relative(root, join(entry.parentPath, entry.name)).split(sep),
        isLink: entry.isSymbolicLink()
      }))
      .filter(({ steps, isLink }) => isSeen(steps) && (isLink || isYaml(steps)))
      .map(({ steps, isLink }) => ({ path: steps.join('/'), isLink }))
      .toSorted((a, b) => Number(a.path > b.path) - Number(a.path < b.path))
    return { ok: true, root, entries }
  } catch (cause) {
    return { ok: false, message: `the policies directory cannot be read (${codeOf(cause)})` }
  }
}

const isSeen = (steps: readonly string[]): boolean =>
  steps[0] !== 'aws' && steps[0] !== 'schema' && !steps.some((step) => step.startsWith('.'))

const isYaml = (steps: readonly string[]): boolean => /[.]ya?ml$/.test(steps.at(-1) ?? '')

/** Looks each folder up once; only of a link has the file itself to be looked up. */
const makeRealFolder = (): ((folder: string) => string) => {
  const known = new Map<string, string>()
  return (folder) => {
    const real = known.get(folder) ?? realpathSync.native(folder)
    known.set(folder, real)
    return real
  }
}

/**
 * Nothing is read of a link by another name, unless it hides a directory of files. Not by promises:
 * on a thousand small files those take six times as long as the reading.
 */
const readEntry = (
  root: string,
  { path, isLink }: Entry,
  realFolder: (folder: string) => string
): PolicyFile | PolicyIssue | null => {
  const isPolicy = isYaml([path])
  const named = join(root, path)
  try {
    const real = isLink
      ? realpathSync.native(named)
      : join(realFolder(dirname(named)), basename(named))
    if (isLink && statSync(real).isDirectory()) {
      return issueOf(path, 'unsafe_file', 'a link to a directory; its files would not be read')
    }
    if (!isPolicy) return null
    if (!real.startsWith(`${root}${sep}`)) {
      return issueOf(path, 'unsafe_file', 'a link out of the policies directory')
    }
    const bytes = firstBytes(real)
    if (bytes === null) return issueOf(path, 'unsafe_file', 'not a plain file')
    return { path, text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) }
  } catch (cause) {
    if (!isPolicy) return null
    if (cause instanceof TypeError) return issueOf(path, 'not_yaml', 'the text is not UTF-8')
    return issueOf(path, 'unsafe_file', `it cannot be read (${codeOf(cause)})`)
  }
}

/**
 * Null for a directory, device or pipe; opening never waits for a pipe's writer. A link that has
 * taken the place of a file since it was looked at is not followed.
 */
const firstBytes = (real: string): Uint8Array | null => {
  const { O_RDONLY, O_NONBLOCK, O_NOFOLLOW } = constants
  const file = openSync(real, O_RDONLY | O_NONBLOCK | O_NOFOLLOW)
  try {
    const found = fstatSync(file)
    if (!found.isFile()) return null
    // one byte over the limit is enough to be refused as too large; its text is never parsed
    if (found.size > maxFileBytes) return new Uint8Array(maxFileBytes + 1).fill(0x20)
    return readFileSync(file)
  } finally {
    closeSync(file)
  }
}

/** So many files in one go: no more can be open at once, and others have to have their turn. */
const batch = 64

const inBatches = async <T, R>(
  items: readonly T[],
  one: (item: T) => Promise<R | null>
): Promise<readonly R[]> => {
  const done: R[] = []
  for (let at = 0; at < items.length; at += batch) {
    const answers = await Promise.all(items.slice(at, at + batch).map(one))
    for (const answer of answers) if (answer !== null) done.push(answer)
  }
  return done
}

/** A name may be declared, and an approver listed, in a file that could not be read. */
const isOfOneFile = ({ code }: PolicyIssue): boolean => {
  switch (code) {
    case 'unresolved':
    case 'impossible_quorum':
    case 'contradiction':
    case 'nothing':
      return false
    case 'not_yaml':
    case 'unknown_key':
    case 'wrong_type':
    case 'missing':
    case 'bad_value':
    case 'duplicate':
    case 'empty_approvers':
    case 'too_large':
    case 'unsafe_file':
      return true
  }
}

const contentOf = ({ files, issues }: Read): string => {
  const hash = createHash('sha256')
  for (const { path, text } of files) hash.update(JSON.stringify([path, text]))
  for (const { file, code, message } of issues) hash.update(JSON.stringify([file, code, message]))
  return hash.digest('hex')
}

const issueOf = (file: string, code: PolicyIssue['code'], message: string): PolicyIssue => ({
  file,
  line: 0,
  path: '',
  code,
  severity: 'error',
  message
})

const codeOf = (cause: unknown): string =>
  cause instanceof Error && 'code' in cause ? String(cause.code) : 'not readable'
