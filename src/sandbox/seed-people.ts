/**
 * Made-up words and numbers for the seed data, from a small generator so that every start makes
 * the same rows. Nobody in it exists: names come from short invented lists, e-mail is at
 * example.com, and social security numbers are of the range 900-999 that is never issued, outside
 * its ITIN groups.
 */
export type Dice = {
  /** an integer from `low` to `high`, both included */
  readonly between: (low: number, high: number) => number
  readonly pick: <T>(list: readonly T[]) => T
}

export type Person = {
  readonly name: string
  readonly email: string
  readonly ssn: string
  readonly city: string
  readonly state: string
}

/** mulberry32: the same seed, the same throws. Not for secrets. */
export function makeDice(seed: number): Dice {
  let state = seed
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const between = (low: number, high: number): number => low + Math.floor(next() * (high - low + 1))
  return { between, pick: (list) => pickAt(list, between(0, list.length - 1)) }
}

/** Person number `count`; the number makes the e-mail unique. */
export function makePerson(dice: Dice, count: number): Person {
  const first = dice.pick(firstNames)
  const last = dice.pick(lastNames)
  const [city, state] = dice.pick(places)
  const ssn = [dice.between(900, 999), pad(dice.between(1, 49), 2), pad(dice.between(1, 9999), 4)]
  return {
    name: `${first} ${last}`,
    email: `${first}.${last}.${count}@example.com`.toLowerCase(),
    ssn: ssn.join('-'),
    city,
    state
  }
}

/** An adjuster's name. */
export function makeName(dice: Dice): string {
  return `${dice.pick(firstNames)} ${dice.pick(lastNames)}`
}

/** `YYYY-MM-DD` between the first days of two years, the later one excluded. */
export function makeDate(dice: Dice, fromYear: number, beforeYear: number): string {
  const from = Date.UTC(fromYear, 0, 1)
  const days = (Date.UTC(beforeYear, 0, 1) - from) / 86_400_000
  return new Date(from + dice.between(0, days - 1) * 86_400_000).toISOString().slice(0, 10)
}

/** `HH:MM:SS` */
export function makeTime(dice: Dice): string {
  return [dice.between(0, 23), dice.between(0, 59), dice.between(0, 59)]
    .map((part) => pad(part, 2))
    .join(':')
}

/** A number with leading zeros. */
export function pad(value: number, digits: number): string {
  return String(value).padStart(digits, '0')
}

function pickAt<T>(list: readonly T[], at: number): T {
  const picked = list[at]
  if (picked === undefined) throw new RangeError('nothing to pick from')
  return picked
}

const firstNames = [
  'Abelia',
  'Bastor',
  'Corvin',
  'Delphia',
  'Edrik',
  'Fenna',
  'Garlan',
  'Hesper',
  'Isolda',
  'Jorun',
  'Kestra',
  'Lirien',
  'Maddox',
  'Nerys',
  'Osric',
  'Perrin',
  'Quilla',
  'Rowena',
  'Sorrel',
  'Tamsin',
  'Ulric',
  'Vesna',
  'Wendel',
  'Yorrick'
] as const

const lastNames = [
  'Ashgrove',
  'Brackwater',
  'Coldwell',
  'Dunmarrow',
  'Elmsworth',
  'Farrowgate',
  'Glenhollow',
  'Hartmere',
  'Inkpen',
  'Jessamine',
  'Kettleby',
  'Larkspur',
  'Millbrook',
  'Nettlefold',
  'Oakenshaw',
  'Pennywhistle',
  'Quarrington',
  'Ravensby',
  'Stonebridge',
  'Thistledown',
  'Underhill',
  'Wraxley'
] as const

const places = [
  ['Fairhaven Falls', 'OH'],
  ['Little Quarry', 'VT'],
  ['Port Merrow', 'WA'],
  ['Sandy Hollow', 'NM'],
  ['Upper Larch', 'ME'],
  ['Wexford Bend', 'IA'],
  ['Copper Ridge', 'AZ'],
  ['Maple Crossing', 'WI']
] as const
