/** Starts the log sinks of the configuration, each in a loop of its own, and tells how they do. */
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { Config } from '../config.ts'
import type { Metric, MetricSource } from '../http/metrics.ts'
import { appendLines } from '../sinks/file.ts'
import { type SinkFigures, type SinkNews, type SinkStore, startLoop } from '../sinks/loop.ts'
import { sinkOf } from '../sinks/sink.ts'

export type Sinks = {
  readonly metrics: MetricSource
  /** Gives up what is under way; it is sent again after the next start. */
  readonly stop: () => Promise<void>
}

/** Refused entries lie in `dead-letter-<sink>.jsonl` of the data folder, one OCSF event a line. */
export const startSinks = (
  { sinks, dataDir }: Pick<Config, 'sinks' | 'dataDir'>,
  given: { readonly store: SinkStore; readonly now: () => number; readonly logger: Logger }
): Sinks => {
  const { store, now, logger } = given
  const loops = sinks.map((place) => sinkOf(place, now)).map((sink) =>
    startLoop({
      sink,
      store,
      now,
      bury: (line) => appendLines(join(dataDir, `dead-letter-${sink.name}.jsonl`), [line]),
      sleep,
      told: (news) => tell(logger, news)
    })
  )
  return {
    metrics: async () => metricsOf(await Promise.all(loops.map((loop) => loop.figures()))),
    stop: async () => {
      await Promise.all(loops.map((loop) => loop.stop()))
    }
  }
}

const sleep = async (milliseconds: number, signal: AbortSignal): Promise<void> => {
  await wait(milliseconds, null, { signal }).catch(() => null)
}

const tell = (logger: Logger, news: SinkNews): void => {
  const { kind, ...rest } = news
  if (kind === 'failed') logger.error({ event: 'sink_failed', ...rest })
  else logger.info({ event: 'sink_recovered', ...rest })
}

const metricsOf = (all: readonly SinkFigures[]): readonly Metric[] => {
  const of = (value: (one: SinkFigures) => number) =>
    all.map((one) => ({ labels: { sink: one.name }, value: value(one) }))
  return [
    {
      name: 'sallyport_sink_entries_total',
      help: 'Ledger entries by log sink and what became of them, since the start.',
      type: 'counter',
      samples: all.flatMap(({ name, entries }) =>
        Object.entries(entries).map(([outcome, value]) => ({
          labels: { sink: name, outcome },
          value
        }))
      )
    },
    {
      name: 'sallyport_sink_lag_entries',
      help: 'Ledger entries that a log sink has yet to take.',
      type: 'gauge',
      samples: of(({ lag }) => lag)
    },
    {
      name: 'sallyport_sink_up',
      help: 'Whether the last try of a log sink did not fail.',
      type: 'gauge',
      samples: of(({ isUp }) => (isUp ? 1 : 0))
    }
  ]
}
