/**
 * Runs groups of changes on one connection, a group in one transaction. One writer at a time, over
 * all replicas: the first statement takes a lock that the end of the transaction gives back, and
 * each later one sees all that was committed before (READ COMMITTED takes a snapshot per
 * statement). So statements mean here what they mean on SQLite: max + 1 is free, what `exists`
 * found is still there.
 *
 * A group's statements are sent at once, as if each touched a row; where one did not, the group is
 * undone and its changes are run one by one, each in its own savepoint.
 */
import type { Query, Row, Step, Write, Written } from './engine.ts'
import type { StoreError } from './error.ts'
import type { Connection } from './postgres-connect.ts'
import { isAftermath, isConnectionLoss, isTransient, storeErrorOf } from './postgres-errors.ts'

export type Answer = Written | { readonly kind: 'failed'; readonly error: StoreError }

/** Numbers of the project's advisory locks (postgresql.org/docs/current/explicit-locking.html). */
export const locks = { space: 7_305_331, writers: 1, migrations: 2 } as const

/** Rejects with the driver's error while nothing of it was committed, else with a StoreError. */
export const answerGroup = async (
  connection: Connection,
  group: readonly Write[]
): Promise<readonly Answer[]> => {
  const together = await atOnce(connection, [begin], group)
  const answers = together.map(answerOf)
  const [first] = answers
  if (answers.every((answer) => answer?.kind === 'committed')) {
    await commit(connection)
    return answers.filter((answer) => answer !== null)
  }
  await run(connection, 'rollback')
  if (answers.length === 1 && first?.kind === 'conflict') return [first]
  return oneByOne(connection, group)
}

const begin = `begin isolation level read committed;
  select pg_advisory_xact_lock(${locks.space}, ${locks.writers})`

const oneByOne = async (
  connection: Connection,
  group: readonly Write[]
): Promise<readonly Answer[]> => {
  await run(connection, begin)
  const answers: Answer[] = []
  let savepoint = 'savepoint change'
  for (const write of group) {
    answers.push(await inSavepoint(connection, write, savepoint))
    savepoint = 'release savepoint change; savepoint change'
  }
  await commit(connection)
  return answers
}

/** Leaves the savepoint as it was set, unless the change was made. */
const inSavepoint = async (
  connection: Connection,
  write: Write,
  savepoint: string
): Promise<Answer> => {
  const [guessed] = await atOnce(connection, [savepoint], [write])
  const answer = guessed ? answerOf(guessed) : null
  if (answer?.kind === 'committed') return answer
  await run(connection, 'rollback to savepoint change')
  if (answer !== null) return answer
  try {
    const made = await stepByStep(connection, write)
    if (made.kind === 'conflict') await run(connection, 'rollback to savepoint change')
    return made
  } catch (error) {
    if (isConnectionLoss(error) || isTransient(error)) throw error
    await run(connection, 'rollback to savepoint change')
    return { kind: 'failed', error: storeErrorOf(error) }
  }
}

const stepByStep = async (connection: Connection, { steps, result }: Write): Promise<Written> => {
  const passes = async (all: readonly Step[]): Promise<boolean> => {
    for (const step of all) {
      const { count } = await ask(connection, step)
      if (count > 0 ? !(await passes(step.ifSome ?? [])) : step.ifNone === 'conflict') return false
    }
    return true
  }
  if (!(await passes(steps))) return { kind: 'conflict' }
  return { kind: 'committed', rows: result ? (await ask(connection, result)).rows : [] }
}

type Found = { readonly count: number; readonly rows: readonly Row[] }

/** What each statement of a change found, had every step touched a row; null = one failed. */
type Guessed = {
  readonly steps: readonly (readonly [Step, Found])[]
  readonly rows: readonly Row[]
} | null

/** Everything of it on its way before the first answer is back. */
const atOnce = async (
  connection: Connection,
  before: readonly string[],
  group: readonly Write[]
): Promise<readonly Guessed[]> => {
  const opened = before.map((text) => run(connection, text))
  const sent = group.map(({ steps, result }) => ({
    steps: flat(steps).map((step) => [step, ask(connection, step)] as const),
    result: result ? ask(connection, result) : null
  }))
  const asked = sent.flatMap(({ steps, result }) => [
    ...steps.map(([, found]) => found),
    ...(result ? [result] : [])
  ])
  const settled = await Promise.allSettled([...opened, ...asked])
  const failed = settled.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []))
  const [opening] = await Promise.allSettled(opened)
  const fatal = failed.find((error) => isConnectionLoss(error) || isTransient(error))
  if (fatal !== undefined || opening?.status === 'rejected') {
    if (fatal === undefined || !isConnectionLoss(fatal)) await run(connection, 'rollback')
    throw fatal ?? failed.find((error) => !isAftermath(error)) ?? failed[0]
  }
  if (failed.length > 0) return group.map(() => null)
  return Promise.all(
    sent.map(async ({ steps, result }) => ({
      steps: await Promise.all(steps.map(async ([step, found]) => [step, await found] as const)),
      rows: result ? (await result).rows : []
    }))
  )
}

const flat = (steps: readonly Step[]): readonly Step[] =>
  steps.flatMap((step) => [step, ...flat(step.ifSome ?? [])])

/** Null where only running it step by step can tell. */
const answerOf = (guessed: Guessed): Written | null => {
  if (guessed === null) return null
  for (const [{ ifNone, ifSome }, { count }] of guessed.steps) {
    if (count > 0) continue
    if (ifNone === 'conflict') return { kind: 'conflict' }
    if (ifSome !== undefined) return null
  }
  return { kind: 'committed', rows: guessed.rows }
}

const ask = async ({ client }: Connection, { text, values }: Query): Promise<Found> => {
  const { rowCount, rows } = await client.query<Row>({
    name: nameOf(text),
    text,
    values: [...values]
  })
  return { count: rowCount ?? 0, rows }
}

const names = new Map<string, string>()

/** By its name the server knows a text again, and parses and plans it once per connection. */
const nameOf = (text: string): string => {
  const name = names.get(text) ?? `s${names.size}`
  names.set(text, name)
  return name
}

/** A text without values goes by the simple protocol, which takes several statements. */
const run = async ({ client }: Connection, text: string): Promise<void> => {
  await client.query(text)
}

/** Rejects with `timeout` where nobody can tell whether it was. */
const commit = async ({ client }: Connection): Promise<void> => {
  const answered = await client.query('commit').catch((error: unknown) => {
    throw isConnectionLoss(error) ? storeErrorOf(error, 'at commit') : error
  })
  if (answered.command !== 'COMMIT') throw new Error('the transaction was undone')
}
