/**
 * A ledger entry as an OCSF 1.3.0 event (schema.ocsf.io): the same facts under names a SIEM knows,
 * and the entry itself, unchanged, under `unmapped`. Nothing is added that the entry does not say,
 * so it holds no free text. `metadata.uid` is the entry's key: a receiver drops what it has twice
 * by it.
 */
import { textOf } from '../ledger/bytes.ts'
import type { CanonicalJson } from '../ledger/canonical.ts'
import { type EntryBody, type EntryType, parseEntry } from '../ledger/envelope.ts'

/** A committed entry with its place in the ledger and its unique key. */
export type KeyedRow = { readonly index: number; readonly key: string; readonly body: Uint8Array }

/**
 * Classes used: Compliance Finding, Account Change, Authorize Session, Entity Management, API and
 * Datastore Activity.
 */
type ClassUid = 2003 | 3001 | 3003 | 3004 | 6003 | 6005

type Kind = {
  readonly uid: ClassUid
  readonly activity: number
  /** severity_id: 1 informational, 2 low, 3 medium, 4 high; a finding's is its own */
  readonly severity: 1 | 2 | 3 | 4
  /** status_id: 1 success, 2 failure; of a finding 1 new, 3 suppressed, 4 resolved */
  readonly status: 1 | 2 | 3 | 4
  /** of Entity Management: what is managed */
  readonly entity?:
    'elevation' | 'policy' | 'ledger' | 'checkpoint' | 'signing key' | 'personal data'
}

const fine = { severity: 1, status: 1 } as const
const elevation = { ...fine, uid: 3004, activity: 3, entity: 'elevation' } as const
const session = { ...fine, uid: 3003, activity: 1 } as const
const query = { ...fine, uid: 6005, activity: 4 } as const
const finding = { uid: 2003, severity: 4 } as const
const ledger = { ...fine, uid: 3004, activity: 3, entity: 'ledger' } as const

/** The class and activity of every type; activities are those the class has had since OCSF 1.0. */
export const kinds: Readonly<Record<EntryType, Kind>> = {
  'elevation.requested': { ...elevation, activity: 1 },
  'approval.recorded': elevation,
  'elevation.approved': elevation,
  'elevation.denied': { ...elevation, status: 2 },
  'elevation.cancelled': elevation,
  'elevation.lapsed': { ...elevation, status: 2 },
  'elevation.startable': elevation,
  'issue.intent': elevation,
  'issue.takeover': { ...elevation, severity: 2 },
  'issue.failed': { ...elevation, severity: 3, status: 2 },
  'session.issued': session,
  'session.vended': session,
  'elevation.ending': elevation,
  'ending.retried': { ...elevation, severity: 2, status: 2 },
  'access.removed': elevation,
  'session.denied': elevation,
  'elevation.stuck': { ...elevation, severity: 4, status: 2 },
  'elevation.ended': { ...elevation, activity: 4 },
  'grant.orphaned': { ...elevation, severity: 4 },
  'attempt.refused': { uid: 6003, activity: 99, severity: 2, status: 2 },
  'query.allowed': query,
  'query.refused': { ...query, severity: 2, status: 2 },
  'query.ended': query,
  'breakglass.used': { ...elevation, severity: 4 },
  'breakglass.reviewed': elevation,
  'policy.changed': { ...elevation, severity: 2, entity: 'policy' },
  'policy.refused': { ...elevation, severity: 3, status: 2, entity: 'policy' },
  'access.locked': { ...fine, uid: 3001, activity: 9, severity: 3 },
  'access.unlocked': { ...fine, uid: 3001, activity: 2 },
  'finding.opened': { ...finding, activity: 1, status: 1 },
  'finding.closed': { ...finding, activity: 3, status: 4 },
  'finding.waived': { ...finding, activity: 2, status: 3 },
  'ledger.read': { ...ledger, activity: 2 },
  'ledger.anchored': { ...ledger, activity: 1, entity: 'checkpoint' },
  'ledger.key_rotated': { ...ledger, severity: 3, entity: 'signing key' },
  'ledger.restored': { ...ledger, severity: 4 },
  'store.copied': { ...ledger, severity: 3 },
  'pii.erased': { ...ledger, activity: 4, severity: 2, entity: 'personal data' }
}

const names: Readonly<Record<ClassUid, string>> = {
  2003: 'Compliance Finding',
  3001: 'Account Change',
  3003: 'Authorize Session',
  3004: 'Entity Management',
  6003: 'API Activity',
  6005: 'Datastore Activity'
}

