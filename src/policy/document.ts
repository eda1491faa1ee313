/**
 * One file's text to plain data that knows its lines. YAML 1.2 core schema. Refused as `too_large`:
 * over 1 MiB, too deep or wide; as `not_yaml`: duplicate keys, keys that are no strings, tabs as
 * indentation, anchors, aliases, tags and a second document. Merge keys are ordinary, so unknown.
 */
import { Composer, LineCounter, type Pair, isAlias, isMap, isNode, isScalar, isSeq } from 'yaml'
import { readTokens } from './bounds.ts'
import { readPlain } from './plain-yaml.ts'
import type { PolicyFile, PolicyIssue } from './policy.ts'

/** Keys and list positions from the top of a document. */
export type Path = readonly (string | number)[]

/** A file that is YAML as this product reads it. Whether it is a policy is not said yet. */
export type SourceDocument = {
  readonly file: string
  readonly value: unknown
  /** the line a path is written on, or the nearest one above it that exists */
  readonly lineOf: (path: Path) => number
}

export type Source =
  | { readonly ok: true; readonly document: SourceDocument }
  | { readonly ok: false; readonly issues: readonly PolicyIssue[] }

/** The most a policy file may hold. */
export const maxFileBytes = 1_048_576
const mostFaults = 20

/** Parses one file; a file with nothing in it has the value `null`. */
export const readDocument = (file: PolicyFile): Source => {
  const fault = (code: PolicyIssue['code'], line: number, message: string): PolicyIssue => ({
    file: file.path,
    line,
    path: '',
    code,
    severity: 'error',
    message
  })
  if (Buffer.byteLength(file.text) > maxFileBytes) {
    return { ok: false, issues: [fault('too_large', 0, 'the file is larger than 1 MiB')] }
  }
  // of a thousand files nearly all are; what is left is read, or refused, by the parser
  const plainly = readPlain(file.text)
  if (plainly !== null) return { ok: true, document: documentOf(file, plainly.value) }
  const { lines, beyond, documents } = parse(file.text)
  if (beyond !== null) {
    return { ok: false, issues: [fault('too_large', lineAt(lines, beyond.at), beyond.message)] }
  }
  const found = documents.flatMap((one, index): readonly Found[] => [
    ...(index === 1 ? [{ at: one.range[0], message: 'only one document per file' }] : []),
    ...one.errors.map(({ pos, message }) => ({ at: pos[0], message }))
  ])
  const indirections: Found[] = []
  const value = found.length === 0 ? plain(documents[0]?.contents, indirections) : null
  const faults = [...found, ...indirections]
  if (faults.length > 0) {
    const issues = faults.map(({ at, message }) => fault('not_yaml', lineAt(lines, at), message))
    return { ok: false, issues: issues.slice(0, mostFaults) }
  }
  return { ok: true, document: documentOf(file, value) }
}

/** `rules[2].approval.quorum`; keys that are not plain words are quoted. */
export const printPath = (path: Path): string =>
  path
    .map((step) => {
      if (typeof step === 'number') return `[${step}]`
      return /^[A-Za-z0-9_-]+$/.test(step) ? `.${step}` : `[${JSON.stringify(step.slice(0, 100))}]`
    })
    .join('')
    .replace(/^\./, '')

/** YAML 1.2 with its core schema and nothing that could mean two things. */
export const strict = {
  version: '1.2',
  schema: 'core',
  merge: false,
  strict: true,
  uniqueKeys: true,
  stringKeys: true,
  resolveKnownTags: false,
  prettyErrors: false,
  logLevel: 'silent'
} as const

const documentOf = ({ path, text }: PolicyFile, value: unknown): SourceDocument => ({
  file: path,
  value,
  lineOf: makeLineOf(text)
})

const parse = (text: string) => {
  const lines = new LineCounter()
  const read = readTokens(text, lines)
  return read.ok
    ? { lines, beyond: null, documents: [...new Composer(strict).compose(read.tokens)] }
    : { lines, beyond: read.beyond, documents: [] }
}

/**
 * Parses again for the first line that is asked for: of a policy without issues none is, and to
 * keep the trees of a thousand files takes longer than to make the few that are needed twice.
 */
const makeLineOf = (text: string): SourceDocument['lineOf'] => {
  let parsed: ReturnType<typeof parse> | null = null
  return (path) => {
    parsed ??= parse(text)
    return lineAt(parsed.lines, offsetOf(parsed.documents[0]?.contents, path, 0))
  }
}

type Found = { readonly at: number; readonly message: string }

/**
 * Plain data of a node. Ways to say a thing elsewhere or as another type are found on the way: a
 * reviewer reads what is written, no more. Recursive, for `beyondBounds` has looked at the depth.
 */
const plain = (node: unknown, found: Found[]): unknown => {
  if (!isNode(node)) return null
  const at = node.range?.[0] ?? 0
  if (node.tag !== undefined) found.push({ at, message: 'tags are not allowed' })
  if (isAlias(node)) {
    found.push({ at, message: 'aliases are not allowed; write it out' })
    return null
  }
  if (node.anchor !== undefined) found.push({ at, message: 'anchors are not allowed' })
  if (isScalar(node)) return node.value
  if (isSeq(node)) return node.items.map((item) => plain(item, found))
  // own properties whatever their name is, __proto__ included
  return isMap(node) ? Object.fromEntries(node.items.map((pair) => entry(pair, found))) : null
}

const entry = ({ key, value }: Pair, found: Found[]): readonly [string, unknown] => {
  const name = plain(key, found)
  return [typeof name === 'string' ? name : '', plain(value, found)]
}

const lineAt = (lines: LineCounter, offset: number): number =>
  Math.max(1, lines.linePos(offset).line)

/** Where the key or list item at `path` starts. */
const offsetOf = (node: unknown, path: Path, above: number): number => {
  const [step, ...rest] = path
  if (step === undefined) return above
  if (isMap(node)) {
    const pair = node.items.find(({ key }) => isScalar(key) && key.value === step)
    if (pair === undefined) return above
    return offsetOf(pair.value, rest, startOf(pair.key) ?? above)
  }
  if (isSeq(node) && typeof step === 'number') {
    const item = node.items[step]
    return offsetOf(item, rest, startOf(item) ?? above)
  }
  return above
}

const startOf = (node: unknown): number | null => (isNode(node) ? (node.range?.[0] ?? null) : null)
