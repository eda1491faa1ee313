/**
 * The outermost query says how many rows it answers at most: LIMIT n, or FETCH FIRST n ROWS ONLY, n
 * a number that the guardrail allows. `LIMIT ALL`, `WITH TIES`, `?` and a subquery's LIMIT are
 * none.
 */
import type { Query } from './ast.ts'
import type { Objection, Resolution } from './resolution.ts'
import type { Restrictions } from './restrictions.ts'

export const missingLimit = (
  { query }: Resolution,
  { guardrail }: Restrictions
): readonly Objection[] => {
  const { requireLimit: most } = guardrail
  if (most === null) return []
  const rows = rowsOf(query)
  if (rows !== null && rows <= BigInt(Math.floor(most))) return []
  return [
    {
      code: 'LIMIT_REQUIRED',
      rule: 'require_limit',
      at: (query.limit ?? query).at,
      message:
        rows === null
          ? `the outermost query has to have a LIMIT of at most ${most}`
          : `the LIMIT is above ${most}`,
      hint: `end the query with LIMIT ${most}`
    }
  ]
}

/** How many rows a query answers at most, as far as it says so itself. */
const rowsOf = ({ limit, body, orderBy }: Query): bigint | null => {
  // `(SELECT … LIMIT 10)` is the same query
  if (limit === null) {
    return body.kind === 'TableSubquery' && orderBy.length === 0 ? rowsOf(body.query) : null
  }
  if (limit.kind === 'FetchFirst') {
    if (limit.withTies) return null
    return limit.count === null ? 1n : countOf(limit.count.count)
  }
  return limit.count === null ? null : countOf(limit.count.count)
}

const countOf = (text: string | null): bigint | null =>
  text !== null && /^[0-9]+$/.test(text) ? BigInt(text) : null
