/** Stopping what still runs in a workgroup (Athena API: ListQueryExecutions lists newest first). */
import {
  AthenaClient,
  BatchGetQueryExecutionCommand,
  ListQueryExecutionsCommand,
  StopQueryExecutionCommand
} from '@aws-sdk/client-athena'
import type { Instant } from '../elevation/ids.ts'
import type { AwsAnswer, Queries } from '../ports.ts'
import { type AwsSettings, ask, clientSettings } from './answer.ts'
import { perRegion } from './clients.ts'

type Workgroup = { readonly region: string; readonly name: string }

/** Queries of workgroups of any region; `close` ends the connections. */
export const athenaQueries = (settings: AwsSettings): Queries & { readonly close: () => void } => {
  const clients = perRegion((region) => new AthenaClient(clientSettings(settings, region)))
  return {
    close: clients.close,
    stopSince: async (workgroup, since) => {
      const running = await runningSince(clients.in(workgroup.region), workgroup, since)
      if (!running.ok) return running
      for (const id of running.value) {
        const command = new StopQueryExecutionCommand({ QueryExecutionId: id })
        const client = clients.in(workgroup.region)
        const stopped = await ask('athena:StopQueryExecution', (options) =>
          client.send(command, options)
        )
        if (!stopped.ok) return stopped
      }
      return running
    }
  }
}

const runningSince = async (
  client: AthenaClient,
  workgroup: Workgroup,
  since: Instant
): Promise<AwsAnswer<readonly string[]>> => {
  const running: string[] = []
  let token: string | undefined
  do {
    const list = new ListQueryExecutionsCommand({
      WorkGroup: workgroup.name,
      MaxResults: 50,
      NextToken: token
    })
    const page = await ask('athena:ListQueryExecutions', (options) => client.send(list, options))
    if (!page.ok) return page
    const ids = page.value.QueryExecutionIds ?? []
    if (ids.length === 0) break
    const get = new BatchGetQueryExecutionCommand({ QueryExecutionIds: ids })
    const got = await ask('athena:BatchGetQueryExecution', (options) => client.send(get, options))
    if (!got.ok) return got
    let isOlder = false
    for (const { QueryExecutionId: id, Status: status } of got.value.QueryExecutions ?? []) {
      // Athena's times have whole seconds in some answers, so the second before counts too
      const at = status?.SubmissionDateTime?.getTime() ?? since
      if (at < since - 1000) isOlder = true
      else if (id && (status?.State === 'RUNNING' || status?.State === 'QUEUED')) running.push(id)
    }
    token = isOlder ? undefined : page.value.NextToken
  } while (token)
  return { ok: true, value: running }
}
