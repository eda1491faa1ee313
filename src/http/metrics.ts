/**
 * The page of `/metrics` in Prometheus' text format 0.0.4, written by prom-client: what is counted
 * as it happens (meters.ts) and what sources tell at each scrape. Values and names only, nothing of
 * a person; every broker of a process has a registry of its own.
 */
import { Counter, Gauge, Registry } from 'prom-client'

/** As one source tells it at a scrape; a counter's values are since the start of the process. */
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

export const metricsType = Registry.PROMETHEUS_CONTENT_TYPE

/** The page: what `counted` has, then the sources in their order. One that rejects is left out. */
export const metricsPage = async (
  counted: Registry | null,
  sources: readonly MetricSource[]
): Promise<string> => {
  const told = await Promise.allSettled(sources.map((source) => source()))
  const failed = told.filter(({ status }) => status === 'rejected').length
  const metrics = told.flatMap((one) => (one.status === 'fulfilled' ? one.value : []))
  const registry = new Registry()
  for (const metric of [...metrics, sourcesFailed(failed)]) register(registry, metric)
  const all = counted === null ? [registry] : [counted, registry]
  return (await Promise.all(all.map((one) => one.metrics()))).join('')
}

const sourcesFailed = (value: number): Metric => ({
  name: 'sallyport_metric_sources_failed',
  help: 'Sources of this page that did not answer at this scrape.',
  type: 'gauge',
  samples: [{ labels: {}, value }]
})

const register = (registry: Registry, { name, help, type, samples }: Metric): void => {
  const labelNames = Object.keys(samples[0]?.labels ?? {})
  const about = { name, help, labelNames, registers: [registry] }
  if (type === 'gauge') {
    const gauge = new Gauge(about)
    for (const { labels, value } of samples) gauge.set(labels, value)
    return
  }
  const counter = new Counter(about)
  for (const { labels, value } of samples) counter.inc(labels, value)
}
