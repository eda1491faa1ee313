/**
 * Doors that somebody has accepted, by name, with a reason and until when. An acceptance of a
 * possible door does not cover a certain one, and one that is over covers nothing.
 */
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import type { Certainty, Door } from './side-doors-door.ts'

export type Accepted = {
  /** of the door */
  readonly id: string
  readonly certainty: Certainty
  readonly reason: string
  /** `person:ID` */
  readonly by: string
  /** ISO 8601 UTC; at this instant it is over */
  readonly until: string
}

export type Baseline = {
  readonly version: 1
  /** ISO 8601 UTC, of the snapshot it was written from */
  readonly at: string
  readonly doors: readonly Accepted[]
}

export type DoorState = 'new' | 'accepted' | 'expired'

export type Compared = {
  readonly doors: readonly (Door & { readonly state: DoorState })[]
  /** accepted doors that are closed now */
  readonly gone: readonly string[]
}

const closed = { additionalProperties: false }
const moment = Type.String({
  pattern: '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}(?:\\.\\d{1,3})?Z$'
})

const BaselineDocument = Type.Object(
  {
    version: Type.Literal(1),
    at: moment,
    doors: Type.Array(
      Type.Object(
        {
          id: Type.String({ minLength: 1, maxLength: 4096 }),
          certainty: Type.Union([Type.Literal('certain'), Type.Literal('possible')]),
          reason: Type.String({ minLength: 15, maxLength: 1000 }),
          by: Type.String({ pattern: '^person:[a-z0-9][a-z0-9._-]{1,62}$' }),
          until: moment
        },
        closed
      )
    )
  },
  closed
)

export type BaselineRead =
  | { readonly ok: true; readonly baseline: Baseline }
  | { readonly ok: false; readonly issues: readonly string[] }

/** The baseline of a text, or what is wrong with it, with places. */
export const parseBaseline = (text: string): BaselineRead => {
  const value = jsonOf(text)
  if (value === undefined) return { ok: false, issues: ['not JSON'] }
  if (!Value.Check(BaselineDocument, value)) {
    const issues = Value.Errors(BaselineDocument, value)
    const lines = issues.map((one) => `${one.instancePath} ${one.message}`)
    return { ok: false, issues: lines.slice(0, 20) }
  }
  const moments = [value.at, ...value.doors.map((door) => door.until)]
  const wrong = moments.filter((one) => Number.isNaN(Date.parse(one)))
  if (wrong.length > 0) return { ok: false, issues: wrong.map((one) => `${one} is no moment`) }
  return { ok: true, baseline: value }
}

/** What is new, accepted, over and gone. `now`: epoch milliseconds; null = nothing is accepted. */
export const compareDoors = (
  doors: readonly Door[],
  baseline: Baseline | null,
  now: number
): Compared => {
  const accepted = new Map((baseline?.doors ?? []).map((one) => [one.id, one]))
  const stateOf = (door: Door): DoorState => {
    const one = accepted.get(door.id)
    if (one === undefined) return 'new'
    if (one.certainty === 'possible' && door.certainty === 'certain') return 'new'
    return now < Date.parse(one.until) ? 'accepted' : 'expired'
  }
  const open = new Set(doors.map((door) => door.id))
  return {
    doors: doors.map((door) => ({ ...door, state: stateOf(door) })),
    gone: [...accepted.keys()].filter((id) => !open.has(id))
  }
}

/** Accepts all of these; what was accepted before and is still in force stays as it was. */
export const acceptAll = (
  doors: Compared['doors'],
  given: {
    readonly before: Baseline | null
    readonly at: string
    readonly reason: string
    readonly by: string
    readonly until: string
  }
): Baseline => {
  const { before, at, ...why } = given
  const known = new Map((before?.doors ?? []).map((one) => [one.id, one]))
  return {
    version: 1,
    at,
    doors: doors.map(({ id, certainty, state }) => {
      const kept = state === 'accepted' ? known.get(id) : undefined
      return kept ?? { id, certainty, ...why }
    })
  }
}

const jsonOf = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
