/**
 * The ports to Athena and Glue, loaded with the first call: their two clients take a tenth of the
 * memory of a broker that nobody asks anything.
 */
import type { Probes } from '../ports-endings.ts'
import type { QueryRuns } from '../ports-queries.ts'
import type { Catalogs, Queries } from '../ports.ts'
import type { AwsSettings } from './answer.ts'

type Ports = {
  readonly queries: Queries
  readonly catalogs: Catalogs
  readonly runs: QueryRuns
  readonly probes: Probes
}

type Loaded = Ports & { readonly close: () => void }

/** The same ports; `close` ends what was loaded by then. */
export const onFirstUse = (settings: AwsSettings): Loaded => {
  let loading: Promise<Loaded> | null = null
  let isClosed = false
  const ports = (): Promise<Loaded> => {
    loading ??= load(settings).then((loaded) => {
      if (isClosed) loaded.close()
      return loaded
    })
    return loading
  }
  return {
    queries: { stopSince: async (...of) => (await ports()).queries.stopSince(...of) },
    catalogs: { tables: async (...of) => (await ports()).catalogs.tables(...of) },
    runs: {
      start: async (...of) => (await ports()).runs.start(...of),
      state: async (...of) => (await ports()).runs.state(...of),
      stop: async (...of) => (await ports()).runs.stop(...of),
      results: async (...of) => (await ports()).runs.results(...of)
    },
    probes: { isRefused: async (...of) => (await ports()).probes.isRefused(...of) },
    close: () => {
      isClosed = true
      void loading?.then(({ close }) => close())
    }
  }
}

const load = async (settings: AwsSettings): Promise<Loaded> => {
  const [{ athenaQueries }, { glueCatalogs }, { athenaRuns }, { sessionProbes }] =
    await Promise.all([
      import('./queries.ts'),
      import('./catalog.ts'),
      import('./query-runs.ts'),
      import('./probe.ts')
    ])
  const queries = athenaQueries(settings)
  const catalogs = glueCatalogs(settings)
  const runs = athenaRuns(settings)
  return {
    queries,
    catalogs,
    runs,
    probes: sessionProbes(settings),
    close: () => {
      for (const port of [queries, catalogs, runs]) port.close()
    }
  }
}
