/**
 * Query executions as callers see them: started (idempotent by ClientRequestToken), read, listed
 * and stopped, each with permission on the execution's workgroup. Source: Amazon Athena API
 * Reference.
 */
import { createHash, randomUUID } from 'node:crypto'
import type { Static } from 'typebox'
import { placeAsked } from './athena-input.ts'
import type { ListInput, StartInput } from './athena-input.ts'
import { startRun } from './athena-run.ts'
import type { QueryExecution } from './athena-state.ts'
import {
  authorizeWorkGroup,
  describePlace,
  findWorkGroup,
  invalidRequest,
  PRIMARY,
  resultPlace
} from './athena-workgroup.ts'
import type { Call } from './call.ts'
import type { JsonObject } from './service.ts'
import type { World } from './world.ts'

/** Needs athena:StartQueryExecution; answers the new id, or the one this token started before. */
export function startExecution(world: World, call: Call, input: Static<typeof StartInput>): string {
  const name = input.WorkGroup ?? PRIMARY
  authorizeWorkGroup(world, call, { action: 'athena:StartQueryExecution', workGroup: name })
  const workGroup = findWorkGroup(world, name)
  if (workGroup.state === 'DISABLED') throw invalidRequest(`WorkGroup ${name} is disabled.`)
  const { location, ...place } = resultPlace(workGroup, placeAsked(input))
  const id = randomUUID()
  const earlier = remember(world, call, { input, id })
  if (earlier !== null) return earlier
  const execution: QueryExecution = {
    id,
    workGroup: name,
    query: input.QueryString,
    database: input.QueryExecutionContext?.Database?.toLowerCase() ?? 'default',
    output: { ...place, location: `${location}${id}.csv` },
    submittedAt: call.now,
    stopper: new AbortController(),
    state: 'QUEUED',
    columns: [],
    scannedBytes: 0,
    engineMillis: 0,
    finished: Promise.resolve()
  }
  world.athena.executions.set(id, execution)
  startRun(world, call, execution)
  return id
}

/** The execution, if the caller holds `action` on its workgroup; else InvalidRequestException. */
export function findExecution(
  world: World,
  call: Call,
  ask: { readonly action: string; readonly id: string }
): QueryExecution {
  const execution = world.athena.executions.get(ask.id)
  if (execution === undefined) throw invalidRequest(`QueryExecution ${ask.id} was not found`)
  authorizeWorkGroup(world, call, { action: ask.action, workGroup: execution.workGroup })
  return execution
}

/** Needs athena:ListQueryExecutions; ids newest first, a page at a time. */
export function listExecutions(
  world: World,
  call: Call,
  input: Static<typeof ListInput>
): JsonObject {
  const workGroup = input.WorkGroup ?? PRIMARY
  authorizeWorkGroup(world, call, { action: 'athena:ListQueryExecutions', workGroup })
  findWorkGroup(world, workGroup)
  const ids = [...world.athena.executions.values()]
    .filter((execution) => execution.workGroup === workGroup)
    .map((execution) => execution.id)
    .toReversed()
  const from = input.NextToken === undefined ? 0 : ids.indexOf(input.NextToken)
  if (from < 0) throw invalidRequest('The NextToken is not valid.')
  const to = from + (input.MaxResults ?? 50)
  const next = ids[to]
  return {
    QueryExecutionIds: ids.slice(from, to),
    ...(next === undefined ? {} : { NextToken: next })
  }
}

/** Ids that name nothing are answered apart; one that the caller may not read refuses the call. */
export function batchExecutions(world: World, call: Call, ids: readonly string[]): JsonObject {
  const unknown = ids.filter((id) => !world.athena.executions.has(id))
  const known = ids.filter((id) => world.athena.executions.has(id))
  const action = 'athena:BatchGetQueryExecution'
  return {
    QueryExecutions: known.map((id) =>
      describeExecution(findExecution(world, call, { action, id }))
    ),
    UnprocessedQueryExecutionIds: unknown.map((id) => ({
      QueryExecutionId: id,
      ErrorCode: 'INVALID_INPUT',
      ErrorMessage: `QueryExecution ${id} was not found`
    }))
  }
}

/** As GetQueryExecution answers it. It names no caller, as in AWS. */
export function describeExecution(execution: QueryExecution): JsonObject {
  const { completedAt, reason, state } = execution
  return {
    QueryExecutionId: execution.id,
    Query: execution.query,
    StatementType: 'DML',
    WorkGroup: execution.workGroup,
    QueryExecutionContext: { Database: execution.database, Catalog: 'awsdatacatalog' },
    ResultConfiguration: describePlace(execution.output),
    ResultReuseConfiguration: {
      ResultReuseByAgeConfiguration: { Enabled: execution.reusesResults ?? false }
    },
    Status: {
      State: state,
      SubmissionDateTime: execution.submittedAt.getTime() / 1000,
      ...(completedAt === undefined ? {} : { CompletionDateTime: completedAt.getTime() / 1000 }),
      ...(reason === undefined ? {} : { StateChangeReason: reason }),
      ...(state === 'FAILED'
        ? { AthenaError: { ErrorCategory: 2, Retryable: false, ErrorMessage: reason } }
        : {})
    },
    Statistics: {
      EngineExecutionTimeInMillis: execution.engineMillis,
      DataScannedInBytes: execution.scannedBytes,
      ...(completedAt === undefined
        ? {}
        : {
            TotalExecutionTimeInMillis: completedAt.getTime() - execution.submittedAt.getTime()
          })
    },
    EngineVersion: {
      SelectedEngineVersion: 'Athena engine version 3',
      EffectiveEngineVersion: 'Athena engine version 3'
    }
  }
}

/** As GetQueryRuntimeStatistics answers it: rows only of what has ended by itself. */
export function describeRuntime({ rowCount, scannedBytes, state }: QueryExecution): JsonObject {
  const isTold = state === 'SUCCEEDED' && rowCount !== undefined
  return isTold ? { Rows: { InputBytes: scannedBytes, OutputRows: rowCount } } : {}
}

/** The id a caller's token started before, or null after remembering the new one. */
function remember(
  world: World,
  call: Call,
  ask: { readonly input: Static<typeof StartInput>; readonly id: string }
): string | null {
  const { ClientRequestToken: token, ...rest } = ask.input
  if (token === undefined) return null
  const digest = createHash('sha256').update(JSON.stringify(rest)).digest('base64url')
  const name = JSON.stringify([call.caller.arn, token])
  const earlier = world.athena.tokens.get(name)
  if (earlier === undefined) {
    world.athena.tokens.set(name, { executionId: ask.id, digest })
    return null
  }
  if (earlier.digest === digest) return earlier.executionId
  throw invalidRequest('Idempotent parameters do not match')
}
