/**
 * Deciding as an explicit-state model: two processes that read a row, and later write what somebody
 * wanted of it by compare-and-set. A quorum of two out of three; the requester tries as well. With a
 * start ahead, the worker says when it has come, and the requester may start at any tick; a clock may
 * also go back.
 */
import type { Approved, Elevation } from '../src/elevation/elevation.ts'
import { type Instant, type PersonId, instant, plus, seconds } from '../src/elevation/ids.ts'
import { startable } from '../src/elevation/scheduling.ts'
import * as transitions from '../src/elevation/transitions.ts'
import { idOf, pending, person, start } from './fixtures-elevation.ts'
import type { Move } from './model-search.ts'

const requester = person('alice')
const voters: readonly PersonId[] = [requester, person('bob'), person('carol'), person('dave')]
const hour = seconds(3600)
const lastTick = 3

type Row = { readonly version: number; readonly elevation: Elevation }
type Want =
  | { readonly verb: 'approve' | 'deny'; readonly by: PersonId }
  | { readonly verb: 'cancel' | 'lapse' | 'open' | 'start' }
type Held = { readonly row: Row; readonly want: Want }

export type Deciding = {
  readonly tick: number
  readonly row: Row
  readonly held: readonly [Held | null, Held | null]
  readonly wrong: string | null
}

const first = pending(idOf(1))

export const startDeciding: Deciding = {
  tick: 0,
  row: { version: 1, elevation: { ...first, terms: { ...first.terms, quorum: 2, within: hour, activateWithin: hour }, decideBy: plus(start, hour) } },
  held: [null, null],
  wrong: null
}

/** The same with a start ahead, at the second tick. */
export const startScheduled: Deciding = {
  ...startDeciding,
  row: {
    ...startDeciding.row,
    elevation: { ...first, ask: { ...first.ask, startAt: instant(start + 2 * 2_000_000) }, terms: { ...first.terms, quorum: 2, within: hour, activateWithin: hour }, decideBy: plus(start, hour) }
  }
}

const at = (tick: number): Instant => instant(start + tick * 2_000_000)

const wants: readonly Want[] = [
  ...voters.flatMap((by): readonly Want[] => [{ verb: 'approve', by }, { verb: 'deny', by }]),
  { verb: 'cancel' },
  { verb: 'lapse' }
]

/** Two votes and what comes after them: who else votes is searched without a start. */
const scheduledWants: readonly Want[] = [
  { verb: 'approve', by: person('bob') },
  { verb: 'approve', by: person('carol') },
  { verb: 'cancel' },
  { verb: 'lapse' },
  { verb: 'open' },
  { verb: 'start' }
]
const nameOf = (want: Want): string => ('by' in want ? `${want.verb} by ${want.by}` : want.verb)

const taken = ({ elevation }: Row, want: Want, now: Instant): transitions.Step<Elevation> | null => {
  if (elevation.state !== 'pending' && elevation.state !== 'approved') return null
  switch (want.verb) {
    case 'cancel':
      return transitions.cancel(elevation, requester, now)
    case 'lapse': {
      const until = elevation.state === 'pending' ? elevation.decideBy : elevation.activateBy
      return now < until ? null : transitions.lapse(elevation, elevation.state === 'pending' ? 'not_decided' : 'not_activated', now)
    }
    case 'open':
      return elevation.state === 'approved' ? startable(elevation, now) : null
    case 'start':
      return elevation.state === 'approved' ? begun(elevation, now) : null
    case 'deny':
      return elevation.state === 'pending' ? transitions.deny(elevation, want.by, { salt: '', value: '' }, now) : null
    case 'approve': {
      if (elevation.state !== 'pending') return null
      const isEnough = elevation.approvals.length + 1 >= elevation.terms.quorum
      return transitions.approve(elevation, { by: want.by, via: 'cli', isEnough, isReciprocal: false }, now)
    }
  }
}

