/**
 * Queries in Athena (API: StartQueryExecution, GetQueryExecution, GetQueryRuntimeStatistics,
 * StopQueryExecution, GetQueryResults). A session starts them and reads their rows; the broker
 * itself only asks how they go and stops them. Nothing of a credential or a text is in an answer's
 * error.
 */
import {
  AthenaClient,
  GetQueryExecutionCommand,
  GetQueryResultsCommand,
  GetQueryRuntimeStatisticsCommand,
  StartQueryExecutionCommand,
  StopQueryExecutionCommand
} from '@aws-sdk/client-athena'
import type { AwsAnswer, SessionCredentials } from '../ports.ts'
import type { QueryRuns, ResultPage, RunState } from '../ports-queries.ts'
import { type AwsSettings, ask, clientSettings } from './answer.ts'
import { perRegion } from './clients.ts'

const athenaCatalog = 'AwsDataCatalog'
const mostRows = 1000
const mostClients = 50

/** Athena of any region; `close` ends the connections. */
export const athenaRuns = (settings: AwsSettings): QueryRuns & { readonly close: () => void } => {
  const own = perRegion((region) => new AthenaClient(clientSettings(settings, region)))
  const sessions = sessionClients(settings)
  return {
    close: () => {
      own.close()
      sessions.close()
    },

    start: async (credentials, { region, workgroup, database, sql, token }) => {
      const action = 'athena:StartQueryExecution'
      const command = new StartQueryExecutionCommand({
        QueryString: sql,
        ClientRequestToken: token,
        WorkGroup: workgroup,
        QueryExecutionContext: { Catalog: athenaCatalog, Database: database },
        ResultReuseConfiguration: { ResultReuseByAgeConfiguration: { Enabled: false } }
      })
      const client = sessions.of(credentials, region)
      const answer = await ask(action, (options) => client.send(command, options))
      if (!answer.ok) return answer
      const id = answer.value.QueryExecutionId
      return id ? { ok: true, value: { id } } : incomplete(action)
    },

    state: async ({ region, id }) => {
      const action = 'athena:GetQueryExecution'
      const command = new GetQueryExecutionCommand({ QueryExecutionId: id })
      const answer = await ask(action, (options) => own.in(region).send(command, options))
      if (!answer.ok) return answer
      const { Status: status, Statistics: statistics } = answer.value.QueryExecution ?? {}
      const state = states.get(status?.State ?? '')
      if (state === undefined) return incomplete(action)
      const total = statistics?.TotalExecutionTimeInMillis
      const rows = state === 'succeeded' ? await outputRows(own.in(region), id) : null
      return {
        ok: true,
        value: {
          state,
          bytesScanned: statistics?.DataScannedInBytes ?? 0,
          milliseconds: total ?? statistics?.EngineExecutionTimeInMillis ?? 0,
          rows,
          failure: status?.StateChangeReason ?? null
        }
      }
    },

    stop: async ({ region, id }) => {
      const command = new StopQueryExecutionCommand({ QueryExecutionId: id })
      const answer = await ask('athena:StopQueryExecution', (options) =>
        own.in(region).send(command, options)
      )
      return answer.ok ? { ok: true, value: null } : answer
    },

    results: async (credentials, { region, id }, { cursor, limit }) => {
      const client = sessions.of(credentials, region)
      const command = new GetQueryResultsCommand({
        QueryExecutionId: id,
        // the first page has the names as a row of their own
        MaxResults: Math.min(mostRows, cursor === null ? limit + 1 : limit),
        ...(cursor === null ? {} : { NextToken: cursor })
      })
      const action = 'athena:GetQueryResults'
      const answer = await ask(action, (options) => client.send(command, options))
      if (!answer.ok) return answer
      const { ResultSet: set, NextToken: next } = answer.value
      const described = set?.ResultSetMetadata?.ColumnInfo
      if (described === undefined) return incomplete(action)
      const columns = described.map(({ Name, Type }) => ({ name: Name ?? '', type: Type ?? '' }))
      const rows = (set?.Rows ?? []).map(({ Data = [] }) =>
        columns.map((_, at) => Data[at]?.VarCharValue ?? null)
      )
      return { ok: true, value: { columns, rows: data(rows, columns, cursor), next: next ?? null } }
    }
  }
}

/** Runtime statistics come later than the end of a query, or not at all: no reason to wait. */
const outputRows = async (client: AthenaClient, id: string): Promise<number | null> => {
  const command = new GetQueryRuntimeStatisticsCommand({ QueryExecutionId: id })
  const action = 'athena:GetQueryRuntimeStatistics'
  const answer = await ask(action, (options) => client.send(command, options))
  return answer.ok ? (answer.value.QueryRuntimeStatistics?.Rows?.OutputRows ?? null) : null
}

const data = (
  rows: ResultPage['rows'],
  columns: ResultPage['columns'],
  cursor: string | null
): ResultPage['rows'] => {
  const [first] = rows
  const isNames = first?.every((value, at) => value === columns[at]?.name) === true
  return cursor === null && isNames ? rows.slice(1) : rows
}

const states: ReadonlyMap<string, RunState['state']> = new Map([
  ['QUEUED', 'queued'],
  ['RUNNING', 'running'],
  ['SUCCEEDED', 'succeeded'],
  ['FAILED', 'failed'],
  ['CANCELLED', 'cancelled']
])

const incomplete = (action: string): AwsAnswer<never> => ({
  ok: false,
  kind: 'unavailable',
  action,
  name: 'IncompleteAnswer',
  requestId: null
})

/** A client per session and region; the one made first goes first. */
const sessionClients = (settings: AwsSettings) => {
  const made = new Map<string, AthenaClient>()
  return {
    of: (credentials: SessionCredentials, region: string): AthenaClient => {
      const name = `${region} ${credentials.accessKeyId}`
      const known = made.get(name)
      if (known) return known
      const client = new AthenaClient({
        ...clientSettings(settings, region),
        credentials: {
          accessKeyId: credentials.accessKeyId,
          secretAccessKey: credentials.secretAccessKey.reveal(),
          sessionToken: credentials.sessionToken.reveal()
        }
      })
      const [oldest] = made
      if (oldest && made.size >= mostClients) {
        made.delete(oldest[0])
        oldest[1].destroy()
      }
      made.set(name, client)
      return client
    },
    close: (): void => {
      for (const client of made.values()) client.destroy()
      made.clear()
    }
  }
}
