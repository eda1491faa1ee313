/**
 * Ending in SQL: which elevations are to be taken on, and which sessions of a role are to be
 * denied. A session is among them from the commit that ends it early until half an hour after its
 * window, when STS has let go of every token of it (15 minutes at least, plus 15 for clocks).
 */
import type { Elevation, Ending } from '../elevation/elevation.ts'
import type { Stored } from '../ports.ts'
import type { Endings } from '../ports-endings.ts'
import { instant, parsePersonId } from '../elevation/ids.ts'
import type { EndingStep } from '../elevation/probing.ts'
import { damaged, integer, text } from './columns.ts'
import { type DueRows, dueRows } from './due.ts'
import type { Engine, Step } from './engine.ts'

const keptMs = 1_800_000

/** Later than any token of the sessions that a cut is for, clocks apart (AWS has whole seconds). */
const cutAfterMs = 5000

/** What a commit notes of a session that is ended before its window is over. */
export const noteEnded = (elevation: Elevation): readonly Step[] => {
  if (elevation.state !== 'ending' || elevation.session === null) return []
  const { how, session, intent, endingSince, deniedAt } = elevation
  if (how === 'expired') return []
  const { assumedRoleId } = session
  const { roleArn, region, notAfter } = intent
  if (deniedAt !== undefined) {
    const proved = 'update ended_session set proved_at = $2 where assumed_role_id = $1'
    return [{ text: proved, values: [assumedRoleId, deniedAt], ifNone: 'skip' }]
  }
  return [
    {
      text: `insert into ended_session (assumed_role_id, role_arn, region, ended_at, until)
        values ($1, $2, $3, $4, $5) on conflict (assumed_role_id) do nothing`,
      values: [assumedRoleId, roleArn, region, endingSince, notAfter + keptMs],
      ifNone: 'skip'
    }
  ]
}

/** The port over any engine; `select` reads elevations as `e`. */
export const endingsOver = (engine: Engine, select: string): Endings => ({
  dueEndings: dueEndings({
    revoke: dueRows(engine, { select, condition: isAt('revoke') }),
    remove: dueRows(engine, { select, condition: isAt('remove') }),
    probe: dueRows(engine, { select, condition: isAt('probe') })
  }),
  denySet: async (roleArn, now, limit) => {
    const rows = await engine.read({
      text: `with ranked as (
          select assumed_role_id, ended_at, row_number() over (order by
            case when proved_at is null then 0 else 1 end,
            case when proved_at is null then ended_at else -ended_at end, assumed_role_id) as place
          from ended_session where role_arn = $1 and until > $2)
        select assumed_role_id, (select max(ended_at) from ranked where place > $3) as latest
        from ranked where place <= $3 order by place`,
      values: [roleArn, now, limit]
    })
    const ids = rows.map((row) => text(row, 'assumed_role_id'))
    const [first] = rows
    if (first === undefined || first['latest'] === null) return { ids, issuedBefore: null }
    const latest = Math.ceil((integer(first, 'latest') + cutAfterMs) / 1000) * 1000
    return { ids, issuedBefore: instant(latest) }
  },
  deniedRoles: async () => {
    const rows = await engine.read({
      text: `select role_arn, max(region) as region from ended_session
        group by role_arn order by role_arn`,
      values: []
    })
    return rows.map((row) => ({ roleArn: text(row, 'role_arn'), region: text(row, 'region') }))
  },
  forgetDenied: async (roleArn, now) => {
    const old = 'delete from ended_session where role_arn = $1 and until <= $2'
    await engine.write({ steps: [{ text: old, values: [roleArn, now], ifNone: 'skip' }] })
  },
  takeRole: async ({ roleArn, owner, now, until }) => {
    const taken = await engine.write({
      steps: [
        {
          text: `insert into role_turn (role_arn, owner, until) values ($1, $2, $3)
            on conflict (role_arn) do update set owner = excluded.owner, until = excluded.until
            where role_turn.until <= $4 or role_turn.owner = excluded.owner`,
          values: [roleArn, owner, until, now],
          ifNone: 'conflict'
        }
      ]
    })
    return taken.kind === 'committed'
  },
  giveRole: async (roleArn, owner) => {
    const give = 'update role_turn set until = 0 where role_arn = $1 and owner = $2'
    await engine.write({ steps: [{ text: give, values: [roleArn, owner], ifNone: 'skip' }] })
  },
  nextRequester: async (after) => {
    const [row] = await engine.read({
      text: `select requester from elevation
        where state in ('pending', 'approved', 'issuing', 'active') and requester > $1
        order by requester limit 1`,
      values: [after ?? '']
    })
    const person = row === undefined ? null : parsePersonId(text(row, 'requester'))
    if (row !== undefined && person === null) throw damaged('requester')
    return person
  }
})

/** In the words of the index `elevation_ending`. */
const isAt = (step: EndingStep): string =>
  `e.state = 'ending' and e.ending_step = '${step}'`

const dueEndings =
  (due: Readonly<Record<EndingStep, DueRows>>): Endings['dueEndings'] =>
  async (step, now, limit) => {
    const rows = await due[step](now, limit)
    return rows.map((stored) => {
      if (!isEnding(stored)) throw damaged('state')
      return stored
    })
  }

const isEnding = (stored: Stored): stored is Stored<Ending> => stored.elevation.state === 'ending'
