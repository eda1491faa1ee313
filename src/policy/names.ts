/**
 * Names across all documents: what each declares, what each mentions, which are declared twice and
 * which do not exist. Read from the raw documents, so that a fault elsewhere in a rule hides none.
 */
import type { Path, SourceDocument } from './document.ts'
import { type Place, errorAt, hint, quote } from './issue.ts'
import type { PolicyIssue } from './policy.ts'

export type Named = Place & { readonly text: string }

type Kind = 'person' | 'group' | 'target' | 'rule'

/** Duplicate declarations and unresolved mentions of people, groups, targets and rules. */
export const nameIssues = (documents: readonly SourceDocument[]): readonly PolicyIssue[] => {
  const declared = {
    person: textsAt(documents, ['people', '*', 'id']),
    group: textsAt(documents, ['groups', '*', 'id']),
    target: textsAt(documents, ['target']),
    rule: [...textsAt(documents, ['rules', '*', 'id']), ...textsAt(documents, ['deny', '*', 'id'])]
  }
  const known = (kind: Kind): ReadonlySet<string> => new Set(declared[kind].map(({ text }) => text))
  const sets = { person: known('person'), group: known('group'), target: known('target') }
  return [
    ...kinds.flatMap((kind) => repeats(kind, declared[kind])),
    ...mentions.flatMap(({ at, kind }) =>
      textsAt(documents, at).flatMap((named) => unresolved(named, kind, named.text, sets[kind]))
    ),
    ...refPlaces.flatMap((at) =>
      textsAt(documents, at).flatMap((named) => {
        const [kind, name] = splitRef(named.text)
        return kind === null ? [] : unresolved(named, kind, name, sets[kind])
      })
    )
  ]
}

/** Every text at a place; `*` stands for each item of a list or each value of a mapping. */
export const textsAt = (
  documents: readonly SourceDocument[],
  pattern: readonly string[]
): readonly Named[] =>
  documents.flatMap((document) =>
    walk(document.value, pattern, []).map(({ path, text }) => ({ document, path, text }))
  )

/** The kind and name of `person:ID` or `group:NAME`; kind null where it is neither. */
export const splitRef = (text: string): readonly ['person' | 'group' | null, string] => {
  const [kind = '', name = ''] = text.split(/:(.*)/s)
  return kind === 'person' || kind === 'group' ? [kind, name] : [null, text]
}

const kinds: readonly Kind[] = ['person', 'group', 'target', 'rule']

const mentions = [
  { at: ['people', '*', 'groups', '*'], kind: 'group' },
  { at: ['groups', '*', 'includes', '*'], kind: 'group' },
  { at: ['rules', '*', 'targets', '*'], kind: 'target' },
  { at: ['deny', '*', 'targets', '*'], kind: 'target' }
] as const

const refPlaces = [
  ['rules', '*', 'requesters', '*'],
  ['rules', '*', 'approval', 'from', '*'],
  ['deny', '*', 'requesters', '*'],
  ['roles', '*', '*'],
  ['owner']
]

const repeats = (kind: Kind, names: readonly Named[]): readonly PolicyIssue[] => {
  const first = new Map<string, Named>()
  return names.flatMap((named) => {
    const before = first.get(named.text)
    if (before === undefined) {
      first.set(named.text, named)
      return []
    }
    const where = `${before.document.file}:${before.document.lineOf(before.path)}`
    return [errorAt(named, 'duplicate', `${kind} ${quote(named.text)} is already in ${where}`)]
  })
}

const unresolved = (
  place: Place,
  kind: Kind,
  name: string,
  known: ReadonlySet<string>
): readonly PolicyIssue[] =>
  known.has(name)
    ? []
    : [errorAt(place, 'unresolved', `there is no ${kind} ${quote(name)}${hint(name, known)}`)]

const walk = (
  value: unknown,
  pattern: readonly string[],
  path: Path
): readonly { readonly path: Path; readonly text: string }[] => {
  const [step, ...rest] = pattern
  if (step === undefined) return typeof value === 'string' ? [{ path, text: value }] : []
  if (typeof value !== 'object' || value === null) return []
  if (Array.isArray(value)) {
    return step === '*'
      ? value.flatMap((item, index) => walk(item, rest, [...path, index]))
      : []
  }
  return Object.entries(value).flatMap(([key, inner]) =>
    step === '*' || step === key ? walk(inner, rest, [...path, key]) : []
  )
}
