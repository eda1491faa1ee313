/**
 * One query from QUEUED to its end, in the background, with the caller's forwarded permissions:
 * tables from Glue, objects from S3, rows in the engine, the result file back to S3. A refusal at
 * any hop makes the query FAILED with AWS's message; a stop between or within steps leaves it
 * CANCELLED.
 */
import { writeCsv } from './athena-csv.ts'
import { QueryFailure } from './athena-failure.ts'
import {
  fetchTable,
  listLocation,
  lookAtDefaultDatabase,
  lookAtResultBucket,
  parseLocation,
  readObject,
  writeResult
} from './athena-hops.ts'
import type { QueryExecution } from './athena-state.ts'
import type { Call } from './call.ts'
import type { Engine } from './duckdb.ts'
import type { TableName } from './duckdb-reads.ts'
import { AwsFault } from './fault.ts'
import type { GlueTable } from './glue-state.ts'
import type { World } from './world.ts'

/** Starts the execution; it ends on its own and `execution.finished` settles with it. */
export function startRun(world: World, call: Call, execution: QueryExecution): void {
  execution.finished = runQuery({ world, call, execution }).catch((error: unknown) => {
    finish(world, execution, 'FAILED', reasonOf(error))
  })
}

/** Makes a query CANCELLED at once, whatever it does; one that has ended stays as it is. */
export function stopRun(world: World, execution: QueryExecution): void {
  finish(world, execution, 'CANCELLED', 'Query cancelled by user')
  execution.stopper.abort()
}

/** Stops what runs or waits and settles when nothing is in flight. */
export async function stopAllQueries(world: World): Promise<void> {
  const executions = [...world.athena.executions.values()]
  for (const execution of executions) stopRun(world, execution)
  await Promise.all(executions.map((execution) => execution.finished))
}

type Run = {
  readonly world: World
  readonly call: Call
  readonly execution: QueryExecution
}

async function runQuery(run: Run): Promise<void> {
  const { world, call, execution } = run
  const { signal } = execution.stopper
  const giveBack = await world.athena.slots.take(signal)
  if (giveBack === null) return
  try {
    execution.state = 'RUNNING'
    await writing(execution, () => lookAtResultBucket(world, call, execution.output))
    const csv = await compute(run)
    if (signal.aborted) return
    await writing(execution, () => writeResult(world, call, { output: execution.output, csv }))
    finish(world, execution, 'SUCCEEDED')
  } finally {
    giveBack()
  }
}

/** The result file's text; the engine lives only here. */
async function compute(run: Run): Promise<string> {
  const { world, execution } = run
  const { signal } = execution.stopper
  const engine = await world.athena.openEngine(execution.database)
  const stop = (): void => engine.stop()
  signal.addEventListener('abort', stop, { once: true })
  try {
    await loadTables(run, engine)
    signal.throwIfAborted()
    const startedAt = performance.now()
    const { columns, rows } = await engine.run(execution.query)
    execution.engineMillis = Math.ceil(performance.now() - startedAt)
    execution.columns = columns
    execution.rowCount = rows.length
    return writeCsv([columns.map(({ name }) => name), ...rows])
  } finally {
    signal.removeEventListener('abort', stop)
    engine.close()
  }
}

async function loadTables(run: Run, engine: Engine): Promise<void> {
  const { world, call, execution } = run
  const names = await engine.tablesOf(execution.query)
  await reading('database default', () => lookAtDefaultDatabase(world, call)).catch(allowAbsent)
  for (const name of names) {
    execution.stopper.signal.throwIfAborted()
    const table = await reading(`table ${name.database}.${name.table}`, () =>
      fetchTable(world, call, name)
    ).catch((error: unknown) => sayTableAbsent(error, name))
    if (table.type === 'VIRTUAL_VIEW') {
      throw new QueryFailure('NOT_SUPPORTED: The sandbox does not run views')
    }
    const lines = await readTable(run, table)
    await engine.load(name, table.columns, lines)
  }
}

async function readTable(run: Run, table: GlueTable): Promise<string> {
  const { world, call, execution } = run
  const { bucket } = parseLocation(table.location)
  const cutoff = world.athena.workGroups.get(execution.workGroup)?.bytesScannedCutoff
  const bodies: string[] = []
  let token: string | undefined
  do {
    const from = token === undefined ? {} : { continuationToken: token }
    const listing = await reading(table.location, () =>
      listLocation(world, call, { location: table.location, ...from })
    )
    for (const { key, object } of listing.entries) {
      execution.stopper.signal.throwIfAborted()
      execution.scannedBytes += object.size
      if (cutoff !== undefined && execution.scannedBytes > cutoff) {
        finish(world, execution, 'CANCELLED', 'Query cancelled! : Bytes scanned limit was exceeded')
        throw new QueryFailure('Bytes scanned limit was exceeded')
      }
      const body = await reading(`s3://${bucket}/${key}`, () =>
        readObject(world, call, { bucket, key })
      )
      bodies.push(body)
    }
    token = listing.nextToken
  } while (token !== undefined)
  return bodies.join('\n')
}

async function reading<T>(what: string, work: () => Promise<T>): Promise<T> {
  return denied(`Access denied when reading ${what}`, work)
}

async function writing<T>(execution: QueryExecution, work: () => Promise<T>): Promise<T> {
  return denied(`Access denied when writing output to url: ${execution.output.location}`, work)
}

async function denied<T>(opening: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    if (!(cause instanceof AwsFault) || cause.code !== 'AccessDenied') throw cause
    throw new QueryFailure(`${opening}: ${cause.message}`, { cause })
  }
}

function allowAbsent(error: unknown): void {
  if (!(error instanceof AwsFault) || error.code !== 'EntityNotFoundException') throw error
}

function sayTableAbsent(error: unknown, name: TableName): never {
  if (!(error instanceof AwsFault) || error.code !== 'EntityNotFoundException') throw error
  throw new QueryFailure(
    `TABLE_NOT_FOUND: Table 'awsdatacatalog.${name.database}.${name.table}' does not exist`,
    { cause: error }
  )
}

function reasonOf(error: unknown): string {
  if (error instanceof QueryFailure) return error.message
  if (error instanceof AwsFault) return `${error.code}: ${error.message}`
  return `GENERIC_INTERNAL_ERROR: ${error instanceof Error ? error.message : 'unknown'}`
}

/** The first end counts: a stopped query that then fails stays CANCELLED. */
function finish(
  world: World,
  execution: QueryExecution,
  state: 'SUCCEEDED' | 'FAILED' | 'CANCELLED',
  reason?: string
): void {
  if (execution.completedAt !== undefined) return
  execution.state = state
  execution.completedAt = world.clock.now()
  if (reason !== undefined) execution.reason = reason
}
