/**
 * Issuing and ending as an explicit-state model: the transitions of src/elevation on one row that is
 * written by compare-and-set, two processes that may sleep or die between any two effects, and an AWS
 * that does what it was sent up to a tick later, whoever still waits for it. A tick is 30 s.
 */
import type { Approved, Elevation, Ending, Intent, Issuing } from '../src/elevation/elevation.ts'
import type { EventType } from '../src/elevation/event.ts'
import { type Instant, instant, seconds } from '../src/elevation/ids.ts'
import { isDenied, sessionDenied, stepOf } from '../src/elevation/probing.ts'
import * as transitions from '../src/elevation/transitions.ts'
import { approved, idOf, person, start } from './fixtures-elevation.ts'
import type { Move } from './model-search.ts'

/** What a weaker design leaves out; the product's leaves out nothing. */
export type Design = {
  /** the intent is durable before AWS is sent anything */
  readonly hasIntent: boolean
  /** what was issued is written only over the row it was issued for */
  readonly isFenced: boolean
  /** nothing is sent after the lease */
  readonly heedsLease: boolean
  /** it is over only when a look after the last possible call found nothing */
  readonly sweepsLate: boolean
  /** the row is read again before anything is given out */
  readonly looksAgain: boolean
  /** a call that was not answered is sent again as it was */
  readonly keepsName: boolean
}

export const product: Design = {
  hasIntent: true,
  isFenced: true,
  heedsLease: true,
  sweepsLate: true,
  looksAgain: true,
  keepsName: true
}

const tickMs = 30_000
const leaseTicks = 1
const windowTicks = 3
/** how long after it was sent a call may still be done */
const flightTicks = 1
const settleMilliseconds = 60_000
const elevationId = idOf(1)
const security = person('sam')

const at = (tick: number): Instant => instant(start + tick * tickMs)

type Row = { readonly version: number; readonly elevation: Elevation; readonly folded: Elevation['state'] }

type Flight = { readonly kind: 'grant' | 'session'; readonly name: number; readonly sent: number }

/** A claim under way. `flight` is what it waits for; `done` that AWS did it. */
type Issuer = {
  readonly pc: 'read' | 'begun' | 'waiting' | 'granted' | 'assumed' | 'committed' | 'failed'
  readonly row: Row
  readonly flight: Flight | null
  readonly done: boolean
  readonly grant: number | null
}

/** A pass of ending under way: what its look found. */
type Pass = {
  readonly row: Row
  readonly began: number
  readonly found: readonly number[]
  readonly isRevoked: boolean
  readonly isLost: boolean
}

type Replica = { readonly issuer: Issuer | null; readonly pass: Pass | null }

export type World = {
  readonly tick: number
  readonly row: Row
  /** names of the grants that exist */
  readonly grants: readonly number[]
  /** sent, not done, and nobody waits any more */
  readonly flying: readonly Flight[]
  /** the role denies the session */
  readonly isDeniedByRole: boolean
  readonly replicas: readonly [Replica, Replica]
  /** the requester holds credentials */
  readonly isDelivered: boolean
  /** somebody was told that it is revoked */
  readonly isRevoked: boolean
  readonly crashes: number
  /** answers that may still be lost, and calls that the SDK may still send twice */
  readonly losses: number
  /** starts of the window that were committed */
  readonly starts: number
  readonly notAfter: Instant | null
  /** what an event did that it must not */
  readonly wrong: string | null
}

const idle: Replica = { issuer: null, pass: null }

const firstRow: Approved = {
  ...approved(elevationId),
  ask: { ...approved(elevationId).ask, duration: seconds((windowTicks * tickMs) / 1000) },
  activateBy: at(1_000_000)
}

export const startWorld: World = {
  tick: 0,
  row: { version: 1, elevation: firstRow, folded: 'approved' },
  grants: [],
  flying: [],
  isDeniedByRole: false,
  replicas: [idle, idle],
  isDelivered: false,
  isRevoked: false,
  crashes: 0,
  losses: 0,
  starts: 0,
  notAfter: null,
  wrong: null
}

