/**
 * The envelope that every entry is in, read strictly: bytes that are not the one canonical spelling
 * (RFC 8785) of an entry of version 1 with exactly these ten members and a type of the closed set
 * are refused. A type that is not in the set needs a verifier that knows it.
 */
import { textOf } from './bytes.ts'
import { type CanonicalJson, canonicalText } from './canonical.ts'

export type EntryBody = {
  readonly v: 1
  readonly id: string
  readonly type: string
  readonly at: string
  readonly actor: string
  readonly elevation: string | null
  readonly target: string | null
  readonly policy: string | null
  readonly data: { readonly [key: string]: CanonicalJson }
  readonly commitments: { readonly [name: string]: string }
}

export type ParsedEntry =
  | { readonly ok: true; readonly body: EntryBody & { readonly type: EntryType } }
  | { readonly ok: false; readonly code: EntryFault; readonly detail: string }

export type EntryFault = 'entry_too_large' | 'entry_not_canonical' | 'entry_schema' | 'entry_type'

export type EntryType = (typeof entryTypes)[number]

/** The most an entry may hold; C2SP tlog-tiles allows 65,535. */
export const maxEntryBytes = 16384

/** Every type there is. */
export const entryTypes = [
  'elevation.requested',
  'approval.recorded',
  'elevation.approved',
  'elevation.denied',
  'elevation.cancelled',
  'elevation.lapsed',
  'elevation.startable',
  'issue.intent',
  'issue.takeover',
  'issue.failed',
  'session.issued',
  'session.vended',
  'elevation.ending',
  'ending.retried',
  'access.removed',
  'session.denied',
  'elevation.stuck',
  'elevation.ended',
  'grant.orphaned',
  'attempt.refused',
  'query.allowed',
  'query.refused',
  'query.ended',
  'breakglass.used',
  'breakglass.reviewed',
  'policy.changed',
  'policy.refused',
  'access.locked',
  'access.unlocked',
  'finding.opened',
  'finding.closed',
  'finding.waived',
  'ledger.read',
  'ledger.anchored',
  'ledger.key_rotated',
  'ledger.restored',
  'store.copied',
  'pii.erased'
] as const

const known: ReadonlySet<string> = new Set(entryTypes)
const members = 'actor,at,commitments,data,elevation,id,policy,target,type,v'
const person = /^[a-z0-9][a-z0-9._-]{1,62}$/
const ulid = /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/
const digest = /^sha256:[0-9a-f]{64}$/
const commitment = /^[0-9a-f]{64}$/
const commitmentName = /^[a-zA-Z][a-zA-Z0-9_.-]{0,62}$/
const instant = /^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z$/

/** An entry from its bytes, or what is wrong with them. */
export const parseEntry = (bytes: Uint8Array): ParsedEntry => {
  if (bytes.length > maxEntryBytes) return bad('entry_too_large', `${bytes.length} bytes`)
  const text = textOf(bytes)
  const value = text === null ? undefined : parseCanonical(text)
  if (value === undefined) return bad('entry_not_canonical', 'not the RFC 8785 spelling of JSON')
  return judge(value)
}

/** The value of which `text` is the one spelling, or undefined. */
export const parseCanonical = (text: string): CanonicalJson | undefined => {
  try {
    const value: CanonicalJson = JSON.parse(text)
    return canonicalText(value) === text ? value : undefined
  } catch {
    return undefined
  }
}

const judge = (value: CanonicalJson): ParsedEntry => {
  if (!isObject(value) || Object.keys(value).join() !== members) {
    return bad('entry_schema', `the members are ${members}`)
  }
  const { v, type, id, at, actor, elevation, target, policy, data, commitments } = value
  if (v !== 1 || !isType(type)) {
    return bad('entry_type', 'a type or version this verifier does not know')
  }
  if (!isLike(id, uuid)) return bad('entry_schema', 'id is a lower-case UUID')
  if (!isInstant(at)) return bad('entry_schema', 'at is an ISO 8601 instant with milliseconds, UTC')
  if (!isLike(actor, person)) return bad('entry_schema', 'actor is an id')
  if (!isNullOr(elevation, ulid)) return bad('entry_schema', 'elevation is a ULID or null')
  if (!isNullOr(target, person)) return bad('entry_schema', 'target is an id or null')
  if (!isNullOr(policy, digest)) return bad('entry_schema', 'policy is a digest or null')
  if (!isObject(data)) return bad('entry_schema', 'data is an object')
  if (!isCommitments(commitments)) return bad('entry_schema', 'commitments are hex SHA-256 by name')
  const body = { v, id, type, at, actor, elevation, target, policy, data, commitments } as const
  return { ok: true, body }
}

const bad = (code: EntryFault, detail: string): ParsedEntry => ({ ok: false, code, detail })

type JsonObject = { readonly [key: string]: CanonicalJson }

const isObject = (value: CanonicalJson | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const isType = (value: CanonicalJson | undefined): value is EntryType =>
  typeof value === 'string' && known.has(value)

const isLike = (value: CanonicalJson | undefined, form: RegExp): value is string =>
  typeof value === 'string' && form.test(value)

const isNullOr = (value: CanonicalJson | undefined, form: RegExp): value is string | null =>
  value === null || isLike(value, form)

const isCommitments = (
  value: CanonicalJson | undefined
): value is { readonly [name: string]: string } =>
  isObject(value) &&
  Object.entries(value).every(([name, one]) => commitmentName.test(name) && isLike(one, commitment))

/** Also that the day exists: a calendar rolls 30 February over. */
const isInstant = (value: CanonicalJson | undefined): value is string => {
  if (!isLike(value, instant)) return false
  const milliseconds = Date.parse(value)
  if (Number.isNaN(milliseconds)) return false
  return Number(value.slice(8, 10)) <= 28 || new Date(milliseconds).toISOString() === value
}
