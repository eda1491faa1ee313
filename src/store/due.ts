/**
 * Which due rows are whose: on a database that several processes share, each round of work takes
 * its rows for a while, so that no two processes call AWS for one elevation at the same time. It is
 * taken over when that while is up; what it decides is committed by compare-and-set, whoever does
 * it.
 */
import { randomUUID } from 'node:crypto'
import type { Instant } from '../elevation/ids.ts'
import type { Stored } from '../ports.ts'
import type { Engine, EngineClock, Query, Step, Write } from './engine.ts'
import { parseStored } from './rows.ts'

/** How long a process that died keeps others from what it had taken. */
const claimMilliseconds = 15_000

/** The rows whose instant has come, the longest due first. */
export type DueRows = (at: Instant, limit: number) => Promise<readonly Stored[]>

/**
 * This process's due rows in the state that `condition` says of `e`, in the words of an index: all
 * of them where no other process has the data. `select` reads elevations as `e`.
 */
export const dueRows = (
  engine: Engine,
  { select, condition }: { readonly select: string; readonly condition: string }
): DueRows => {
  const isDue = `e.due_at is not null and ${condition}`
  const order = 'order by e.due_at, e.id'
  const owner = ownerOf(engine.clock)
  return async (at, limit) => {
    const found: Query = {
      text: `${select} where ${isDue} and e.due_at <= $1 ${order} limit $2`,
      values: [at, limit]
    }
    const rows = await engine.read(found)
    if (owner === null || rows.length === 0) return rows.map(parseStored)
    const until = at + claimMilliseconds
    // a plan is kept for any values, and of a table that grew: these texts leave no other way than
    // the first due by the index, and then row by row
    const take: Step = {
      text: `insert into work_claim (elevation, owner, until)
        select e.id, $1, $2 from elevation e
        where ${isDue} and e.due_at <= $3
          and coalesce((select c.owner from work_claim c where c.elevation = e.id), $1) = $1
        ${order} limit ${limit}
        on conflict (elevation) do update set until = excluded.until`,
      values: [owner, until, at],
      ifNone: 'skip'
    }
    const taken: Query = {
      text: `${select} where ${isDue} and e.due_at <= $3
          and e.id = any (array(
            select elevation from work_claim where owner = $1 and until = $2))
        ${order} limit $4`,
      values: [owner, until, at, limit]
    }
    const claim: Write = { steps: [forget(at), take], result: taken }
    const written = await engine.write(claim)
    return written.kind === 'committed' ? written.rows.map(parseStored) : []
  }
}

const forget = (at: Instant): Step => ({
  text: 'delete from work_claim where until <= $1',
  values: [at],
  ifNone: 'skip'
})

const owners = new WeakMap<EngineClock, string>()

/** One name per database and process; null where the process is alone. */
const ownerOf = (shared: EngineClock | undefined): string | null => {
  if (shared === undefined) return null
  const owner = owners.get(shared) ?? randomUUID()
  owners.set(shared, owner)
  return owner
}