/** Every step that anybody or anything can take. */
export const movesOf = (design: Design, limits: { readonly crashes: number; readonly losses: number }) =>
  (world: World): readonly Move<World>[] => {
    if (world.wrong !== null) return []
    const moves: Move<World>[] = []
    const add = (label: string, to: World | null): void => {
      if (to !== null) moves.push({ label, to })
    }
    for (const which of [0, 1] as const) {
      const name = which === 0 ? 'A' : 'B'
      const { issuer, pass } = world.replicas[which]
      const mine = ({ label, to }: Move<World>): void => add(`${name}: ${label}`, to)
      const of = { which, design, limits }
      if (issuer !== null) issuerMoves(world, of).forEach(mine)
      else if (pass !== null) passMoves(world, of).forEach(mine)
      else {
        add(`${name}: claims`, claim(world, which))
        workMoves(world, which).forEach(mine)
      }
      if (world.crashes < limits.crashes && (issuer ?? pass) !== null) add(`${name}: dies`, die(world, which))
    }
    for (const flight of world.flying) add(`${flight.kind} lands late`, land(world, flight))
    add('somebody revokes', revoke(world))
    add('tick', tick(world))
    return moves
  }

/** The first invariant of security.md, section 3, that does not hold. */
export const brokenBy = (world: World): string | null => {
  const { row, grants, notAfter, tick: now } = world
  const { elevation } = row
  const isOver = isTerminal(world)
  if (world.wrong !== null) return world.wrong
  if (isOver && grants.length > 0) return 'I3: a grant lives and its elevation is over'
  if (isOver && world.isDelivered && notAfter !== null && at(now) < notAfter && !world.isDeniedByRole) {
    return 'I3: the session works and its elevation is over'
  }
  if (grants.length > 0 && !('intent' in elevation)) return 'I4: a grant without an intent'
  if (new Set(grants).size > 1) return 'I5: two grants for one'
  if (world.starts > 1) return 'I5: issued twice'
  if (row.folded !== elevation.state) return `I11: the entries say ${row.folded}, the row ${elevation.state}`
  return null
}

const terminal: ReadonlySet<Elevation['state']> = new Set(['ended', 'failed'] as const)

/** Nothing becomes of it any more. */
export const isTerminal = ({ row }: World): boolean => terminal.has(row.elevation.state)

/**
 * The same for worlds that behave alike from here on: which process is which does not matter, nor
 * what time it is, only how far off an instant is and whether what was read is still what is there.
 */
export const keyOf = (world: World): string => {
  const [a = '', b = ''] = world.replicas.map((replica) => replicaKey(world, replica))
  const flying = world.flying.map((flight) => flightKey(world, flight)).toSorted()
  const { row, grants, isDeniedByRole, isDelivered, isRevoked, crashes, losses, starts, wrong } = world
  const flags = [isDeniedByRole, isDelivered, isRevoked].map(Number).join('')
  const rest = [rowKey(world, row), row.folded, grants, flying, flags, crashes, losses, starts, wrong]
  return `${rest.join(';')}|${a < b ? a : b}|${a < b ? b : a}`
}

/** How far off, in milliseconds; what is past is past. */
const until = ({ tick: now }: World, instantOf: number): number => Math.max(0, instantOf - at(now))

const rowKey = (world: World, { elevation }: Row): string => {
  switch (elevation.state) {
    case 'issuing':
      return `i${until(world, elevation.lease.until)},${until(world, elevation.intent.notAfter)}`
    case 'active':
      return `a${until(world, elevation.intent.notAfter)}`
    case 'ending': {
      const { how, session, removedAt, sweptAt, deniedAt, retryAt, sweepAt, intent } = elevation
      const flags = [session, removedAt, sweptAt, deniedAt].map((one) => (one ? 1 : 0)).join('')
      const times = [retryAt, sweepAt, intent.notAfter].map((one) => until(world, one)).join()
      return `e${how === 'failed' ? 'f' : ''}${flags},${times}`
    }
    case 'ended':
    case 'failed':
      return `${elevation.state}${until(world, elevation.intent.notAfter)}`
    case 'pending':
    case 'approved':
    case 'denied':
    case 'cancelled':
    case 'lapsed':
      return elevation.state
  }
}

const flightKey = ({ tick: now }: World, { kind, name, sent }: Flight): string =>
  `${kind}${name}-${now - sent}`

const replicaKey = (world: World, { issuer, pass }: Replica): string => {
  const isFresh = (row: Row): number => (row.version === world.row.version ? 1 : 0)
  if (issuer) {
    const { pc, row, flight, done, grant } = issuer
    // once it is done it does not matter when it was sent
    const flown = flight && (done ? `${flight.kind}${flight.name}` : flightKey(world, flight))
    const lease = row.elevation.state === 'issuing' ? until(world, row.elevation.lease.until) : 'r'
    return [pc, isFresh(row), lease, flown, Number(done), grant].join()
  }
  if (!pass) return ''
  const { row, began, found, isRevoked, isLost } = pass
  const isLate = row.elevation.state === 'ending' && at(began) >= row.elevation.sweepAt
  return ['p', isFresh(row), Number(isLate), found.join('+'), Number(isRevoked), Number(isLost)].join()
}

