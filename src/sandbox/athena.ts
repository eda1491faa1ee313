/**
 * Athena on the wire: GetWorkGroup, ListWorkGroups, UpdateWorkGroup, ListTagsForResource,
 * TagResource, StartQueryExecution, StopQueryExecution, GetQueryExecution, BatchGetQueryExecution,
 * GetQueryRuntimeStatistics, ListQueryExecutions, GetQueryResults. Other operations are authorised,
 * iam:PassRole of a role they name included, and then refused as not spoken. The event log never
 * holds a query's text. Athena API Reference.
 */
import type { Static, TSchema } from 'typebox'
import {
  batchExecutions,
  describeExecution,
  describeRuntime,
  findExecution,
  listExecutions,
  startExecution
} from './athena-executions.ts'
import {
  BatchInput,
  ExecutionInput,
  ListInput,
  parseAthena,
  ResultsInput,
  StartInput,
  UnspokenInput,
  WorkGroupInput
} from './athena-input.ts'
import { queryResults } from './athena-results.ts'
import { stopRun } from './athena-run.ts'
import {
  listTags,
  ListTagsInput,
  listWorkGroups,
  ListWorkGroupsInput,
  TagInput,
  tagWorkGroup,
  UpdateInput,
  updateWorkGroup
} from './athena-settings.ts'
import {
  authorizeWorkGroup,
  describeWorkGroup,
  findWorkGroup,
  PRIMARY
} from './athena-workgroup.ts'
import { authorize } from './authorize.ts'
import type { Call } from './call.ts'
import type { Trail } from './events.ts'
import { AwsFault } from './fault.ts'
import type { JsonObject, JsonService, Operation } from './service.ts'
import type { World } from './world.ts'

export const athenaService: JsonService = {
  protocol: 'json',
  name: 'athena',
  jsonVersion: '1.1',
  targetPrefix: 'AmazonAthena',
  operations: {
    GetWorkGroup: operation(WorkGroupInput, (world, call, input) => {
      const workGroup = input.WorkGroup
      authorizeWorkGroup(world, call, { action: 'athena:GetWorkGroup', workGroup })
      return { WorkGroup: describeWorkGroup(findWorkGroup(world, workGroup)) }
    }),
    StartQueryExecution: writing(StartInput, (world, call, input) => ({
      QueryExecutionId: startExecution(world, call, input)
    })),
    StopQueryExecution: writing(ExecutionInput, (world, call, input) => {
      const ask = { action: 'athena:StopQueryExecution', id: input.QueryExecutionId }
      stopRun(world, findExecution(world, call, ask))
      return {}
    }),
    GetQueryExecution: operation(ExecutionInput, (world, call, input) => {
      const ask = { action: 'athena:GetQueryExecution', id: input.QueryExecutionId }
      return { QueryExecution: describeExecution(findExecution(world, call, ask)) }
    }),
    GetQueryRuntimeStatistics: operation(ExecutionInput, (world, call, input) => {
      const ask = { action: 'athena:GetQueryRuntimeStatistics', id: input.QueryExecutionId }
      return { QueryRuntimeStatistics: describeRuntime(findExecution(world, call, ask)) }
    }),
    BatchGetQueryExecution: operation(BatchInput, (world, call, input) =>
      batchExecutions(world, call, input.QueryExecutionIds)
    ),
    ListQueryExecutions: operation(ListInput, listExecutions),
    GetQueryResults: operation(ResultsInput, queryResults),
    ListWorkGroups: operation(ListWorkGroupsInput, listWorkGroups),
    ListTagsForResource: operation(ListTagsInput, listTags),
    TagResource: writing(TagInput, tagWorkGroup),
    UpdateWorkGroup: updating(),
    ...unspokenOperations()
  }
}

type Answer<S extends TSchema> = (
  world: World,
  call: Call,
  input: Static<S>
) => JsonObject | Promise<JsonObject>

function operation<S extends TSchema>(schema: S, answer: Answer<S>): Operation {
  return {
    readOnly: true,
    run: (world, call, input) => answer(world, call, parseAthena(schema, input)),
    trail
  }
}

function writing<S extends TSchema>(schema: S, answer: Answer<S>): Operation {
  return { ...operation(schema, answer), readOnly: false }
}

function unspokenOperations(): Readonly<Record<string, Operation>> {
  const onWorkGroup = [
    'CreateWorkGroup',
    'DeleteWorkGroup',
    'CreateNamedQuery',
    'ListNamedQueries',
    'CreatePreparedStatement',
    'GetPreparedStatement',
    'ListPreparedStatements',
    'GetQueryResultsStream',
    'StartSession'
  ]
  const onNothing = ['ListDataCatalogs', 'ListEngineVersions']
  return Object.fromEntries([
    ...onWorkGroup.map((action) => [action, unspoken(action, workGroupNamed)] as const),
    ...onNothing.map((action) => [action, unspoken(action, () => null)] as const)
  ])
}

/** With a role it is authorised, the passing of it included, and then refused as not spoken. */
function updating(): Operation {
  const spoken = writing(UpdateInput, updateWorkGroup)
  const withRole = unspoken('UpdateWorkGroup', workGroupNamed)
  return {
    ...spoken,
    run: (world, call, input) => {
      const asked = parseAthena(UnspokenInput, input)
      const isWithRole = asked.ConfigurationUpdates?.ExecutionRole !== undefined
      return (isWithRole ? withRole : spoken).run(world, call, input)
    }
  }
}

type Named = (world: World, input: Static<typeof UnspokenInput>) => string | null

function unspoken(action: string, named: Named): Operation {
  return {
    readOnly: action.startsWith('Get') || action.startsWith('List'),
    run: (world, call, input) => {
      const asked = parseAthena(UnspokenInput, input)
      const workGroup = named(world, asked)
      if (workGroup === null) authorize(world, call, { action: `athena:${action}`, resource: '*' })
      else authorizeWorkGroup(world, call, { action: `athena:${action}`, workGroup })
      authorizeRoles(world, call, asked)
      throw new AwsFault(
        'UnknownOperationException',
        400,
        `The sandbox does not speak athena:${action}.`
      )
    },
    trail
  }
}

/** A role that a workgroup shall run with is passed to Athena. */
function authorizeRoles(world: World, call: Call, asked: Static<typeof UnspokenInput>): void {
  const context = { 'iam:PassedToService': 'athena.amazonaws.com' }
  for (const configuration of [asked.Configuration, asked.ConfigurationUpdates]) {
    const resource = configuration?.ExecutionRole
    if (resource !== undefined) {
      authorize(world, call, { action: 'iam:PassRole', resource, context })
    }
  }
}

function workGroupNamed(world: World, input: Static<typeof UnspokenInput>): string {
  const { QueryExecutionId: id, WorkGroup: workGroup, Name: name } = input
  const execution = id === undefined ? undefined : world.athena.executions.get(id)
  return execution?.workGroup ?? workGroup ?? name ?? PRIMARY
}

function trail(_world: World, input: JsonObject, output: JsonObject | undefined): Trail {
  const shown = [
    ['workGroup', input.WorkGroup],
    ['queryExecutionId', input.QueryExecutionId],
    ['queryExecutionIds', input.QueryExecutionIds]
  ].filter(([, value]) => value !== undefined)
  const started = output?.QueryExecutionId
  return {
    requestParameters: Object.fromEntries(shown),
    ...(started === undefined ? {} : { responseElements: { queryExecutionId: started } })
  }
}
