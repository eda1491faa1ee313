/**
 * Policy documents to one `Policy`, or every issue at once: not YAML, not the schema, names that
 * resolve nowhere or twice, contradictions, rules nobody could use. One error is enough to refuse
 * the whole set, so that no half of a policy is ever in force.
 */
import { digestOf } from './digest.ts'
import { buildDirectory } from './directory.ts'
import { type SourceDocument, readDocument } from './document.ts'
import { errorAt, warningAt } from './issue.ts'
import { nameIssues } from './names.ts'
import { fitting, partsOf, valueAt } from './part.ts'
import type { Policy, PolicyFile, PolicyIssue, Role } from './policy.ts'
import { approvalIssues, denyOf, formIssues, refOf, ruleOf } from './rules.ts'
import { OrganisationDocument, TargetDocument, partSchemas } from './schema.ts'
import { shapeIssues } from './shape.ts'
import { sharedWorkgroups, targetIssues, targetOf } from './targets.ts'

export type Loaded =
  | { readonly ok: true; readonly policy: Policy; readonly warnings: readonly PolicyIssue[] }
  | { readonly ok: false; readonly issues: readonly PolicyIssue[] }

/** The policy of these files, or all issues ordered by file and line, warnings among them. */
export const loadPolicy = (files: readonly PolicyFile[]): Loaded => {
  const sources = files.map(readDocument)
  const documents = sources.flatMap((source) => (source.ok ? [source.document] : []))
  const unread = sources.flatMap((source) => (source.ok ? [] : source.issues))
  const read = readParts(documents)
  const wholeDirectory = unread.length === 0 && read.people.whole && read.groups.whole
  const issues = [
    ...(files.length === 0 ? [noFiles] : []),
    ...unread,
    ...documents.flatMap(documentIssues),
    // a name may be declared in a file that could not be read
    ...(unread.length === 0 ? nameIssues(documents) : []),
    ...formIssues(documents),
    ...read.directory.issues,
    ...sharedWorkgroups(read.targets),
    ...(wholeDirectory ? approvalIssues(read.rules.parts, read.directory) : [])
  ].toSorted(byPlace)
  if (issues.some(({ severity }) => severity === 'error')) return { ok: false, issues }
  return { ok: true, policy: policyOf(read), warnings: issues }
}

type Parts = ReturnType<typeof readParts>

const readParts = (documents: readonly SourceDocument[]) => {
  const targetFiles = documents.filter(isTarget)
  const others = documents.filter((document) => !isTarget(document))
  const people = partsOf(others, 'people', partSchemas.people)
  const groups = partsOf(others, 'groups', partSchemas.groups)
  return {
    people,
    groups,
    directory: buildDirectory(people.parts, groups.parts),
    targets: targetFiles.flatMap((document) => {
      return fitting({ document, path: [], value: document.value }, TargetDocument)
    }),
    rules: partsOf(others, 'rules', partSchemas.rules),
    denies: partsOf(others, 'deny', partSchemas.deny),
    roles: others.flatMap((document) => {
      const value = valueAt(document.value, 'roles') ?? {}
      return fitting({ document, path: ['roles'], value }, partSchemas.roles)
    })
  }
}

const policyOf = ({ directory, targets, rules, denies, roles }: Parts): Policy => {
  const holders = (role: Role) => roles.flatMap(({ value }) => value[role] ?? []).map(refOf)
  const meaning = {
    people: directory.people,
    bySubject: directory.bySubject,
    targets: new Map(targets.map(({ value }) => targetOf(value)).map((one) => [one.id, one])),
    rules: rules.parts.map(({ value }) => ruleOf(value)),
    denies: denies.parts.map(({ value }) => denyOf(value)),
    roles: {
      auditor: holders('auditor'),
      operator: holders('operator'),
      security: holders('security')
    }
  }
  return { digest: digestOf(meaning), ...meaning }
}

/** A target is told by its first key, or by its folder where that key is misspelt. */
const isTarget = ({ file, value }: SourceDocument): boolean =>
  valueAt(value, 'target') !== undefined || /(^|\/)targets\//.test(file)

const documentIssues = (document: SourceDocument): readonly PolicyIssue[] => {
  const top = { document, path: [] }
  if (document.value === null) return [warningAt(top, 'nothing', 'there is nothing in this file')]
  if (typeof document.value !== 'object' || Array.isArray(document.value)) {
    return [errorAt(top, 'wrong_type', 'a policy file is a mapping of keys to values')]
  }
  return isTarget(document)
    ? [...shapeIssues(document, TargetDocument), ...targetIssues(document)]
    : shapeIssues(document, OrganisationDocument)
}

const noFiles: PolicyIssue = {
  file: '',
  line: 0,
  path: '',
  code: 'nothing',
  severity: 'error',
  message: 'there are no policy files, so nobody may do anything'
}

const byPlace = (a: PolicyIssue, b: PolicyIssue): number =>
  Number(a.file > b.file) - Number(a.file < b.file) ||
  a.line - b.line ||
  Number(a.path > b.path) - Number(a.path < b.path) ||
  Number(a.code > b.code) - Number(a.code < b.code)