const withReplica = (world: World, which: 0 | 1, part: Partial<Replica>): World => {
  const [a, b] = world.replicas
  const changed = { ...world.replicas[which], ...part }
  return { ...world, replicas: which === 0 ? [changed, b] : [a, changed] }
}

/** Compare-and-set; null = somebody else was first. */
const commit = <E extends Elevation>(
  world: World,
  from: Row,
  taken: transitions.Step<E>,
  isFenced = true
): { readonly world: World; readonly row: Row } | null => {
  if (!taken.ok || (isFenced && world.row.version !== from.version)) return null
  const { next } = taken
  const folded = taken.events.reduce((state, { type, data }) => fold(state, type, data['how']), world.row.folded)
  const row = { version: world.row.version + 1, elevation: next, folded }
  const notAfter = 'intent' in next ? next.intent.notAfter : world.notAfter
  const starts = world.starts + taken.events.filter(({ type }) => type === 'issue.intent').length
  const moved = world.notAfter !== null && notAfter !== world.notAfter
  const changed = terminal.has(world.row.elevation.state)
  const wrong = moved ? 'I7: the window moved' : changed ? 'a terminal row changed' : world.wrong
  return { world: { ...world, row, notAfter, starts, wrong }, row }
}

const fold = (state: Elevation['state'], type: EventType, how: unknown): Elevation['state'] => {
  if (type === 'issue.intent') return 'issuing'
  if (type === 'session.issued') return 'active'
  if (type === 'elevation.ending' || type === 'issue.failed' || type === 'issue.takeover') return 'ending'
  if (type === 'elevation.ended') return how === 'failed' ? 'failed' : 'ended'
  return state
}

const claim = (world: World, which: 0 | 1): World | null =>
  world.row.elevation.state === 'approved'
    ? withReplica(world, which, { issuer: { pc: 'read', row: world.row, flight: null, done: false, grant: null } })
    : null

const intentOf = (now: Instant): Intent => ({
  sessionName: `jit-${elevationId}`,
  region: 'eu-west-1',
  workgroup: 'claims-pii',
  roleArn: 'arn:aws:iam::123456789012:role/sallyport-claims',
  sessionArn: `arn:aws:sts::123456789012:assumed-role/sallyport-claims/jit-${elevationId}`,
  sessionPolicy: '{}',
  grants: [],
  startedAt: now,
  notAfter: instant(now + windowTicks * tickMs)
})

type Of = { readonly which: 0 | 1; readonly design: Design; readonly limits: { readonly losses: number } }

const issuerMoves = (world: World, { which, design, limits }: Of): readonly Move<World>[] => {
  const { issuer } = world.replicas[which]
  if (issuer === null) return []
  const now = at(world.tick)
  const become = (next: World, part: Partial<Issuer> | null): World =>
    withReplica(next, which, { issuer: part === null ? null : { ...issuer, ...part } })
  const send = (kind: Flight['kind'], label: string): Move<World> => {
    const flight = { kind, name: 0, sent: world.tick }
    return { label, to: become(world, { pc: 'waiting', flight, done: false }) }
  }
  const begin = (): Move<World> => {
    const { elevation } = issuer.row
    if (elevation.state !== 'approved') throw new Error('it claims what is approved')
    const lease = { owner: `replica-${which}`, until: at(world.tick + leaseTicks) }
    const done = commit(world, issuer.row, transitions.beginIssue(elevation, { intent: intentOf(now), lease, now }))
    if (!done) return { label: 'is too late to claim', to: become(world, null) }
    return { label: 'commits the intent', to: become(done.world, { pc: issuer.grant === null ? 'begun' : 'granted', row: done.row }) }
  }
  const fails = (label: string, next: World = world): Move<World> => ({ label, to: become(next, { pc: 'failed', flight: null }) })
  const isLate = (): boolean => {
    const { elevation } = issuer.row
    return design.heedsLease && elevation.state === 'issuing' && now >= elevation.lease.until
  }
  switch (issuer.pc) {
    case 'read':
      return [design.hasIntent || issuer.grant !== null ? begin() : send('grant', 'sends CreateGrant')]
    case 'begun':
      return [isLate() ? fails('sees that its lease is over') : send('grant', 'sends CreateGrant')]
    case 'granted':
      return [isLate() ? fails('sees that its lease is over') : send('session', 'sends AssumeRole')]
    case 'waiting':
      return waitingMoves(world, { which, design, limits }, { issuer, become, fails })
    case 'assumed': {
      const { elevation } = issuer.row
      if (elevation.state !== 'issuing') throw new Error('it issues what it began')
      const done = commit(world, issuer.row, issuedOf(elevation, issuer, now), design.isFenced)
      return done
        ? [{ label: 'commits the session', to: become(done.world, { pc: 'committed', row: done.row }) }]
        : [{ label: 'cannot commit the session', to: become(world, null) }]
    }
    case 'committed':
      return [deliver(world, { design, gone: (next) => become(next, null) })]
    case 'failed': {
      const { elevation } = issuer.row
      const done =
        elevation.state === 'issuing'
          ? commit(world, issuer.row, transitions.beginEnd(elevation, { how: 'failed', by: 'broker', settleMilliseconds, now }))
          : null
      return [{ label: 'gives up', to: become(done?.world ?? world, null) }]
    }
  }
}

