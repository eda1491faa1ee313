/**
 * Charts drawn on the server: bars side by side or on top of each other with their axes, a legend
 * and the figures as a table. Colours are classes of the style sheet; nothing rests on them alone,
 * since every group says its values and the table has them all.
 */
import type { VNode } from 'preact'
import { audit as words } from './words-audit.ts'

export type Chart = {
  /** unique on its page */
  readonly id: string
  readonly title: string
  /** of the place it has: text keeps its size */
  readonly width: keyof typeof widths
  readonly xAxis: string
  readonly yAxis: string
  readonly series: readonly string[]
  /** on top of each other, the first series at the bottom; default side by side */
  readonly isStacked?: boolean
  /** class names of the series; default `series-0` and on */
  readonly tones?: readonly string[]
  readonly groups: readonly {
    readonly label: string
    /** one per series */
    readonly values: readonly number[]
  }[]
}

const edges = { height: 270, left: 52, right: 12, top: 14, bottom: 58 } as const
/** of the ticks, about */
const letter = 7
const widths = { wide: 720, half: 470 } as const

/** The picture; the figures are in a table below it, to be opened. */
export const BarChart = (of: Chart): VNode => {
  const { id, title, xAxis, yAxis, series, groups } = of
  const size = { ...edges, width: widths[of.width] }
  const tones = of.tones ?? series.map((_, n) => `series-${n}`)
  const heights = groups.flatMap(({ values }) => (of.isStacked ? sumOf(values) : values))
  const most = ticksUpTo(Math.max(1, ...heights))
  const top = most.at(-1) ?? 1
  const inner = {
    width: size.width - size.left - size.right,
    height: size.height - size.top - size.bottom
  }
  const yOf = (value: number): number => tenth(size.top + inner.height * (1 - value / top))
  const step = inner.width / Math.max(1, groups.length)
  const longest = Math.max(1, ...groups.map(({ label }) => label.length))
  // the last label is always there, and as many before it as do not touch
  const every = Math.ceil((longest * letter + 8) / step)
  const beside = of.isStacked ? 1 : Math.max(1, series.length)
  const bar = Math.min(26, (step * 0.78) / beside)
  return (
    <figure class="chart">
      {series.length > 1 ? <Legend series={series} tones={tones} /> : null}
      <svg viewBox={`0 0 ${size.width} ${size.height}`} role="img" aria-labelledby={`${id}-title`}>
        <title id={`${id}-title`}>{title}</title>
        {most.map((value) => (
          <g key={value}>
            <line
              class="grid"
              x1={size.left}
              x2={size.width - size.right}
              y1={yOf(value)}
              y2={yOf(value)}
            />
            <text class="tick" x={size.left - 8} y={yOf(value) + 4} text-anchor="end">
              {value.toLocaleString('en')}
            </text>
          </g>
        ))}
        {groups.map(({ label, values }, n) => {
          const middle = tenth(size.left + step * (n + 0.5))
          const from = middle - (bar * beside) / 2
          return (
            <g key={label}>
              <title>{sayingOf({ label, values }, series)}</title>
              {values.map((value, at) => {
                const below = of.isStacked ? sumOf(values.slice(0, at)) : 0
                return value === 0 ? null : (
                  <rect
                    key={series[at]}
                    class={tones[at]}
                    x={tenth(from + (of.isStacked ? 0 : bar * at) + 1)}
                    width={tenth(Math.max(1, bar - 2))}
                    y={yOf(below + value)}
                    height={tenth(yOf(below) - yOf(below + value))}
                    {...(of.isStacked ? {} : { rx: 2 })}
                  />
                )
              })}
              {(groups.length - 1 - n) % every === 0 ? (
                <text
                  class="tick"
                  x={middle}
                  y={size.height - size.bottom + 18}
                  text-anchor="middle"
                >
                  {label}
                </text>
              ) : null}
            </g>
          )
        })}
        <line
          class="axis"
          x1={size.left}
          x2={size.width - size.right}
          y1={size.top + inner.height}
          y2={size.top + inner.height}
        />
        <text
          class="label"
          x={size.left + inner.width / 2}
          y={size.height - 10}
          text-anchor="middle"
        >
          {xAxis}
        </text>
        <text
          class="label"
          x={14}
          y={size.top + inner.height / 2}
          text-anchor="middle"
          transform={`rotate(-90 14 ${size.top + inner.height / 2})`}
        >
          {yAxis}
        </text>
      </svg>
      <details>
        <summary>{words.reports.figures}</summary>
        <div class="scroll">
          <table>
            <thead>
              <tr>
                <th scope="col">{xAxis}</th>
                {series.map((name) => (
                  <th key={name} scope="col" class="num">
                    {name}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {groups.map(({ label, values }) => (
                <tr key={label}>
                  <th scope="row">{label}</th>
                  {values.map((value, n) => (
                    <td key={series[n]} class="num">
                      {value}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </details>
    </figure>
  )
}

const Legend = ({ series, tones }: Required<Pick<Chart, 'series' | 'tones'>>): VNode => (
  <ul class="legend">
    {series.map((name, n) => (
      <li key={name}>
        <svg viewBox="0 0 12 12" width="12" height="12" aria-hidden="true">
          <rect class={tones[n]} width="12" height="12" rx="2" />
        </svg>
        {name}
      </li>
    ))}
  </ul>
)

const sayingOf = (
  { label, values }: Chart['groups'][number],
  series: readonly string[]
): string => `${label}: ${series.map((name, n) => `${name} ${values[n] ?? 0}`).join(', ')}`

const sumOf = (values: readonly number[]): number => values.reduce((sum, one) => sum + one, 0)

const tenth = (value: number): number => Math.round(value * 10) / 10

/** From 0 to at least `most` in four or five whole steps. */
const ticksUpTo = (most: number): readonly number[] => {
  const rough = most / 4
  const power = 10 ** Math.floor(Math.log10(Math.max(1, rough)))
  const step = [1, 2, 5, 10].map((one) => one * power).find((one) => one >= rough) ?? 10 * power
  const count = Math.max(1, Math.ceil(most / step))
  return Array.from({ length: count + 1 }, (_, n) => n * step)
}
