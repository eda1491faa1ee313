/**
 * Who can read a classified table without an elevation, by which way, and on which statements that
 * rests. The evaluator of the sandbox answers every hop; what it cannot decide, and what a gap of
 * the snapshot hides, makes a door `possible` and is named in it.
 */
import type { Target } from '../elevation/target.ts'
import type { Facts } from './facts.ts'
import type { Caller } from './side-doors-caller.ts'
import { type Door, type DoorKind, type Way, bestJoined, bestOf } from './side-doors-door.ts'
import { type Powers, couldOpen, powersOf } from './side-doors-open.ts'
import { type Opened, readsByAthena, readsObjects } from './side-doors-paths.ts'
import { type Reached, type Step, reachOf, stepsFrom } from './side-doors-reach.ts'
import { type Place, type Scene, sceneOf } from './side-doors-scene.ts'

/**
 * Every door to every table of the targets, sorted by table and principal. A principal that reads
 * for certain is not listed again for what it could change; an elevation itself is no door.
 */
export const sideDoors = (facts: Facts, targets: readonly Target[]): readonly Door[] => {
  const scene = sceneOf(facts, targets)
  const look = lookOf(scene)
  const doors = scene.places.flatMap((place) =>
    scene.callers.flatMap((caller) => doorsOf(caller, place, look))
  )
  return [...new Map(doors.map((door) => [door.id, door])).values()].toSorted(byPlace)
}

type Look = {
  readonly scene: Scene
  readonly reads: (kind: 'athena' | 's3', caller: Caller, place: Place) => Way | null
  readonly readsAny: (
    caller: Caller,
    place: Place,
    supposed: { readonly opened: Opened; readonly change: string }
  ) => Way | null
  /** whom it can act as without changing anything */
  readonly reach: (caller: Caller) => readonly Reached[]
  readonly powers: (caller: Caller) => Powers
}

const doorsOf = (caller: Caller, place: Place, look: Look): readonly Door[] => {
  const athena = caller.kind === 'outside' ? null : look.reads('athena', caller, place)
  const own: readonly (readonly [DoorKind, Way | null])[] = [
    ['athena', athena],
    ['s3', look.reads('s3', caller, place)]
  ]
  const found = [...own]
  if (!certain(found) && caller.kind !== 'unlisted') {
    found.push(['role', byRole(caller, place, look)])
  }
  if (!certain(found) && caller.kind !== 'unlisted') {
    const given = { powers: look.powers(caller), reads: look.readsAny }
    found.push(['could_open', couldOpen(look.scene, place, given)])
  }
  return found.flatMap(([kind, way], at) => {
    // what is possibly open already says more than that it could possibly be opened
    const isOwn = kind === 'athena' || kind === 's3'
    const before = found.slice(0, at).some(([, other]) => other !== null)
    const weaker = !isOwn && way?.certainty === 'possible' && before
    return way === null || weaker ? [] : [doorOf({ caller, place, kind, way })]
  })
}

const certain = (ways: readonly (readonly [DoorKind, Way | null])[]): boolean =>
  ways.some(([, way]) => way?.certainty === 'certain')

const byRole = (caller: Caller, place: Place, look: Look): Way | null =>
  bestJoined(
    look.reach(caller).slice(1).map(({ as, way }) => () => {
      const read = bestOf([
        () => look.reads('athena', as, place),
        () => look.reads('s3', as, place)
      ])
      return read === null ? null : [way, read]
    })
  )

const doorOf = (of: {
  readonly caller: Caller
  readonly place: Place
  readonly kind: DoorKind
  readonly way: Way
}): Door => ({
  ...of.way,
  id: `${of.kind} ${of.caller.arn} ${of.place.tableArn}`,
  kind: of.kind,
  target: of.place.target.id,
  table: of.place.table,
  tableArn: of.place.tableArn,
  principal: of.caller.arn
})

const byPlace = (a: Door, b: Door): number =>
  compare(a.tableArn, b.tableArn) || compare(a.principal, b.principal) || compare(a.kind, b.kind)

const compare = (a: string, b: string): number => {
  if (a === b) return 0
  return a < b ? -1 : 1
}

/** The questions, each asked once. */
const lookOf = (scene: Scene): Look => {
  const steps = new Map<string, readonly Step[]>()
  const stepsOf = (caller: Caller): readonly Step[] =>
    remembered(steps, caller.arn, () => stepsFrom(scene, caller))
  const reaches = new Map<string, readonly Reached[]>()
  const powers = new Map<string, Powers>()
  const read = { athena: perPlace<Caller>(), s3: perPlace<Caller>() }
  const supposed = perPlace<string>()
  const sessionsOf = (caller: Caller) => [caller, ...(scene.sessions.get(caller.arn) ?? [])]
  return {
    scene,
    reads: (kind, caller, place) =>
      remembered(read[kind](place), caller, () =>
        bestOf(
          sessionsOf(caller).map((one) => () =>
            kind === 's3' ? readsObjects(scene, one, place) : readsByAthena(scene, one, place)
          )
        )
      ),
    readsAny: (caller, place, { opened, change }) =>
      remembered(supposed(place), `${caller.arn} ${change}`, () =>
        bestOf([
          () => readsObjects(scene, caller, place, opened),
          () => readsByAthena(scene, caller, place, opened)
        ])
      ),
    reach: (caller) =>
      remembered(reaches, caller.arn, () => reachOf(caller, stepsOf, { changes: false })),
    powers: (caller) =>
      remembered(powers, caller.arn, () => powersOf(reachOf(caller, stepsOf, { changes: true })))
  }
}

/** What was found about each place, by whom or what it was asked. */
const perPlace = <K>(): ((place: Place) => Map<K, Way | null>) => {
  const places = new Map<Place, Map<K, Way | null>>()
  return (place) => remembered(places, place, () => new Map<K, Way | null>())
}

const remembered = <K, T>(kept: Map<K, T>, key: K, make: () => T): T => {
  const found = kept.get(key)
  if (found !== undefined) return found
  const made = make()
  kept.set(key, made)
  return made
}
