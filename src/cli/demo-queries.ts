/**
 * The demo's brokered part: alice asks for payments, where credentials never leave the broker, and
 * runs her queries through `sallyport query` itself. One is honest, two try for a column that the
 * guardrail denies; then what the ledger keeps of the three.
 */
import { type Answer, type FileApi, type Json, type QueryApi, objectOf, text } from './api.ts'
import { type Step, allowed, failed, refusedBy } from './demo-step.ts'
import type { ExitCode } from './exit.ts'
import { query } from './query.ts'
import { type Terminal, plain, wrap } from './terminal.ts'

export type QueryScene = {
  readonly as: Readonly<Record<'alice' | 'bob' | 'carol' | 'erin', FileApi & QueryApi>>
  readonly signal: AbortSignal
}

const ask = {
  target: 'payments-pii',
  duration: '10m',
  reason: 'Were cheques of the ring paid out twice?',
  ticket: 'CLM-20417',
  tables: ['payments.payments']
}

const literal = 'cheque'
const honest = `SELECT currency, count(*) AS payments, sum(amount) AS paid
FROM payments.payments
WHERE method = '${literal}'
GROUP BY currency
ORDER BY paid DESC
LIMIT 5`
const star = 'SELECT * FROM payments.payments LIMIT 10'
const renamed = `SELECT p.note
FROM payments.payments AS p (a, b, c, note, d, e, f, g)
LIMIT 10`

/** Plays it; ends early only if asking itself fails. */
export async function* queryStory({ as, signal }: QueryScene): AsyncGenerator<Step> {
  const { alice, bob, carol, erin } = as
  const asked = await alice.post('/v1/elevations', ask)
  const told = `alice asks for ${ask.target}, where queries run inside the broker only`
  yield allowed('brokered-ask', told, asked)
  if (!asked.ok) return
  const id = text(asked.body['id'])
  const path = `/v1/elevations/${id}`
  await bob.post(`${path}/approve`)
  const who = 'bob of privacy and carol, who owns the data, both approve'
  yield allowed('brokered-approve', who, await carol.post(`${path}/approve`))
  const run = (sql: string) => asTyped((to) => typed(alice, to, { elevation: id, sql, signal }))
  yield stepOf('brokered-query', 'alice runs a query; the broker checks its text, then runs it', {
    sql: honest,
    ...(await run(honest)),
    isFine: ({ code, out }) => code === 0 && out.some((line) => line.startsWith('EUR'))
  })
  yield stepOf('brokered-star', 'a star would read what the guardrail denies: it is not run', {
    sql: star,
    ...(await run(star)),
    isFine: ({ code, err }) => code === 1 && err.some((line) => line.includes('STAR at line 1'))
  })
  yield stepOf('brokered-renamed', 'the denied column under another name is the same column', {
    sql: renamed,
    ...(await run(renamed)),
    isFine: ({ code, err }) => code === 1 && err.some((line) => line.startsWith('COLUMN_DENIED at'))
  })
  yield refusedBy(
    'brokered-credentials',
    'alice asks for the credentials themselves',
    await alice.post(`${path}/credentials`),
    'brokered_mode'
  )
  yield allowed('brokered-end', 'alice is done and ends it', await alice.post(`${path}/end`))
  const read = await erin.get(path)
  const indexes = read.ok ? read.body['ledger'] : []
  const from = Array.isArray(indexes) ? text(indexes[0]) : ''
  yield kept(id, await erin.get(`/v1/ledger/entries?from=${from}&limit=100`))
}

type Said = {
  readonly code: ExitCode
  readonly out: readonly string[]
  readonly err: readonly string[]
}

type Typed = { readonly elevation: string; readonly sql: string; readonly signal: AbortSignal }

const typed = (api: QueryApi, to: Terminal, options: Typed): Promise<ExitCode> =>
  query(api, to, {
    ...options,
    format: 'table',
    width: 90,
    draw: null,
    write: () => Promise.reject(new Error('a table is not poured'))
  })

/** What the command prints, on stdout and stderr. */
const asTyped = async (command: (to: Terminal) => Promise<ExitCode>): Promise<Said> => {
  const out: string[] = []
  const err: string[] = []
  const to = {
    json: false,
    colour: false,
    out: (line: string) => void out.push(line),
    err: (line: string) => void err.push(line)
  }
  return { code: await command(to), out, err }
}

const stepOf = (
  step: string,
  told: string,
  {
    sql,
    code,
    out,
    err,
    isFine
  }: Said & {
    readonly sql: string
    readonly isFine: (said: Said) => boolean
  }
): Step => {
  const printed = code === 0 ? [...out, ...err] : err
  const lines = [...(code === 0 ? sql.split('\n') : []), ...printed.filter((line) => line !== '')]
  const data = { exit: code, printed }
  return { step, ok: isFine({ code, out, err }), told, lines, data }
}

/** The entries about its queries; ok where no value of a text is in any of them. */
const kept = (id: string, answer: Answer): Step => {
  const told = 'what the ledger keeps of them: hash, shape, tables and columns, but no value'
  if (!answer.ok) return failed('brokered-ledger', told, answer.problem)
  const found = answer.body['entries']
  const bodies = (Array.isArray(found) ? found : [])
    .map((row: unknown) => objectOf(objectOf(row)['body']))
    .filter(({ elevation, type }) => elevation === id && text(type).startsWith('query.'))
  const count = (type: string): number => bodies.filter((body) => body['type'] === type).length
  const isWhole = count('query.allowed') === 1 && count('query.refused') === 2
  const ok = isWhole && count('query.ended') === 1 && !JSON.stringify(bodies).includes(literal)
  const data = { entries: bodies }
  return { step: 'brokered-ledger', ok, told, lines: bodies.flatMap(entryLines), data }
}

const entryLines = ({ type, data, commitments }: Json): readonly string[] => {
  const { shape, reads, refusals, bytesScanned, state } = objectOf(data)
  const sql = text(objectOf(commitments)['sql'])
  const codes = (Array.isArray(refusals) ? refusals.map(objectOf) : []).map(
    ({ code, line, column }) => `${text(code)} at ${text(line)}:${text(column)}`
  )
  const tables = Object.entries(objectOf(reads)).map(
    ([table, columns]) => `${table} (${Array.isArray(columns) ? columns.map(text).join(', ') : ''})`
  )
  const figures = text(state) === '' ? '' : `${text(state)}, ${text(bytesScanned)} bytes scanned`
  const hash = sql === '' ? '' : `text ${sql.slice(0, 16)}…`
  const about = [codes.join(', '), hash, figures].filter((one) => one !== '')
  return [
    `${text(type).padEnd(16)}${plain(about.join('  '))}`,
    ...(text(shape) === '' ? [] : wrap(text(shape), 88).map((line) => `  ${line}`)),
    ...(tables.length === 0
      ? []
      : wrap(`reads ${tables.join('; ')}`, 88).map((line) => `  ${line}`))
  ]
}
