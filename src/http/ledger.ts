/** `GET /v1/ledger/entries`: the exact bytes of the ledger, for auditors; the read is an entry. */
import type { OpenedRow, OpeningState } from '../broker/broker.ts'
import { personOf } from './access.ts'
import { EntriesQuery, EntriesSchema } from './documents.ts'
import { logRoutes } from './ledger-log.ts'
import { peopleRoutes } from './people.ts'
import { type RouteParts, answer } from './route.ts'

export const ledgerRoutes = (parts: RouteParts): void => {
  const { app, broker } = parts
  logRoutes(parts)
  peopleRoutes(parts)
  app.get(
    '/v1/ledger/entries',
    {
      config: { access: 'person', verb: 'entries' },
      schema: {
        summary: 'Ledger entries from an index on, for auditors',
        querystring: EntriesQuery,
        response: { 200: EntriesSchema }
      }
    },
    async (request, reply) => {
      const { from = '0', limit = '100' } = request.query
      const page = Number(limit)
      const rows = await broker.entries(personOf(request), Number(from), page)
      return answer(reply, rows, (found) => entriesDocument(found, page))
    }
  )
}

const entriesDocument = (rows: readonly OpenedRow[], page: number) => {
  const last = rows.at(-1)
  return {
    entries: rows.map(({ index, leaf, body, openings }) => {
      const bytes = Buffer.from(body)
      const parsed: unknown = JSON.parse(bytes.toString('utf8'))
      const hex = Buffer.from(leaf).toString('hex')
      return {
        index,
        leaf: hex,
        body: parsed,
        bytes: bytes.toString('base64'),
        openings: Object.fromEntries(
          Object.entries(openings).map(([name, one]) => [name, openingDocument(one)])
        )
      }
    }),
    next: last === undefined || rows.length < page ? null : last.index + 1
  }
}

const openingDocument = (one: OpeningState) => ({
  state: one.state,
  value: one.state === 'opened' ? one.value : null,
  salt: one.state === 'opened' ? one.salt : null,
  erasedBy: one.state === 'erased' ? one.by : null
})
