/**
 * A broker in memory for the HTTP tests: alice asks, bob approves, olga audits, eve sees nothing.
 * It keeps the contract of src/broker/broker.ts: a refused verb records the attempt itself.
 */
import type { Attempt, Broker, Submitted } from '../../src/broker/broker.ts'
import type { Active, Approved, Elevation, Pending } from '../../src/elevation/elevation.ts'
import {
  type Instant,
  type PersonId,
  instant,
  parseElevationId,
  parsePersonId,
  parseRuleId,
  parseTargetId,
  plus,
  seconds
} from '../../src/elevation/ids.ts'
import { type Result, accept, refuse } from '../../src/elevation/refusal.ts'
import { Secret } from '../../src/elevation/secret.ts'
import type { Stored } from '../../src/ports.ts'
import { memoryQueries } from './memory-queries.ts'

export const canary = 'CANARY-5f0c-never-in-a-log'

export type MemoryBroker = {
  readonly broker: Broker
  readonly attempts: (Attempt & { readonly person: string })[]
  /** verbs that ran, in order */
  readonly ran: string[]
  /** what the next call of any verb throws */
  readonly breakWith: (error: Error | null) => void
}

const must = <T>(value: T | null | undefined): T => {
  if (value === null || value === undefined) throw new Error('bad fixture')
  return value
}

const people = new Map(['alice', 'bob', 'eve', 'olga'].map((id) => [id, must(parsePersonId(id))]))
const rule = must(parseRuleId('claims-investigation'))
const target = must(parseTargetId('claims-pii'))
const offer = {
  target,
  workgroup: 'claims-pii',
  region: 'eu-west-1',
  classification: 'pii',
  tables: ['claims.customers'],
  rules: [{ rule, mode: 'credentials', maxDuration: seconds(14400) }]
} as const
const columns = [
  { name: 'ssn', type: 'string', class: 'direct' },
  { name: 'dt', type: 'date', class: null }
]
const customers = {
  table: 'claims.customers',
  type: 'table',
  version: '3',
  partitionKeys: ['dt'],
  columns
} as const
const fileOf = (person: PersonId, text: string): Result<Uint8Array> =>
  person === 'olga' ? accept(Buffer.from(text)) : refuse('policy_denied', 'Auditors only.')
const absent = refuse('unknown_elevation', 'There is no such elevation.')