const issuedOf = (elevation: Issuing, { grant }: Issuer, now: Instant) => {
  const grants = grant === null ? [] : [{ name: `jit/${elevationId}/0`, keyArn: 'key', bucketArn: null, grantId: `grant-${grant}` }]
  const session = { assumedRoleId: `AROAEXAMPLE:jit-${elevationId}`, accessKeyId: 'ASIAEXAMPLE' }
  return transitions.issued(elevation, { session, grants }, now)
}

const waitingMoves = (
  world: World,
  { design, limits }: Of,
  { issuer, become, fails }: {
    readonly issuer: Issuer
    readonly become: (next: World, part: Partial<Issuer> | null) => World
    readonly fails: (label: string, next?: World) => Move<World>
  }
): readonly Move<World>[] => {
  const { flight, done } = issuer
  if (flight === null) throw new Error('it waits for a call')
  const call = flight.kind === 'grant' ? 'CreateGrant' : 'AssumeRole'
  if (done) {
    const after = flight.kind === 'session' ? 'assumed' : issuer.row.elevation.state === 'approved' ? 'read' : 'granted'
    const grant = flight.kind === 'grant' ? flight.name : issuer.grant
    const answered = { label: `hears of ${call}`, to: become(world, { pc: after, flight: null, done: false, grant }) }
    const lost = { ...world, losses: world.losses + 1 }
    return world.losses < limits.losses ? [answered, fails(`never hears of ${call}`, lost)] : [answered]
  }
  const landed = { label: `${call} lands`, to: become(doneBy(world, flight), { done: true }) }
  if (world.losses >= limits.losses) return [landed]
  const detached = { ...world, losses: world.losses + 1, flying: [...world.flying, flight] }
  const again = { ...flight, name: design.keepsName ? flight.name : flight.name + 1, sent: world.tick }
  return [
    landed,
    fails(`stops waiting for ${call}`, detached),
    ...(at(world.tick) < leaseEnd(issuer.row)
      ? [{ label: `sends ${call} again`, to: become(detached, { flight: again }) }]
      : [])
  ]
}

const leaseEnd = ({ elevation }: Row): Instant => (elevation.state === 'issuing' ? elevation.lease.until : start)

const deliver = (
  world: World,
  { design, gone }: { readonly design: Design; readonly gone: (next: World) => World }
): Move<World> => {
  const { elevation } = world.row
  const isRunning = elevation.state === 'active' && at(world.tick) < elevation.intent.notAfter
  if (design.looksAgain && !isRunning) return { label: 'gives nothing out', to: gone(world) }
  const wrong = world.isRevoked ? 'I2: given out after the revoke' : world.wrong
  return { label: 'gives the credentials out', to: { ...gone(world), isDelivered: true, wrong } }
}

/** KMS: the same name and parameters are the same grant. A session that nobody heard of is nobody's. */
const doneBy = (world: World, { kind, name }: Flight): World =>
  kind === 'session' || world.grants.includes(name) ? world : { ...world, grants: [...world.grants, name].toSorted((a, b) => a - b) }

const land = (world: World, flight: Flight): World => ({
  ...doneBy(world, flight),
  flying: world.flying.filter((one) => one !== flight)
})