const categories: Readonly<Record<number, string>> = {
  2: 'Findings',
  3: 'Identity & Access Management',
  6: 'Application Activity'
}

/** One line of JSON without its end. Throws where the bytes are no entry: the store is damaged. */
export const ocsfLine = ({ index, key, body }: KeyedRow): string => {
  const parsed = parseEntry(body)
  if (!parsed.ok) throw new Error(`entry ${index} cannot be read (${parsed.code})`)
  const entry = parsed.body
  const kind = kinds[entry.type]
  const head = {
    class_uid: kind.uid,
    class_name: names[kind.uid],
    category_uid: Math.floor(kind.uid / 1000),
    category_name: categories[Math.floor(kind.uid / 1000)],
    activity_id: kind.activity,
    // OCSF wants the source's own word where an activity is not one of the class's
    activity_name: entry.type,
    type_uid: kind.uid * 100 + kind.activity,
    severity_id: severityOf(kind, entry),
    status_id: kind.status,
    time: Date.parse(entry.at),
    message: `${entry.type} by ${entry.actor}`,
    metadata: {
      version: '1.3.0',
      product: { name: 'sallyport', vendor_name: 'sallyport' },
      log_provider: 'sallyport',
      log_name: 'ledger',
      event_code: entry.type,
      uid: key,
      sequence: index,
      ...(entry.elevation === null ? {} : { correlation_uid: entry.elevation })
    },
    actor: actorOf(entry)
  }
  const told = JSON.stringify({ ...head, ...subjectOf(kind, entry) })
  // the entry's own bytes, so that its hash can still be made from the line
  return `${told.slice(0, -1)},"unmapped":${textOf(body) ?? '{}'}}`
}

const actorOf = ({ actor }: EntryBody) =>
  actor === 'broker' ? { app_name: 'sallyport' } : { user: { uid: actor, type_id: 1 } }

const severities: Readonly<Record<string, number>> = { critical: 5, high: 4, medium: 3, low: 2 }

const severityOf = ({ uid, severity }: Kind, { data }: EntryBody): number =>
  (uid === 2003 ? severities[textIn(data['severity']) ?? ''] : undefined) ?? severity

/** What the class says the event is about. */
const subjectOf = (kind: Kind, entry: EntryBody) => {
  const { data } = entry
  switch (kind.uid) {
    case 2003: {
      const code = textIn(data['code']) ?? 'unknown'
      return {
        finding_info: { uid: textIn(data['finding']) ?? 'unknown', title: code },
        // 1 pass, 2 warning, 3 fail
        compliance: {
          control: code,
          standards: ['sallyport posture'],
          status_id: kind.status === 4 ? 1 : 3
        },
        resources: [{ uid: textIn(data['resource']) ?? 'unknown' }]
      }
    }
    case 3001:
      return { user: { uid: textIn(data['person']) ?? entry.actor, type_id: 1 } }
    case 3003: {
      const own = entry.actor === 'broker' ? textIn(data['sessionArn']) : entry.actor
      const credential = textIn(data['accessKeyId'])
      return {
        user: {
          uid: own ?? 'unknown',
          ...(credential === null ? {} : { credential_uid: credential })
        },
        session: { uid: entry.elevation ?? 'unknown' },
        privileges: [entry.target ?? 'unknown']
      }
    }
    case 3004:
      return { entity: { type: kind.entity ?? 'other', uid: entityUid(kind, entry) ?? 'unknown' } }
    case 6003: {
      const code = textIn(data['code']) ?? 'refused'
      return {
        api: { operation: textIn(data['verb']) ?? 'unknown', response: { error: code } },
        status_code: code,
        // required by the class; the ledger keeps no addresses
        src_endpoint: { name: 'not recorded' }
      }
    }
    case 6005:
      return {
        database: { type: 'Amazon Athena target', type_id: 99, uid: entry.target ?? 'unknown' },
        src_endpoint: { svc_name: 'sallyport' }
      }
  }
}

const entityUid = ({ entity }: Kind, { data, elevation: id, policy }: EntryBody): string | null => {
  if (entity === 'elevation') return id
  if (entity === 'policy') return policy
  if (entity === 'personal data') return textIn(data['person'])
  return entity ?? null
}

const textIn = (value: CanonicalJson | undefined): string | null =>
  typeof value === 'string' ? value : null
