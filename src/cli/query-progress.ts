/** The one line that says how far a query is, on a terminal only, and its figures for people. */
import { type Json, text } from './api.ts'
import { type Terminal, paint, plain } from './terminal.ts'

export type Progress = {
  readonly show: (status: Json) => void
  /** takes the line away */
  readonly clear: () => void
}

/** Writes to stderr as it is, without a line end. */
export type Draw = (text: string) => void

/** Drawn over itself; nothing at all where nobody watches, which is null. */
export const progressOn = (to: Terminal, draw: Draw | null): Progress => {
  if (draw === null) return { show: () => undefined, clear: () => undefined }
  let isDrawn = false
  return {
    show: (status) => {
      const { state, bytesScanned, milliseconds } = status
      const figures = `${lengthText(milliseconds)}, ${sizeText(bytesScanned)} scanned`
      const line = paint(to, 'dim', `${plain(text(state))} for ${figures}  (Ctrl-C stops it)`)
      draw(`${takeAway}${line}`)
      isDrawn = true
    },
    clear: () => {
      if (isDrawn) draw(takeAway)
      isDrawn = false
    }
  }
}

/** `0 bytes`, `12.4 MB`; powers of a thousand, as bills have them. */
export const sizeText = (bytes: unknown): string => {
  const count = figure(bytes)
  if (count < 1000) return `${count} bytes`
  const power = Math.min(units.length, Math.floor(Math.log10(count) / 3))
  return `${(count / 1000 ** power).toFixed(1)} ${units[power - 1] ?? ''}`
}

/** `850 ms`, `3.2 s`, `4 min 05 s`. */
export const lengthText = (milliseconds: unknown): string => {
  const length = figure(milliseconds)
  if (length < 1000) return `${Math.round(length)} ms`
  if (length < 60_000) return `${(length / 1000).toFixed(1)} s`
  const whole = Math.floor(length / 1000)
  return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, '0')} s`
}

const takeAway = '\r\u001b[K'
const units = ['kB', 'MB', 'GB', 'TB', 'PB'] as const

const figure = (value: unknown): number =>
  typeof value === 'number' && Number.isFinite(value) && value > 0 ? value : 0
