/** The compliant account of test/vectors/posture, and patches on it, as its README says. */
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { type Instant, instant, seconds } from '../src/elevation/ids.ts'
import type { Target } from '../src/elevation/target.ts'
import type { Posture } from '../src/policy/policy.ts'
import type { Facts } from '../src/posture/facts.ts'
import { parseFacts } from '../src/posture/facts-file.ts'
import type { Finding } from '../src/posture/finding.ts'
import { judge } from '../src/posture/judge.ts'
import type { Scene } from '../src/posture/scene.ts'
import { root } from './place.ts'

const folder = join(root, 'test/vectors/posture')
const read = (name: string): string => readFileSync(join(folder, name), 'utf8')

export type Patch = readonly (readonly [pointer: string, value: unknown])[]

export type Case = {
  readonly name: string
  readonly patch: Patch
  readonly scene?: Patch
  readonly expect: { readonly found: { readonly resource: string; readonly severity: string } | null }
}

export const cases = readdirSync(join(folder, 'rules')).flatMap((name) => {
  const file = JSON.parse(read(`rules/${name}`)) as { finding: string; cases: readonly Case[] }
  return file.cases.map((one) => ({ ...one, finding: file.finding }))
})

/** The facts of the account with a patch over them, through the strict parser. */
export const factsWith = (patch: Patch = []): Facts => {
  const facts = parseFacts(JSON.stringify(textsIn(patched(JSON.parse(read('base.json')), patch))))
  if (!facts.ok) throw new Error(JSON.stringify(facts.issues))
  return facts.facts
}

export const sceneWith = (patch: Patch = []): Scene => {
  const raw = patched(JSON.parse(read('scene.json')), patch) as {
    targets: readonly Target[]
    posture: Posture
    broker: string | null
    longestWindow: number
    now: string
  }
  return { ...raw, longestWindow: seconds(raw.longestWindow), now: at(raw.now) }
}

export const at = (text: string): Instant => instant(Date.parse(text))

export const judged = (patch: Patch = [], scene: Patch = []): readonly Finding[] =>
  judge(factsWith(patch), sceneWith(scene))

export const codesOf = (findings: readonly Finding[]): readonly string[] =>
  [...new Set(findings.map(({ code }) => code))].toSorted()

type Bag = Record<string, unknown>
const isBag = (value: unknown): value is Bag => typeof value === 'object' && value !== null

export const patched = (document: unknown, patch: Patch): unknown => {
  const root = structuredClone(document)
  for (const [pointer, value] of patch) {
    const whole = isBag(value) && '$copy' in value
      ? { ...structuredClone(valueAt(root, String(value['$copy'])) as Bag), ...value, $copy: undefined }
      : structuredClone(value)
    set(root, pointer.split('/').slice(1), whole)
  }
  return root
}

const valueAt = (root: unknown, pointer: string): unknown =>
  pointer.split('/').slice(1).reduce((value: unknown, step) => (isBag(value) ? value[step] : undefined), root)

/** Through policies too, which are texts. */
const set = (holder: unknown, [step = '', ...rest]: readonly string[], value: unknown): void => {
  if (!isBag(holder)) throw new Error(`nothing at ${step}`)
  if (rest.length === 0) {
    if (Array.isArray(holder) && step === '-') holder.push(value)
    else holder[step] = value
    return
  }
  const inner = holder[step]
  if (typeof inner !== 'string') return set(inner, rest, value)
  const parsed: unknown = JSON.parse(inner)
  set(parsed, rest, value)
  holder[step] = JSON.stringify(parsed)
}

/** Policies that a patch wrote as objects, as the texts that AWS keeps. */
const textsIn = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(textsIn)
  if (!isBag(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [
      key,
      ['policy', 'boundary', 'trust', 'text'].includes(key) && isBag(one) ? JSON.stringify(one) : textsIn(one)
    ])
  )
}

/** An account of so many more of each, none of them the same. */
export const many = (workgroups: number, keys: number, principals: number): Facts => {
  const base = factsWith([['/keys/0/policy/Statement/-', { Effect: 'Allow', Principal: { AWS: 'arn:aws:iam::123456789012:root' }, Action: 'kms:*', Resource: '*' }]])
  const [workgroup] = base.workgroups
  const [key] = base.keys
  const [role] = base.principals
  if (!workgroup || !key || !role) throw new Error('the base has one of each')
  const text = JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: ['s3:Get*', 'kms:Decrypt'], Resource: '*' }] })
  return {
    ...base,
    workgroups: [
      ...base.workgroups,
      ...Array.from({ length: workgroups }, (_, n) => ({ ...workgroup, arn: `${workgroup.arn}-${n}`, name: `w${n}`, enforced: n % 2 === 0 }))
    ],
    keys: [
      ...base.keys,
      // each text is another, as it is where the policies of keys are written one by one
      ...Array.from({ length: keys }, (_, n) => ({ ...key, arn: `${key.arn.slice(0, -4)}${1000 + n}`, policy: key.policy?.replace('KeyAdmins', `KeyAdmins${n}`) ?? null }))
    ],
    principals: [
      ...base.principals,
      ...Array.from({ length: principals }, (_, n) => ({ ...role, arn: `${role.arn}-${n}`, id: `AROA${n}`, boundary: null, policies: [{ name: 'p', from: 'inline' as const, text }] }))
    ]
  }
}