export const memoryBroker = (now: () => Instant): MemoryBroker => {
  const rows = new Map<string, Stored>()
  const keys = new Map<string, { readonly id: string; readonly bodyHash: string }>()
  const attempts: (Attempt & { readonly person: string })[] = []
  const ran: string[] = []
  let broken: Error | null = null
  let count = 0

  const run = async <T>(
    [verb, person, id]: readonly [string, PersonId, string | null],
    work: () => Result<T>
  ): Promise<Result<T>> => {
    ran.push(verb)
    if (broken) throw broken
    const result = work()
    if (!result.ok) attempts.push({ person, verb, elevation: id, code: result.refusal.code })
    return result
  }
  const keep = (elevation: Elevation): Result<Stored> => {
    const before = rows.get(elevation.id)
    const version = before ? before.version + 1 : 0
    const stored = { elevation, version, ledger: [...(before?.ledger ?? []), count++] }
    rows.set(elevation.id, stored)
    return accept(stored)
  }
  const seen = (person: PersonId, id: string): Elevation | null => {
    const elevation = rows.get(id)?.elevation
    return elevation && person !== 'eve' ? elevation : null
  }
  const onSeen =
    (verb: string, next: (elevation: Elevation, person: PersonId) => Result<Stored>) =>
    (person: PersonId, id: string): Promise<Result<Stored>> =>
      run([verb, person, id], () => {
        const elevation = seen(person, id)
        return elevation ? next(elevation, person) : absent
      })

  const approve = (elevation: Elevation, person: PersonId): Result<Stored> => {
    if (elevation.ask.requester === person) return refuse('self_approval', 'Not your own.')
    if (elevation.state !== 'pending') return refuse('already_decided', 'It is decided.')
    const { decideBy: _, ...rest } = elevation
    const at = now()
    const approved: Approved = {
      ...rest,
      state: 'approved',
      approvals: [{ by: person, at, via: 'cli' }],
      decidedAt: at,
      activateBy: plus(at, seconds(3600))
    }
    return keep(approved)
  }
  const activated = (elevation: Elevation): Active | null => {
    if (elevation.state === 'active') return elevation
    if (elevation.state !== 'approved') return null
    const { activateBy: _, ...rest } = elevation
    return {
      ...rest,
      state: 'active',
      intent: {
        region: 'eu-west-1',
        workgroup: 'claims-pii',
        sessionName: `jit-${elevation.id}`,
        roleArn: 'arn:aws:iam::123456789012:role/r',
        sessionArn: `arn:aws:sts::123456789012:assumed-role/r/jit-${elevation.id}`,
        sessionPolicy: '{}',
        grants: [],
        startedAt: now(),
        notAfter: plus(now(), elevation.ask.duration)
      },
      session: { assumedRoleId: 'AROA:x', accessKeyId: 'ASIAEXAMPLE' },
      grants: [],
      issuedAt: now()
    }
  }
  const notActive = refuse('not_active', 'It is not active.')

  const broker: Broker = {
    identify: (subject) => {
      const person = people.get(subject)
      return person ? accept(person) : refuse('unknown_person', 'You are not in the directory.')
    },
    identifySlack: () => refuse('unknown_person', 'You are not in the directory.'),
    targets: () => {
      ran.push('targets')
      return [offer]
    },
    target: (person, id) =>
      run(['target', person, null], () =>
        id === target && person !== 'eve'
          ? accept({
              ...offer,
              catalog: { at: now(), tables: [customers], missing: ['claims.gone'] }
            })
          : refuse('unknown_target', 'No such target.')
      ),
    preview: async ({ person }) => {
      ran.push('preview')
      return accept({
        decision: 'needs_approval',
        rule,
        mode: 'credentials',
        duration: seconds(7200),
        startAt: null,
        approvers: [...people.values()].filter((one) => one !== person),
        quorum: 1,
        reasons: [{ outcome: 'met', rule, condition: 'requesters', message: 'you are one' }]
      })
    },
    submit: ({ person }, ask, idempotency) =>
      run(['submit', person, null], (): Result<Submitted> => {
        const slot = `${person} ${idempotency?.key}`
        const before = idempotency ? keys.get(slot) : undefined
        if (before && before.bodyHash !== idempotency?.bodyHash) {
          return refuse('idempotency_mismatch', 'Another body.')
        }
        if (before) return accept({ elevation: must(rows.get(before.id)), isReplay: true })
        if (ask.target !== target) return refuse('unknown_target', 'No such target.')
        const number = String(++count).padStart(3, '0')
        const id = must(parseElevationId(`01JD0000000000000000000${number}`))
        if (idempotency) keys.set(slot, { id, bodyHash: idempotency.bodyHash })
        const pending: Pending = {
          id,
          state: 'pending',
          ask: {
            requester: person,
            target,
            duration: seconds(7200),
            reason: ask.reason,
            ticket: ask.ticket ?? null,
            tables: ['claims.customers'],
            columns: null,
            breakGlass: ask.breakGlass ?? false,
            ...(ask.startAt === undefined ? {} : { startAt: instant(Date.parse(ask.startAt)) })
          },
          askDigest: 'sha256:ask',
          terms: {
            rule,
            mode: 'credentials',
            maxDuration: seconds(14400),
            quorum: 1,
            approvers: null,
            sets: [],
            within: seconds(7200),
            activateWithin: seconds(28800)
          },
          policyDigest: 'sha256:policy',
          createdAt: now(),
          approvals: [],
          decideBy: plus(now(), seconds(7200))
        }
        const kept = keep(pending)
        return kept.ok ? accept({ elevation: kept.value, isReplay: false }) : kept
      }),
    extend: ({ person }, id, input, idempotency) =>
      run(['extend', person, id], (): Result<Submitted> => {
        const elevation = seen(person, id)
        if (!elevation || elevation.ask.requester !== person) return absent
        const slot = `${person} ${idempotency?.key}`
        const before = idempotency ? keys.get(slot) : undefined
        if (before && before.bodyHash !== idempotency?.bodyHash) {
          return refuse('idempotency_mismatch', 'Another body.')
        }
        if (before) return accept({ elevation: must(rows.get(before.id)), isReplay: true })
        if (elevation.state !== 'active') return notActive
        const next = must(parseElevationId(`01JD0000000000000000000${String(++count).padStart(3, '0')}`))
        if (idempotency) keys.set(slot, { id: next, bodyHash: idempotency.bodyHash })
        const { approvals: _, decidedAt: __, intent, session: ___, grants, issuedAt, ...base } = elevation
        const kept = keep({
          ...base,
          id: next,
          state: 'pending',
          ask: {
            ...elevation.ask,
            reason: input.reason,
            extends: { elevation: elevation.id, notAfter: intent.notAfter, place: 2, seconds: seconds(7200) }
          },
          createdAt: now(),
          approvals: [],
          decideBy: plus(now(), seconds(7200))
        })
        return kept.ok ? accept({ elevation: kept.value, isReplay: false }) : kept
      }),
    get: onSeen('get', (elevation) => accept(must(rows.get(elevation.id)))),
    list: async (person, { limit, before, states, mine }) => {
      ran.push('list')
      return [...rows.values()]
        .toReversed()
        .filter(({ elevation }) => seen(person, elevation.id) !== null)
        .filter(({ elevation }) => !mine || elevation.ask.requester === person)
        .filter(({ elevation }) => !states || states.includes(elevation.state))
        .filter(({ elevation }) => before === undefined || elevation.id < before)
        .slice(0, limit)
    },
    approve: ({ person }, id, shown) =>
      onSeen('approve', (elevation) =>
        shown !== undefined && shown !== elevation.askDigest
          ? refuse('stale_ask', 'Look again.')
          : approve(elevation, person)
      )(person, id),
    deny: (person, id, _reason) =>
      onSeen('deny', () => refuse('already_decided', 'It is.'))(person, id),
    cancel: onSeen('cancel', (elevation, person) =>
      elevation.ask.requester === person && elevation.state === 'pending'
        ? keep({
            id: elevation.id,
            ask: elevation.ask,
            askDigest: elevation.askDigest,
            terms: elevation.terms,
            policyDigest: elevation.policyDigest,
            createdAt: elevation.createdAt,
            state: 'cancelled',
            approvals: [],
            by: person,
            cancelledAt: now()
          })
        : refuse('already_decided', 'It is.')
    ),
    activate: ({ person }, id) =>
      onSeen('activate', (elevation) => {
        const active = activated(elevation)
        return active ? keep(active) : refuse('not_approved', 'It is not approved.')
      })(person, id),
    credentials: ({ person }, id) =>
      run(['credentials', person, id], () => {
        const elevation = seen(person, id)
        if (!elevation || elevation.ask.requester !== person) return absent
        const active = activated(elevation)
        const kept = active && keep(active)
        if (!active || !kept?.ok) return notActive
        const usableUntil = active.intent.notAfter
        const credentials = {
          accessKeyId: `ASIAEXAMPLE${count}`,
          secretAccessKey: new Secret(canary),
          sessionToken: new Secret(`${canary}-token`),
          expiration: usableUntil,
          assumedRoleId: 'AROA:x'
        }
        return accept({ elevation: kept.value, credentials, usableUntil })
      }),
    end: onSeen('end', () => notActive),
    revoke: (person, id, _reason) => onSeen('revoke', () => notActive)(person, id),
    review: (person, id, _note) => onSeen('review', () => notActive)(person, id),
    entries: (person, from, limit) =>
      run(['entries', person, null], () => {
        if (person !== 'olga') return refuse('policy_denied', 'Auditors only.')
        const body = Buffer.from('{"type":"elevation.requested","v":1}')
        const leaf = new Uint8Array(32).fill(7)
        const openings = { reason: { state: 'erased', by: 9 } } as const
        return accept(
          Array.from({ length: Math.min(limit, 3) }, (_, n) => ({ index: from + n, body, leaf, openings }))
        )
      }),
    erase: ({ person }, { of }) =>
      run(['erase', person, null], () => {
        const erased = parsePersonId(of)
        if (person !== 'olga' || erased === null) return refuse('policy_denied', 'Security only.')
        return accept({ person: erased, entry: 41 })
      }),
    logKey: (person) =>
      run(['logKey', person, null], () =>
        person === 'olga' ? accept('log+0a0b0c0d+AQ==') : refuse('policy_denied', 'Auditors only.')
      ),
    checkpoint: (person) => run(['checkpoint', person, null], () => fileOf(person, 'checkpoint')),
    logFile: (person, path) => run(['logFile', person, null], () => fileOf(person, path)),
    proof: (person, id) =>
      run(['proof', person, id], () => (person === 'olga' && id === '7' ? accept(null) : fileOf(person, id))),
    acceptRestore: (person) =>
      run(['acceptRestore', person, null], () => refuse('conflict', 'It is not held back.')),
    rotateKey: (person) =>
      run(['rotateKey', person, null], () => refuse('policy_denied', 'Only operators do this.')),
    copyStore: (person) =>
      run(['copyStore', person, null], () => refuse('policy_denied', 'Only operators do this.')),
    ...memoryQueries({ run, own: (person, id) => {
      const elevation = seen(person, id)
      return elevation?.ask.requester === person ? elevation : null
    }, now }),
    lock: (person, { what }) =>
      run(['lock', person, null], () =>
        person === 'olga' && what.all === true
          ? accept({ lock: { scope: { kind: 'all' }, by: person, at: now() }, isNew: true })
          : refuse('policy_denied', 'Only security or operators lock.')
      ),
    unlock: (person) =>
      run(['unlock', person, null], () => refuse('conflict', 'Everything is not locked.')),
    locks: (person) =>
      run(['locks', person, null], () =>
        person === 'olga'
          ? accept([{ scope: { kind: 'target', target }, by: person, at: now() }])
          : refuse('policy_denied', 'Auditors only.')
      ),
    refused: async (person, attempt) => {
      if (broken) throw broken
      attempts.push({ person, ...attempt })
    }
  }
  const breakWith = (error: Error | null): void => {
    broken = error
  }
  return { broker, attempts, ran, breakWith }
}

/** The tests' now: fixed, moved by hand. */
export const handClock = () => {
  let at = instant(Date.UTC(2026, 10, 21, 10))
  return {
    now: () => at,
    move: (milliseconds: number) => {
      at = instant(at + milliseconds)
    }
  }
}
