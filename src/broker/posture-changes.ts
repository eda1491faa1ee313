/**
 * What a new judgement changes of the findings that were open: opened, closed, waived, and no
 * longer waived. Pure. What the snapshot did not look at is not closed by it: a call that was not
 * answered mends nothing.
 */
import type { FindingKey, KeptFinding } from '../ports-posture.ts'
import type { Facts, Gap } from '../posture/facts.ts'
import type { Finding, Kind } from '../posture/finding.ts'

export type Changes = {
  readonly opened: readonly Finding[]
  /** still there, in other words, with another severity, owner, target or waiver */
  readonly changed: readonly (FindingKey & { readonly finding: Finding })[]
  readonly closed: readonly (FindingKey & { readonly finding: Finding })[]
  /** of both: waived now and not before, or until another day */
  readonly waived: readonly (FindingKey & { readonly finding: Finding })[]
  /** waived before and not any more */
  readonly unwaived: readonly (FindingKey & { readonly finding: Finding })[]
  /** ids that stay open because they were not looked at */
  readonly unseen: readonly string[]
}

export type Judgement = {
  readonly facts: Facts
  readonly findings: readonly Finding[]
  /** ids of the policy's targets: a finding on none but others is nobody's any more */
  readonly targets: ReadonlySet<string>
}

export const changesOf = (
  before: readonly KeptFinding[],
  { facts, findings, targets }: Judgement
): Changes => {
  const isUnseen = blindness(facts)
  const stays = ({ finding }: KeptFinding): boolean =>
    isUnseen(finding) &&
    (finding.targets.length === 0 || finding.targets.some((id) => targets.has(id)))
  return changesBetween(before, findings, stays)
}

/** `stays`: whether nothing was looked at that would tell of an open finding that is not there. */
export const changesBetween = (
  before: readonly KeptFinding[],
  findings: readonly Finding[],
  stays: (kept: KeptFinding) => boolean
): Changes => {
  const had = new Map(before.map((kept) => [kept.finding.id, kept]))
  const has = new Set(findings.map(({ id }) => id))
  const gone = before.filter(({ finding }) => !has.has(finding.id))
  const still = findings.flatMap((finding) => {
    const kept = had.get(finding.id)
    return kept === undefined ? [] : [{ id: finding.id, openedAt: kept.openedAt, finding, kept }]
  })
  return {
    opened: findings.filter(({ id }) => !had.has(id)),
    changed: still.filter(({ finding, kept }) => textOf(finding) !== textOf(kept.finding)),
    closed: gone
      .filter((kept) => !stays(kept))
      .map(({ finding, openedAt }) => ({ id: finding.id, openedAt, finding })),
    waived: still.filter(
      ({ finding, kept }) =>
        heldUntil(finding) !== null && heldUntil(finding) !== heldUntil(kept.finding)
    ),
    unwaived: still.filter(
      ({ finding, kept }) => heldUntil(finding) === null && heldUntil(kept.finding) !== null
    ),
    unseen: gone.filter(stays).map(({ finding }) => finding.id)
  }
}

/** Null where nothing waives it. */
export const heldUntil = ({ waiver }: Finding): string | null =>
  waiver?.state === 'holds' ? waiver.until : null

/** Our own writing on both sides, members in one order. */
const textOf = (finding: Finding): string => JSON.stringify(finding)

/** The services whose answers each kind of finding rests on. */
const restsOn: Readonly<Record<Kind, readonly string[]>> = {
  workgroup: ['athena', 'kms', 'glue'],
  key: ['kms', 'iam'],
  role: ['iam'],
  bucket: ['s3', 'kms'],
  table: ['glue'],
  target: ['athena', 'kms', 'iam', 's3'],
  gap: ['athena', 'kms', 'iam', 's3', 'glue'],
  // of the logs alone
  use: []
}

/** Whether the snapshot says nothing of a finding's resource, so that its absence means nothing. */
const blindness = (facts: Facts): ((finding: Finding) => boolean) => {
  const listings = new Set(facts.gaps.filter(isListing).map(serviceOf))
  const blind = new Set(
    facts.gaps.flatMap(({ resource }) => (resource === null ? [] : namesOf(resource)))
  )
  const keysOf = new Map<string, readonly (string | null | undefined)[]>([
    ...facts.workgroups.map(
      ({ arn, results, managedResults }) => [arn, [results.key, managedResults?.key]] as const
    ),
    ...facts.buckets.map(({ name, encryption }) => [name, [encryption?.key]] as const)
  ])
  return ({ kind, resource }) => {
    if (restsOn[kind].some((service) => listings.has(service))) return true
    if (isElsewhere(resource, facts.accounts)) return true
    // a gap that was closed is told by its own call alone
    if (kind === 'gap') return false
    const keys = keysOf.get(resource) ?? keysOf.get(lastOf(resource)) ?? []
    const names = [resource, ...keys.flatMap((key) => key ?? [])].flatMap(namesOf)
    return names.some((name) => blind.has(name))
  }
}

const isListing = ({ resource }: Gap): boolean => resource === null

const serviceOf = ({ call }: Gap): string => call.split(':')[0] ?? ''

/** Of an account that was not collected. */
const isElsewhere = (resource: string, accounts: readonly string[]): boolean => {
  const [, , , , account = ''] = resource.split(':')
  return /^\d{12}$/.test(account) && !accounts.includes(account)
}

/** AWS is asked by ARN or by name; both mean the resource. */
const namesOf = (resource: string): readonly string[] => [resource, lastOf(resource)]

const lastOf = (resource: string): string => resource.split(/[:/]/).at(-1) ?? resource
