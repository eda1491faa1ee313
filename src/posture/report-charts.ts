/**
 * Charts of a report as inline SVG: bars of counts and shares, with a title that says the same in
 * words. Colours come from the page's variables, so that they follow light and dark; every bar has
 * its number beside it, so that nothing rests on colour.
 */
import type { Share } from './figures.ts'

/**
 * Text as HTML and SVG take it, in content and in quoted attributes; control characters are shown.
 */
export const escaped = (text: string): string =>
  text
    .replaceAll(/[\p{Cc}\p{Bidi_Control}]/gu, (one) => (one === '\n' ? '\n' : '\uFFFD'))
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;')

export type Bar = { readonly label: string; readonly count: number; readonly tone: string }

/** Horizontal bars, longest of all = full width. */
export const barChart = (title: string, bars: readonly Bar[]): string => {
  const most = Math.max(1, ...bars.map(({ count }) => count))
  const height = bars.length * row + 8
  const words = bars.map(({ label, count }) => `${label} ${count}`).join(', ')
  const rows = bars.map(({ label, count, tone }, at) => {
    const y = at * row + 4
    const width = Math.round((count / most) * room)
    return [
      `<text class="label" x="${left - 8}" y="${y + 15}" text-anchor="end">${escaped(cut(label))}</text>`,
      `<rect x="${left}" y="${y + 3}" width="${count === 0 ? 0 : Math.max(2, width)}" height="16" rx="2" fill="var(--${tone})"/>`,
      `<text x="${left + (count === 0 ? 0 : Math.max(2, width)) + 6}" y="${y + 15}">${count}</text>`
    ].join('')
  })
  return svg(height, `${title}: ${words === '' ? 'none' : words}`, rows.join(''))
}

/** One bar that is full at the whole; nothing of nothing is said in words. */
export const shareChart = (title: string, { count, of }: Share): string => {
  const width = of === 0 ? 0 : Math.round((count / of) * wide)
  const words = of === 0 ? 'none there' : `${percent({ count, of })} (${count} of ${of})`
  return svg(
    26,
    `${title}: ${words}`,
    `<rect x="0" y="4" width="${wide}" height="18" rx="3" fill="var(--rest)"/><rect x="0" y="4" width="${width}" height="18" rx="3" fill="var(--good)"/>`
  )
}

/** Rounded down, so that 100 % means all. */
export const percent = ({ count, of }: Share): string =>
  of === 0 ? '–' : `${Math.floor((count / of) * 100)} %`

const row = 24
const wide = 480
const left = 150
const room = 280

const svg = (height: number, title: string, inner: string): string =>
  `<svg role="img" viewBox="0 0 ${wide} ${height}" width="${wide}" height="${height}" xmlns="http://www.w3.org/2000/svg"><title>${escaped(title)}</title>${inner}</svg>`

const cut = (label: string): string => {
  const units = Array.from(label)
  return units.length > 22 ? `${units.slice(0, 21).join('')}…` : label
}