const workMoves = (world: World, which: 0 | 1): readonly Move<World>[] => {
  const { row, tick: n } = world
  const { elevation } = row
  const now = at(n)
  const moved = (label: string, taken: transitions.Step<Elevation>): readonly Move<World>[] => {
    const done = commit(world, row, taken)
    return done ? [{ label, to: done.world }] : []
  }
  switch (elevation.state) {
    case 'issuing':
      if (now < elevation.lease.until) return []
      return moved('takes over', transitions.takeOver(elevation, { settleMilliseconds, now }))
    case 'active': {
      if (now < elevation.intent.notAfter) return []
      const ends = { how: 'expired', by: 'broker', settleMilliseconds, now } as const
      return moved('expires it', transitions.beginEnd(elevation, ends))
    }
    case 'ending': {
      if (now < elevation.retryAt) return []
      if (stepOf(elevation, now) === 'probe') {
        const isRefused = world.isDeniedByRole || now >= elevation.intent.notAfter
        return isRefused
          ? moved('is refused as the session', sessionDenied(elevation, { accessKeyId: 'ASIAPROBE' }, now))
          : moved('is not refused yet', transitions.retryEnd(elevation, 'not refused', now))
      }
      const needsDeny = elevation.session !== null && now < elevation.intent.notAfter
      const looking = { ...world, isDeniedByRole: world.isDeniedByRole || needsDeny }
      const pass = { row, began: n, found: world.grants, isRevoked: false, isLost: false }
      return [{ label: 'denies and looks', to: withReplica(looking, which, { pass }) }]
    }
    case 'pending':
    case 'approved':
    case 'ended':
    case 'denied':
    case 'cancelled':
    case 'lapsed':
    case 'failed':
      return []
  }
}

const passMoves = (world: World, { which, design, limits }: Of): readonly Move<World>[] => {
  const { pass } = world.replicas[which]
  const { elevation } = pass?.row ?? world.row
  if (pass === null || elevation.state !== 'ending') return []
  if (!pass.isRevoked) {
    const grants = world.grants.filter((name) => !pass.found.includes(name))
    const revoked = { label: `revokes ${pass.found.length}`, to: withReplica({ ...world, grants }, which, { pass: { ...pass, isRevoked: true } }) }
    if (world.losses >= limits.losses || pass.found.length === 0) return [revoked]
    const spoiled = withReplica({ ...world, losses: world.losses + 1 }, which, { pass: { ...pass, isRevoked: true, isLost: true } })
    return [revoked, { label: 'cannot revoke', to: spoiled }]
  }
  const done = commit(world, pass.row, passed(elevation, { pass, design, now: at(world.tick) }))
  const after = withReplica(done?.world ?? world, which, { pass: null })
  return [{ label: done ? `notes it: ${done.row.elevation.state}` : 'was not the only one', to: after }]
}

/** As remove.ts decides what a pass came to. */
const passed = (
  elevation: Ending,
  { pass, design, now }: { readonly pass: Pass; readonly design: Design; readonly now: Instant }
): transitions.Step<Elevation> => {
  if (pass.isLost) return transitions.retryEnd(elevation, 'kms:RevokeGrant', now)
  const isSwept = at(pass.began) >= elevation.sweepAt && pass.found.length === 0
  const mayEnd = design.sweepsLate ? isSwept : pass.found.length === 0
  if (mayEnd && isDenied(elevation)) {
    return transitions.finishEnd(design.sweepsLate ? elevation : { ...elevation, sweepAt: now }, now)
  }
  const removed = { sessionDenied: true, grantsRevoked: pass.found.length, queriesStopped: 0 }
  return transitions.awaitSweep(elevation, { ...removed, isSwept }, now)
}

/** The process is gone; what it had sent is not. */
const die = (world: World, which: 0 | 1): World => {
  const { issuer } = world.replicas[which]
  const left = issuer?.flight && !issuer.done ? [issuer.flight] : []
  return withReplica({ ...world, crashes: world.crashes + 1, flying: [...world.flying, ...left] }, which, idle)
}

const revoke = (world: World): World | null => {
  const { elevation } = world.row
  if (elevation.state !== 'issuing' && elevation.state !== 'active') return null
  const ends = { how: 'revoked', by: security, settleMilliseconds, now: at(world.tick) } as const
  const done = commit(world, world.row, transitions.beginEnd(elevation, ends))
  return done && { ...done.world, isRevoked: true }
}

/** Time goes on while anything may still come of it; calls that were sent too long ago are lost. */
const tick = (world: World): World | null => {
  const { row, replicas, flying, tick: now } = world
  const isQuiet = replicas.every(({ issuer, pass }) => issuer === null && pass === null) && flying.length === 0
  const isStill = terminal.has(row.elevation.state) || row.elevation.state === 'approved'
  if (isQuiet && isStill) return null
  const isTooOld = ({ sent }: Flight): boolean => now + 1 - sent > flightTicks
  if (replicas.some(({ issuer }) => issuer?.flight && !issuer.done && isTooOld(issuer.flight))) return null
  return { ...world, tick: now + 1, flying: flying.filter((one) => !isTooOld(one)) }
}