const begun = (elevation: Approved, now: Instant): transitions.Step<Elevation> => {
  const intent = {
    sessionName: '', region: '', workgroup: '', roleArn: '', sessionArn: '', sessionPolicy: '', grants: [],
    startedAt: now, notAfter: plus(now, elevation.ask.duration)
  }
  return transitions.beginIssue(elevation, { intent, lease: { owner: 'one', until: plus(now, hour) }, now })
}

/** Whoever is idle reads for anybody's wish; whoever holds one writes it; time goes on. */
export const decidingMoves = (isFenced: boolean) => (world: Deciding): readonly Move<Deciding>[] => {
  const isScheduled = world.row.elevation.ask.startAt !== undefined
  if (world.wrong !== null) return []
  const moves: Move<Deciding>[] = []
  for (const which of [0, 1] as const) {
    const held = world.held[which]
    const put = (next: Deciding, one: Held | null): Deciding => ({
      ...next,
      held: which === 0 ? [one, world.held[1]] : [world.held[0], one]
    })
    if (held === null) {
      for (const want of isScheduled ? scheduledWants : wants) {
        moves.push({ label: `${which}: reads to ${nameOf(want)}`, to: put(world, { row: world.row, want }) })
      }
      continue
    }
    const step = taken(held.row, held.want, at(world.tick))
    const isFirst = !isFenced || held.row.version === world.row.version
    const next = step?.ok && isFirst ? { ...world, row: { version: world.row.version + 1, elevation: step.next }, wrong: wrongIn(world.row, step.next) } : world
    moves.push({ label: `${which}: writes ${nameOf(held.want)}`, to: put(next, null) })
  }
  if (world.tick < lastTick) moves.push({ label: 'tick', to: { ...world, tick: world.tick + 1 } })
  if (isScheduled && world.tick > 0) moves.push({ label: 'the clock goes back', to: { ...world, tick: world.tick - 1 } })
  return moves
}

const decided: ReadonlySet<Elevation['state']> = new Set(['denied', 'cancelled', 'lapsed', 'issuing'] as const)

const wrongIn = ({ elevation: before }: Row, after: Elevation): string | null => {
  if (decided.has(before.state)) return `what is ${before.state} changed`
  const lost = before.approvals.filter(({ by }) => !after.approvals.some((one) => one.by === by))
  return lost.length > 0 ? 'a vote was lost' : null
}

/** Invariants 8 and 13 of deciding. */
export const brokenDeciding = ({ row, wrong }: Deciding): string | null => {
  if (wrong !== null) return wrong
  const { approvals, ask, terms, state } = row.elevation
  const people = new Set(approvals.map(({ by }) => by))
  if (people.has(ask.requester)) return 'I8: the requester approved it'
  if (people.size !== approvals.length) return 'I8: somebody counts twice'
  if ((state === 'approved' || state === 'issuing') && people.size < terms.quorum) return 'I8: approved without a quorum'
  const { startAt = 0 } = ask
  if (state === 'issuing' && row.elevation.intent.startedAt < startAt) return 'it was started before its start'
  if (state === 'approved' && (row.elevation.startableSince ?? startAt) < startAt) return 'it was said to be startable before its start'
  if (state === 'approved' && startAt > 0 && row.elevation.activateBy < startAt + hour * 1000) return 'less time to use it than approved'
  return null
}

export const isDecided = ({ row }: Deciding): boolean => decided.has(row.elevation.state)

const rowKey = ({ elevation }: Row): string => {
  const votes = elevation.approvals.map(({ by }) => by).toSorted()
  const open = elevation.state === 'approved' && elevation.startableSince !== undefined
  return [elevation.state, ...votes, 'activateBy' in elevation ? elevation.activateBy : '', open].join('+')
}

const heldKey = (held: Held | null, version: number): string =>
  held === null ? '' : `${nameOf(held.want)}/${held.row.version === version}/${rowKey(held.row)}`

/** The same whichever process is which, and however often the row was written. */
export const decidingKey = ({ tick, row, held, wrong }: Deciding): string => {
  const [a = '', b = ''] = held.map((one) => heldKey(one, row.version))
  return [tick, rowKey(row), wrong, a < b ? a : b, a < b ? b : a].join(';')
}
