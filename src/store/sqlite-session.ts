/**
 * Runs groups of requests on one SQLite connection. A group's changes share one transaction, each
 * in its own savepoint, so that a conflict or failure of one leaves the others alone; reads run
 * after the commit and so never see what is not durable.
 */
import type { DatabaseSyncInstance, StatementSyncInstance } from '@photostructure/sqlite'
import type { Query, Row, Step, Write } from './engine.ts'
import type { Answer, Request } from './sqlite.ts'
import { failure } from './sqlite-database.ts'

/** The function that answers a group, in its order; it never throws. */
export const groupsOn = (
  db: DatabaseSyncInstance
): ((group: readonly Request[]) => readonly Answer[]) => {
  const prepared = new Map<string, StatementSyncInstance>()

  const statement = (text: string): StatementSyncInstance => {
    const known = prepared.get(text) ?? db.prepare(numbered(text))
    prepared.set(text, known)
    return known
  }

  const run = (text: string): void => {
    statement(text).run()
  }

  const undo = (): void => {
    run('rollback to change')
    run('release change')
  }

  /** False at the first statement that had to touch a row and did not. */
  const runSteps = (steps: readonly Step[]): boolean =>
    steps.every(({ text, values, ifNone, ifSome }) => {
      const { changes } = statement(text).run(...values)
      return changes === 0 ? ifNone === 'skip' : runSteps(ifSome ?? [])
    })

  const find = ({ text, values }: Query): readonly Row[] => statement(text).all(...values)

  const change = ({ steps, result }: Write): Answer => {
    run('savepoint change')
    try {
      if (!runSteps(steps)) {
        undo()
        return { kind: 'conflict' }
      }
      const rows = result ? find(result) : []
      run('release change')
      return { kind: 'committed', rows }
    } catch (error) {
      // A full disk or an I/O error may have undone the whole transaction by itself.
      if (!db.isTransaction) throw error
      undo()
      return failure(error)
    }
  }

  const read = (query: Query): Answer => {
    try {
      return { kind: 'found', rows: find(query) }
    } catch (error) {
      return failure(error)
    }
  }

  /** Runs the changes of the group; a read's place is held for later. */
  const inTransaction = (group: readonly Request[]): readonly Answer[] => {
    try {
      run('begin immediate')
      const answers = group.map((request) =>
        request.kind === 'write' ? change(request.write) : unread
      )
      run('commit')
      return answers
    } catch (error) {
      if (db.isTransaction) run('rollback')
      return group.map(() => failure(error))
    }
  }

  return (group) =>
    inTransaction(group).map((answer, at) => {
      const request = group[at]
      return request?.kind === 'read' ? read(request.query) : answer
    })
}

const unread: Answer = { kind: 'found', rows: [] }

/**
 * `$1` has a name in SQLite, `?1` a place, which is quicker to bind (sqlite.org/lang_expr.html).
 */
const numbered = (text: string): string => text.replaceAll(/\$(\d+)/g, '?$1')
