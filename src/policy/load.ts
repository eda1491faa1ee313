/**
 * Policy documents to one `Policy`, or every issue at once: not YAML, not the schema, names that
 * resolve nowhere or twice, contradictions, rules nobody could use. One error is enough to refuse
 * the whole set, so that no half of a policy is ever in force.
 */
import { approvalIssues } from './approval-issues.ts'
import { digestOf } from './digest.ts'
import { buildDirectory } from './directory.ts'
import { type SourceDocument, readDocument } from './document.ts'
import { GuardrailDocument } from './guardrail-schema.ts'
import { guardrailIssues, guardrailOf, wiringIssues } from './guardrails.ts'
import { errorAt, warningAt } from './issue.ts'
import { type Kind, kindOf, schemas } from './kind.ts'
import { indexMembers } from './members.ts'
import { nameIssues, refOf } from './names.ts'
import { closingOf, neverOpen } from './never-open.ts'
import { fitting, partsOf, valueAt } from './part.ts'
import type { Policy, PolicyFile, PolicyIssue, Role } from './policy.ts'
import { postureIssues, postureOf } from './posture-documents.ts'
import { PostureDocument } from './posture-schema.ts'
import { DenyDocument, RuleDocument } from './rule-schema.ts'
import { denyOf, formIssues, ruleIssues, ruleOf } from './rules.ts'
import { GroupDocument, PersonDocument, RolesDocument } from './schema.ts'
import { shapeIssues } from './shape.ts'
import { TargetDocument } from './target-schema.ts'
import { sharedWorkgroups, targetIssues, targetOf } from './targets.ts'
import { momentIssues, testIssues, testOf } from './test-documents.ts'
import { TestDocument } from './test-schema.ts'
import { whenIssues } from './when-documents.ts'

export type Loaded =
  | { readonly ok: true; readonly policy: Policy; readonly warnings: readonly PolicyIssue[] }
  | { readonly ok: false; readonly issues: readonly PolicyIssue[] }

/** The policy of these files, or all issues ordered by file and line, warnings among them. */
export const loadPolicy = (files: readonly PolicyFile[]): Loaded => {
  const sources = files.map(readDocument)
  const documents = sources.flatMap((source) => (source.ok ? [source.document] : []))
  const unread = sources.flatMap((source) => (source.ok ? [] : source.issues))
  const read = readParts(documents)
  const issues = [
    ...(files.length === 0 ? [noFiles] : []),
    ...unread,
    ...documents.flatMap(documentIssues),
    ...formIssues(documents),
    ...whenIssues(documents),
    ...momentIssues(documents),
    ...postureIssues(read.postureFiles),
    ...read.directory.issues,
    ...sharedWorkgroups(read.targets),
    ...read.rules.parts.flatMap(ruleIssues),
    ...read.tests.parts.flatMap(testIssues),
    // a name may be declared in a file that could not be read
    ...(unread.length === 0 ? acrossIssues(documents, read) : [])
  ].toSorted(byPlace)
  if (issues.some(({ severity }) => severity === 'error')) return { ok: false, issues }
  const warnings = [...issues, ...closedRules(read)].toSorted(byPlace)
  return { ok: true, policy: policyOf(read), warnings }
}

type Parts = ReturnType<typeof readParts>

const readParts = (documents: readonly SourceDocument[]) => {
  const of = (kind: Kind) => documents.filter((document) => kindOf(document) === kind)
  const others = of('organisation')
  const people = partsOf(others, 'people', PersonDocument)
  const groups = partsOf(others, 'groups', GroupDocument)
  const targetFiles = of('target')
  const targets = targetFiles.flatMap((document) => fitting(topOf(document), TargetDocument))
  const guardrailFiles = of('guardrail')
  const postureFiles = of('posture')
  return {
    directory: buildDirectory(people.parts, groups.parts),
    wholeDirectory: people.whole && groups.whole,
    targets,
    wholeTargets: targets.length === targetFiles.length,
    guardrailFiles,
    guardrails: guardrailFiles.flatMap((file) => fitting(topOf(file), GuardrailDocument)),
    postureFiles,
    postures: postureFiles.flatMap((file) => fitting(topOf(file), PostureDocument)),
    rules: partsOf(others, 'rules', RuleDocument),
    denies: partsOf(others, 'deny', DenyDocument),
    roles: others.flatMap((document) => {
      const value = valueAt(document.value, 'roles') ?? {}
      return fitting({ document, path: ['roles'], value }, RolesDocument)
    }),
    tests: partsOf(of('tests'), 'tests', TestDocument)
  }
}

/** Asked last, for it needs windows without faults. */
const closedRules = ({ directory, rules, denies }: Parts): readonly PolicyIssue[] => {
  const members = indexMembers(directory.people.values())
  const closing = closingOf(denies.parts, members)
  return rules.parts.flatMap((rule) => neverOpen(rule, closing, members))
}

/** What only shows once documents are held against each other. */
const acrossIssues = (
  documents: readonly SourceDocument[],
  read: Parts
): readonly PolicyIssue[] => {
  const members = indexMembers(read.directory.people.values())
  const targets = read.targets.map(({ value }) => value)
  return [
    ...nameIssues(documents),
    ...(read.wholeTargets ? guardrailIssues(read.guardrailFiles, targets) : []),
    ...wiringIssues(read.rules.parts, read.guardrails.map(({ value }) => value), targets),
    ...(read.wholeDirectory
      ? read.rules.parts.flatMap((rule) => approvalIssues(rule, members))
      : [])
  ]
}

const policyOf = (read: Parts): Policy => {
  const { directory, roles, targets, rules, denies, tests } = read
  const holders = (role: Role) => roles.flatMap(({ value }) => value[role] ?? []).map(refOf)
  const guardrails = new Map(read.guardrails.map(({ value }) => byId(guardrailOf(value))))
  const meaning = {
    people: directory.people,
    bySubject: directory.bySubject,
    bySlack: directory.bySlack,
    targets: new Map(targets.map(({ value }) => byId(targetOf(value)))),
    rules: rules.parts.map(({ value }) => ruleOf(value, guardrails)),
    denies: denies.parts.map(({ value }) => denyOf(value)),
    roles: {
      auditor: holders('auditor'),
      operator: holders('operator'),
      security: holders('security')
    },
    guardrails,
    posture: postureOf(read.postures),
    tests: tests.parts.map(testOf)
  }
  return { digest: digestOf(meaning), ...meaning }
}

const byId = <T extends { readonly id: string }>(one: T): readonly [T['id'], T] => [one.id, one]

const topOf = (document: SourceDocument) => ({ document, path: [], value: document.value })

const documentIssues = (document: SourceDocument): readonly PolicyIssue[] => {
  const top = topOf(document)
  if (document.value === null) return [warningAt(top, 'nothing', 'there is nothing in this file')]
  if (typeof document.value !== 'object' || Array.isArray(document.value)) {
    return [errorAt(top, 'wrong_type', 'a policy file is a mapping of keys to values')]
  }
  const kind = kindOf(document)
  return [
    ...shapeIssues(document, schemas[kind]),
    ...(kind === 'target' ? targetIssues(document) : [])
  ]
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
