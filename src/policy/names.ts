/**
 * Names across all documents: what each declares, what each mentions, which are declared twice and
 * which do not exist. Read from the raw documents, so that a fault elsewhere in a rule hides none.
 */
import type { Path, SourceDocument } from './document.ts'
import { type Place, errorAt, hint, quote } from './issue.ts'
import { checked, valueAt } from './part.ts'
import type { PolicyIssue, SubjectRef } from './policy.ts'

export type Named = Place & { readonly text: string }

type Kind = 'person' | 'group' | 'target' | 'rule' | 'guardrail' | 'posture'

/** Duplicate declarations and unresolved mentions of people, groups, targets, rules, guardrails. */
export const nameIssues = (documents: readonly SourceDocument[]): readonly PolicyIssue[] => {
  const declared = {
    person: textsAt(documents, ['people', '*', 'id']),
    group: textsAt(documents, ['groups', '*', 'id']),
    target: textsAt(documents, ['target']),
    rule: [...textsAt(documents, ['rules', '*', 'id']), ...textsAt(documents, ['deny', '*', 'id'])],
    guardrail: textsAt(documents, ['guardrail']),
    posture: textsAt(documents, ['posture'])
  }
  const known = (kind: Kind): ReadonlySet<string> => new Set(declared[kind].map(({ text }) => text))
  const sets = {
    person: known('person'),
    group: known('group'),
    target: known('target'),
    rule: known('rule'),
    guardrail: known('guardrail'),
    posture: known('posture')
  }
  const hints = new Map<string, string>()
  const unresolved = (place: Place, kind: Kind, name: string): readonly PolicyIssue[] => {
    if (sets[kind].has(name)) return []
    const key = `${kind}:${name}`
    // a name that is wrong in every line is looked up once, and thousands of wrong ones not at all
    const near = hints.get(key) ?? (hints.size < mostHints ? hint(name, sets[kind]) : '')
    hints.set(key, near)
    return [errorAt(place, 'unresolved', `there is no ${kind} ${quote(name)}${near}`)]
  }
  return [
    ...kinds.flatMap((kind) => repeats(kind, declared[kind])),
    ...mentions.flatMap(({ at, kind }) =>
      textsAt(documents, at).flatMap((named) => unresolved(named, kind, named.text))
    ),
    ...refPlaces.flatMap((at) =>
      textsAt(documents, at).flatMap((named) => {
        const [kind, name] = splitRef(named.text)
        return kind === null ? [] : unresolved(named, kind, name)
      })
    )
  ]
}

/** Every text at a place; `*` stands for each item of a list or each value of a mapping. */
export const textsAt = (
  documents: readonly SourceDocument[],
  pattern: readonly string[]
): readonly Named[] =>
  valuesAt(documents, pattern).flatMap(({ document, path, value }) =>
    typeof value === 'string' ? [{ document, path, text: value }] : []
  )

/** The same for values of any type. */
export const valuesAt = (documents: readonly SourceDocument[], pattern: readonly string[]) => {
  const found: (Place & { readonly value: unknown })[] = []
  for (const document of documents) {
    walk(document.value, pattern, [], (path, value) => found.push({ document, path, value }))
  }
  return found
}

/** The kind and name of `person:ID` or `group:NAME`; kind null where it is neither. */
export const splitRef = (text: string): readonly ['person' | 'group' | null, string] => {
  if (text.startsWith('person:')) return ['person', text.slice(7)]
  return text.startsWith('group:') ? ['group', text.slice(6)] : [null, text]
}

/** `person:ID` or `group:NAME`, as the schema lets it through. */
export const refOf = (text: string): SubjectRef => {
  const [kind, name] = splitRef(text)
  return { kind: checked(kind), name }
}

const mostHints = 500

const kinds: readonly Kind[] = ['person', 'group', 'target', 'rule', 'guardrail', 'posture']

const mentions = [
  { at: ['people', '*', 'groups', '*'], kind: 'group' },
  { at: ['groups', '*', 'includes', '*'], kind: 'group' },
  { at: ['rules', '*', 'targets', '*'], kind: 'target' },
  { at: ['rules', '*', 'guardrail'], kind: 'guardrail' },
  { at: ['deny', '*', 'targets', '*'], kind: 'target' },
  { at: ['tests', '*', 'as'], kind: 'person' },
  { at: ['tests', '*', 'ask', 'target'], kind: 'target' },
  { at: ['tests', '*', 'expect', 'rule'], kind: 'rule' },
  { at: ['tests', '*', 'expect', 'approvers', '*'], kind: 'person' }
] as const

const refPlaces = [
  ['rules', '*', 'requesters', '*'],
  ['rules', '*', 'approval', 'from', '*'],
  ['rules', '*', 'approval', 'from', 'allOf', '*', 'of', '*'],
  ['rules', '*', 'approval', 'notify', '*'],
  ['rules', '*', 'approval', 'review', '*'],
  ['rules', '*', 'approval', 'escalateTo', '*'],
  ['deny', '*', 'requesters', '*'],
  ['roles', '*', '*'],
  ['waivers', '*', 'by'],
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

const walk = (
  value: unknown,
  pattern: readonly string[],
  path: Path,
  found: (path: Path, value: unknown) => void
): void => {
  const step = pattern[path.length]
  if (step === undefined) {
    found(path, value)
  } else if (step !== '*') {
    const inner = valueAt(value, step)
    if (inner !== undefined) walk(inner, pattern, [...path, step], found)
  } else if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) walk(item, pattern, [...path, index], found)
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, item] of Object.entries(value)) walk(item, pattern, [...path, key], found)
  }
}
