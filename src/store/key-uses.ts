/**
 * The use of keys in SQL: one row for each day and key, by the fullest reading of that day's log.
 * Months are summed when they are asked for. Money is kept in millionths of a dollar.
 */
import type { KeyUseDay, KeyUses } from '../ports-posture.ts'
import { integer, text } from './columns.ts'
import type { Engine, Step } from './engine.ts'
import type { Dialect } from './schema.ts'

export const keyUseTables = ({ integer: whole, text: words, table }: Dialect): string => `
create table key_use (
  day ${words} not null,
  arn ${words} not null,
  cost_center ${words} not null,
  requests ${whole} not null check (requests >= 0),
  without_bucket_key ${whole} not null check (without_bucket_key between 0 and requests),
  micro_usd ${whole} not null check (micro_usd >= 0),
  primary key (day, arn)
)${table};
`

/** so many rows in one transaction, which others' decisions wait behind */
const batch = 200

/** The port over any engine. */
export const keyUsesOver = (engine: Engine): KeyUses => ({
  keepKeyUse: async (days, since) => {
    const forget = 'delete from key_use where day < $1'
    await engine.write({ steps: [{ text: forget, values: [since], ifNone: 'skip' }] })
    for (let from = 0; from < days.length; from += batch) {
      await engine.write({ steps: days.slice(from, from + batch).map(keeping) })
    }
  },
  keyUse: async (since, limit) => {
    const rows = await engine.read({
      text: `select substr(day, 1, 7) as month, arn, cost_center, sum(requests) as requests,
          sum(without_bucket_key) as without_bucket_key, sum(micro_usd) as micro_usd
        from key_use where day >= $1 group by substr(day, 1, 7), arn, cost_center
        order by sum(requests) desc, substr(day, 1, 7), arn, cost_center limit $2`,
      values: [since, limit]
    })
    return rows.map((row) => ({
      month: text(row, 'month'),
      key: text(row, 'arn'),
      costCenter: text(row, 'cost_center'),
      requests: integer(row, 'requests'),
      withoutBucketKey: integer(row, 'without_bucket_key'),
      cost: integer(row, 'micro_usd') / 1_000_000
    }))
  }
})

const keeping = (one: KeyUseDay): Step => ({
  text: `insert into key_use (day, arn, cost_center, requests, without_bucket_key, micro_usd)
    values ($1, $2, $3, $4, $5, $6)
    on conflict (day, arn) do update set cost_center = excluded.cost_center,
      requests = excluded.requests, without_bucket_key = excluded.without_bucket_key,
      micro_usd = excluded.micro_usd
    where key_use.requests <= excluded.requests`,
  values: [
    one.day,
    one.key,
    one.costCenter,
    one.requests,
    one.withoutBucketKey,
    Math.round(one.cost * 1_000_000)
  ],
  ifNone: 'skip'
})
