/**
 * The side doors of the latest snapshot in SQL: one row, whichever replica searched for them. They
 * are our own writing, so the checks are few: text that holds no doors is a damaged file.
 */
import { instant } from '../elevation/ids.ts'
import type { SeenDoors, SideDoors } from '../ports-posture.ts'
import type { Door } from '../posture/side-doors-door.ts'
import { damaged, integer, text } from './columns.ts'
import type { Engine, Row } from './engine.ts'
import type { Dialect } from './schema.ts'

export const sideDoorTables = ({ integer: whole, text: words, table }: Dialect): string => `
create table side_door_scan (
  id ${whole} not null primary key check (id = 1),
  at ${whole} not null,
  door_count ${whole} not null,
  doors ${words} not null
)${table};
`

/** The port over any engine. */
export const sideDoorsOver = (engine: Engine): SideDoors => ({
  sideDoors: async () => {
    const read = 'select at, door_count, doors from side_door_scan'
    const [row] = await engine.read({ text: read, values: [] })
    return row === undefined ? null : seenIn(row)
  },
  keepSideDoors: async ({ at, count, doors }) => {
    const keep = `insert into side_door_scan (id, at, door_count, doors) values (1, $1, $2, $3)
      on conflict (id) do update
        set at = excluded.at, door_count = excluded.door_count, doors = excluded.doors
        where side_door_scan.at <= excluded.at`
    await engine.write({
      steps: [{ text: keep, values: [at, count, JSON.stringify(doors)], ifNone: 'skip' }]
    })
  }
})

const seenIn = (row: Row): SeenDoors => {
  return { at: instant(integer(row, 'at')), count: integer(row, 'door_count'), doors: doorsIn(row) }
}

const doorsIn = (row: Row): readonly Door[] => {
  try {
    const doors: unknown = JSON.parse(text(row, 'doors'))
    if (Array.isArray(doors) && doors.every(isDoor)) return doors
  } catch {
    throw damaged('doors')
  }
  throw damaged('doors')
}

const isDoor = (value: unknown): value is Door =>
  typeof value === 'object' &&
  value !== null &&
  'principal' in value &&
  'table' in value &&
  'hops' in value &&
  Array.isArray(value.hops)
