/**
 * Times of the week compared as sets of minutes. Windows of one zone are compared exactly; windows
 * of two zones count as different times, since their clocks change on different days.
 */
import { type Side, byInclusion } from './diff-sides.ts'
import type { Deny, When } from './policy.ts'
import { printWindow, weekdays } from './when.ts'

/** The windows of a rule, where none means always. */
export const compareWindows = (before: readonly When[], after: readonly When[]): Side =>
  compareTimes(timesOf([before]), timesOf([after]))

/** The times at which the denies apply, where less denied gives more. */
export const compareDenied = (before: readonly Deny[], after: readonly Deny[]): Side =>
  compareTimes(timesOf(after.map(whenOf)), timesOf(before.map(whenOf)))

/** Whether they apply at every time. */
export const isAlwaysDenied = (denies: readonly Deny[]): boolean =>
  timesOf(denies.map(whenOf)).isAlways

/** `mon tue 08:00-18:00 Europe/Berlin, sat UTC`; null = always. */
export const printWhen = (windows: readonly When[]): string | null =>
  windows.length === 0 ? null : windows.map(printWindow).join(', ')

type Times = {
  readonly isAlways: boolean
  /** per zone the minutes of the week, Monday first, each 0 or 1 */
  readonly zones: ReadonlyMap<string, Uint8Array>
}

const dayMinutes = 1440

const whenOf = ({ when }: Deny): readonly When[] => when

const timesOf = (lists: readonly (readonly When[])[]): Times => {
  const zones = new Map<string, Uint8Array>()
  for (const { days, hours, zone } of lists.flat()) {
    const week = zones.get(zone) ?? new Uint8Array(weekdays.length * dayMinutes)
    for (const [n, day] of weekdays.entries()) {
      const { from, to } = hours ?? { from: 0, to: dayMinutes }
      if (days.has(day)) week.fill(1, n * dayMinutes + from, n * dayMinutes + to)
    }
    zones.set(zone, week)
  }
  const isFull = [...zones.values()].some((week) => week.every((minute) => minute === 1))
  return { isAlways: isFull || lists.some((windows) => windows.length === 0), zones }
}

const compareTimes = (before: Times, after: Times): Side =>
  byInclusion(isCovered(before, after), isCovered(after, before))

const isCovered = (some: Times, by: Times): boolean => {
  if (by.isAlways) return true
  if (some.isAlways) return false
  return [...some.zones].every(([zone, week]) => {
    const open = by.zones.get(zone)
    return open !== undefined && week.every((minute, n) => minute === 0 || open[n] === 1)
  })
}
