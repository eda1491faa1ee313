/**
 * One file's text to plain data that knows its lines. YAML 1.2 core schema. Refused as `not_yaml`:
 * over 1 MiB, too deep or wide, duplicate keys, keys that are no strings, tabs as indentation,
 * anchors, aliases, tags and a second document; merge keys are ordinary (unknown) keys.
 */
import {
  Composer,
  LineCounter,
  Parser,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  visit
} from 'yaml'
import { beyondBounds } from './bounds.ts'
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
  const fault = (line: number, message: string): PolicyIssue => ({
    file: file.path,
    line,
    path: '',
    code: 'not_yaml',
    severity: 'error',
    message
  })
  if (Buffer.byteLength(file.text) > maxFileBytes) {
    return { ok: false, issues: [fault(0, 'the file is larger than 1 MiB')] }
  }
  const lines = new LineCounter()
  const tokens = [...new Parser(lines.addNewLine).parse(file.text)]
  const beyond = beyondBounds(tokens)
  if (beyond !== null) {
    return { ok: false, issues: [fault(lineAt(lines, beyond.at), beyond.message)] }
  }
  const documents = [...new Composer(strict).compose(tokens)]
  const found = documents.flatMap((document, index) => [
    ...(index === 1 ? [{ at: document.range[0], message: 'only one document per file' }] : []),
    ...document.errors.map(({ pos, message }) => ({ at: pos[0], message })),
    ...(document.errors.length === 0 ? indirections(document.contents) : [])
  ])
  if (found.length > 0) {
    const issues = found.map(({ at, message }) => fault(lineAt(lines, at), message))
    return { ok: false, issues: issues.slice(0, mostFaults) }
  }
  const [document] = documents
  const contents: unknown = document?.contents
  return {
    ok: true,
    document: {
      file: file.path,
      value: document?.toJS() ?? null,
      lineOf: (path) => lineAt(lines, offsetOf(contents, path, 0))
    }
  }
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

const strict = {
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

/** Ways to say a thing elsewhere or as another type: a reviewer reads what is written, no more. */
const indirections = (contents: unknown) => {
  const found: { at: number; message: string }[] = []
  if (!isNode(contents)) return found
  visit(contents, {
    Node: (_key, node) => {
      const at = node.range?.[0] ?? 0
      if (isAlias(node)) found.push({ at, message: 'aliases are not allowed; write it out' })
      else if (node.anchor !== undefined) found.push({ at, message: 'anchors are not allowed' })
      if (node.tag !== undefined) found.push({ at, message: 'tags are not allowed' })
    }
  })
  return found
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
