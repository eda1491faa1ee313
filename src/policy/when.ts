/**
 * Times of the week by a zone's wall clock, from the IANA time zone database as ECMA-402 gives it:
 * 08:00 stays 08:00 across a change of the clocks, an hour that is skipped never comes and one that
 * comes twice counts twice. A zone that is not known throws, which denies.
 */
import type { Instant } from '../elevation/ids.ts'
import type { Weekday, When } from './policy.ts'

/** What a clock on the wall of a zone shows. */
export type WallTime = {
  readonly day: Weekday
  /** since midnight, 0 to 1439 */
  readonly minute: number
}

/** Monday first. */
export const weekdays: readonly Weekday[] = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']

/** Whether any of the windows is open; `from` is inside, `to` is not. */
export const isOpen = (windows: readonly When[], at: Instant): boolean =>
  windows.some(({ days, hours, zone }) => {
    const { day, minute } = wallTime(zone, at)
    return days.has(day) && (hours === null || (hours.from <= minute && minute < hours.to))
  })

/** The day and minute in a zone; a `RangeError` where there is no such zone. */
export const wallTime = (zone: string, at: Instant): WallTime => {
  const clock = clocks.get(zone) ?? newClock(zone)
  // not the minute: offsets of former years are not whole minutes
  const second = Math.floor(at / 1000)
  if (clock.second !== second) {
    clock.wall = read(clock.format, at)
    clock.second = second
  }
  return clock.wall
}

/** `mon tue 08:00-18:00 Europe/Berlin, or …`, and what the time is there. */
export const printWindows = (windows: readonly When[], at: Instant): string => {
  const zones = [...new Set(windows.map(({ zone }) => zone))]
  const times = zones.map((zone) => `${printWall(wallTime(zone, at))} in ${zone}`)
  return `${windows.map(printWindow).join(', or ')}; it is ${times.join(', ')}`
}

/** `mon tue 08:00-18:00 Europe/Berlin`; all days are `every day`, all hours are left out. */
export const printWindow = ({ days, hours, zone }: When): string => {
  const named = weekdays.filter((day) => days.has(day))
  const onDays = named.length === weekdays.length ? 'every day' : named.join(' ')
  const atHours = hours === null ? '' : ` ${printMinute(hours.from)}-${printMinute(hours.to)}`
  return `${onDays}${atHours} ${zone}`
}

type Clock = { readonly format: Intl.DateTimeFormat; second: number; wall: WallTime }

/** Making a formatter costs a thousand times what using it costs; there are some 600 zones. */
const clocks = new Map<string, Clock>()

const newClock = (zone: string): Clock => {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23'
  })
  const clock: Clock = { format, second: -1, wall: { day: 'mon', minute: 0 } }
  clocks.set(zone, clock)
  return clock
}

const read = (format: Intl.DateTimeFormat, at: Instant): WallTime => {
  let day: Weekday | undefined
  let minute = 0
  for (const { type, value } of format.formatToParts(at)) {
    if (type === 'weekday') day = weekdays.find((one) => one === value.toLowerCase())
    if (type === 'hour') minute += Number(value) * 60
    if (type === 'minute') minute += Number(value)
  }
  if (day === undefined || !Number.isSafeInteger(minute)) throw new RangeError('not a wall time')
  return { day, minute }
}

const printWall = ({ day, minute }: WallTime): string => `${day} ${printMinute(minute)}`

const printMinute = (minute: number): string =>
  `${twoDigits(Math.floor(minute / 60))}:${twoDigits(minute % 60)}`

const twoDigits = (count: number): string => String(count).padStart(2, '0')
