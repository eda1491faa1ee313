/**
 * Counters and gauges in Prometheus' text format 0.0.4. A source gives its metrics at each scrape;
 * values and names only, nothing of a person.
 */
export type Metric = {
  /** `[a-z_]+` */
  readonly name: string
  readonly help: string
  readonly type: 'counter' | 'gauge'
  readonly samples: readonly {
    readonly labels: Readonly<Record<string, string>>
    readonly value: number
  }[]
}

export type MetricSource = () => Promise<readonly Metric[]>

export const metricsType = 'text/plain; version=0.0.4; charset=utf-8'

/** The page of all metrics, in their order. */
export const metricsText = (metrics: readonly Metric[]): string =>
  metrics
    .map(({ name, help, type, samples }) =>
      [
        `# HELP ${name} ${help}`,
        `# TYPE ${name} ${type}`,
        ...samples.map(({ labels, value }) => `${name}${labelText(labels)} ${value}`),
        ''
      ].join('\n')
    )
    .join('')

const labelText = (labels: Readonly<Record<string, string>>): string => {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`)
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`
}

const escaped = (value: string): string =>
  value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
