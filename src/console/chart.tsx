/**
 * Charts drawn on the server: bars side by side with their axes, a legend and the figures as a
 * table. Every bar says its value; colours are classes, and a pattern of its own tells the series
 * apart where there are none.
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
  readonly groups: readonly {
    readonly label: string
    /** one per series */
    readonly values: readonly number[]
  }[]
}

const edges = { height: 270, left: 52, right: 12, top: 14, bottom: 58 } as const
const widths = { wide: 720, half: 470 } as const

/** The picture; the figures are in a table below it, to be opened. */
export const BarChart = (of: Chart): VNode => {
  const { id, title, xAxis, yAxis, series, groups } = of
  const size = { ...edges, width: widths[of.width] }
  const most = ticksUpTo(Math.max(1, ...groups.flatMap(({ values }) => values)))
  const top = most.at(-1) ?? 1
  const inner = {
    width: size.width - size.left - size.right,
    height: size.height - size.top - size.bottom
  }
  const yOf = (value: number): number => size.top + inner.height * (1 - value / top)
  const step = inner.width / Math.max(1, groups.length)
  const bar = Math.min(26, (step * 0.78) / Math.max(1, series.length))
  return (
    <figure class="chart">
      {series.length > 1 ? <Legend series={series} /> : null}
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
          const middle = size.left + step * (n + 0.5)
          const from = middle - (bar * series.length) / 2
          return (
            <g key={label}>
              {values.map((value, at) => (
                <rect
                  key={series[at]}
                  class={`series-${at}`}
                  x={from + bar * at + 1}
                  width={Math.max(1, bar - 2)}
                  y={yOf(value)}
                  height={size.top + inner.height - yOf(value)}
                  rx={2}
                >
                  <title>{`${label}: ${series[at] ?? ''} ${value}`}</title>
                </rect>
              ))}
              <text class="tick" x={middle} y={size.height - size.bottom + 18} text-anchor="middle">
                {label}
              </text>
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

const Legend = ({ series }: { readonly series: readonly string[] }): VNode => (
  <ul class="legend">
    {series.map((name, n) => (
      <li key={name}>
        <svg viewBox="0 0 12 12" width="12" height="12" aria-hidden="true">
          <rect class={`series-${n}`} width="12" height="12" rx="2" />
        </svg>
        {name}
      </li>
    ))}
  </ul>
)

/** From 0 to at least `most` in four or five whole steps. */
const ticksUpTo = (most: number): readonly number[] => {
  const rough = most / 4
  const power = 10 ** Math.floor(Math.log10(Math.max(1, rough)))
  const step = [1, 2, 5, 10].map((one) => one * power).find((one) => one >= rough) ?? 10 * power
  const count = Math.max(1, Math.ceil(most / step))
  return Array.from({ length: count + 1 }, (_, n) => n * step)
}
