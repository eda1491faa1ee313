/**
 * `GET …/queries/{qid}/results`: a page as JSON, or with `Accept: application/x-ndjson` or
 * `text/csv` all rows as they come. Each page is asked of the broker anew, so that a stream ends
 * with its elevation. A stream that is not whole breaks off and never ends as if it were.
 */
import { Readable } from 'node:stream'
import type { QueryPage } from '../broker/query-verbs.ts'
import type { PersonId } from '../elevation/ids.ts'
import type { Result } from '../elevation/refusal.ts'
import { personOf } from './access.ts'
import { refusalProblem, sendProblem } from './problem.ts'
import { PageSchema, QueryParams, ResultsQuery, mostRows } from './query-documents.ts'
import { type RowLines, csvLines, jsonLines } from './row-lines.ts'
import type { RouteParts } from './route.ts'

export const resultRoutes = ({ app, broker }: RouteParts): void => {
  const of =
    ({ id, qid }: { readonly id: string; readonly qid: string }, person: PersonId): Pages =>
    (limit, cursor) => {
      const at = { query: qid, limit, ...(cursor === null ? {} : { cursor }) }
      return broker.queryResults(person, id, at)
    }

  app.get(
    '/v1/elevations/:id/queries/:qid/results',
    {
      config: { access: 'person', verb: 'queryResults' },
      schema: {
        summary: 'A page of its rows, or all of them as JSON lines or CSV',
        params: QueryParams,
        querystring: ResultsQuery,
        response: { 200: { description: 'rows', content: contents } }
      }
    },
    async (request, reply) => {
      const { cursor = null, limit = String(mostRows) } = request.query
      const pages = of(request.params, personOf(request))
      const first = await pages(Number(limit), cursor)
      if (!first.ok) return sendProblem(reply, refusalProblem(first.refusal))
      const lines = wanted(request.headers.accept)
      if (lines === null) return reply.send(first.value)
      return reply.type(lines.type).send(Readable.from(streamed(first.value, pages, lines)))
    }
  )
}

const contents = {
  'application/json': { schema: PageSchema },
  [jsonLines.type]: { schema: {} },
  [csvLines.type]: { schema: {} }
}

type Pages = (limit: number, cursor: string | null) => Promise<Result<QueryPage>>

/** Asked for by exactly this name among those the caller accepts; anything else is a JSON page. */
const wanted = (accept = ''): RowLines | null => {
  const types = accept.split(',').map((one) => one.split(';', 1)[0]?.trim().toLowerCase())
  return [jsonLines, csvLines].find(({ name }) => types.includes(name)) ?? null
}

/** A page is asked for only when the one before has been taken. */
async function* streamed(
  first: QueryPage,
  pages: Pages,
  { head, row }: RowLines
): AsyncGenerator<string> {
  const { columns } = first
  yield head(columns)
  for (let page = first; ;) {
    if (page.rows.length > 0) yield page.rows.map((values) => row(columns, values)).join('')
    if (page.isCut) throw brokenOff('there are more rows than are handed out')
    if (page.next === null) return
    const next = await pages(mostRows, page.next)
    if (!next.ok) throw brokenOff(next.refusal.code)
    page = next.value
  }
}

/** Thrown, it ends the connection before the end of the body. */
const brokenOff = (why: string): Error => new Error(`the rows broke off: ${why}`)
