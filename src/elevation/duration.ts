/**
 * Lengths of time as people write them: `45m`, `2h`, `90s`, `1d`, or ISO 8601 `PT2H30M`.
 * Refused: a bare number (minutes or seconds?), fractions, signs, zero, and ISO years and months,
 * whose length depends on the calendar.
 */
import { type Seconds, seconds } from './ids.ts'

const unit = { s: 1, m: 60, h: 3600, d: 86400 } as const
const sizes = [['d', unit.d], ['h', unit.h], ['m', unit.m], ['s', unit.s]] as const
const short = /^([1-9][0-9]{0,5})(s|m|h|d)$/
const long =
  /^P(?:([0-9]{1,5})D)?(?:T(?=[0-9])(?:([0-9]{1,5})H)?(?:([0-9]{1,6})M)?(?:([0-9]{1,7})S)?)?$/

/** Parses a length; null when it is not one of the forms above or longer than 366 days. */
export const parseDuration = (text: string): Seconds | null => {
  const total = shortForm(text) ?? isoForm(text)
  return total === null || total < 1 || total > 366 * unit.d ? null : seconds(total)
}

/** The shortest exact spelling: `4h`, `90s`, `1h30m`. */
export const printDuration = (length: Seconds): string => {
  const parts: string[] = []
  let rest: number = length
  for (const [letter, size] of sizes) {
    const count = Math.floor(rest / size)
    rest -= count * size
    if (count > 0) parts.push(`${count}${letter}`)
  }
  return parts.join('')
}

const shortForm = (text: string): number | null => {
  const match = short.exec(text)
  if (!match) return null
  const [, count, letter] = match
  const size = sizes.find(([name]) => name === letter)?.[1] ?? 0
  return Number(count) * size
}

const isoForm = (text: string): number | null => {
  const match = long.exec(text)
  if (!match) return null
  const [, d = 0, h = 0, m = 0, s = 0] = match
  return Number(d) * unit.d + Number(h) * unit.h + Number(m) * unit.m + Number(s)
}
