/** What the guard says of a query, for the page and for a script: each fault with its place. */
import type { VNode } from 'preact'
import type { QueryVerdict, Refusal } from '../elevation/refusal.ts'
import { work } from './words-work.ts'

export type ShownVerdict = {
  readonly tone: 'good' | 'bad'
  readonly title: string
  readonly lines: readonly string[]
  /** where the first fault is, in UTF-16 units; null = nowhere in particular */
  readonly place: { readonly offset: number; readonly length: number } | null
}

export const shownVerdict = ({ decision, refusals, reads }: QueryVerdict): ShownVerdict => {
  const [first] = refusals
  return decision === 'allow'
    ? {
        tone: 'good',
        title: work.query.fine,
        lines: Object.entries(reads).map(
          ([table, columns]) => `${work.query.reads} ${table}: ${columns.join(', ')}`
        ),
        place: null
      }
    : {
        tone: 'bad',
        title: work.query.refused,
        lines: refusals.map(
          ({ message, line, column, hint }) =>
            `${work.query.at(line, column)}: ${message}${hint === undefined ? '' : `; ${hint}`}`
        ),
        place: first === undefined ? null : { offset: first.offset, length: first.length }
      }
}

/** A refusal, with its verdict where it has one. */
export const refusedVerdict = ({ message, verdict, reasons }: Refusal): ShownVerdict =>
  verdict === undefined
    ? {
        tone: 'bad',
        title: work.query.refused,
        lines: [message, ...(reasons ?? []).map((reason) => reason.message)],
        place: null
      }
    : shownVerdict(verdict)

/** The panel; a script fills it anew from the same answer. */
export const VerdictPanel = ({
  shown,
  sql
}: {
  readonly shown: ShownVerdict | null
  readonly sql: string
}): VNode => (
  <section
    class={`note ${shown?.tone ?? ''}`}
    id="verdict"
    aria-live="polite"
    hidden={shown === null}
  >
    <h2 id="verdict-title">{shown?.title ?? ''}</h2>
    <ul id="verdict-lines">
      {(shown?.lines ?? []).map((line, n) => (
        <li key={n}>{line}</li>
      ))}
    </ul>
    {shown === null || shown.place === null ? null : <Marked sql={sql} place={shown.place} />}
  </section>
)

/** The lines around the fault, with the place of it marked. */
const Marked = ({
  sql,
  place: { offset, length }
}: {
  readonly sql: string
  readonly place: NonNullable<ShownVerdict['place']>
}): VNode => {
  const start = sql.lastIndexOf('\n', offset - 1) + 1
  const end = sql.indexOf('\n', offset + length)
  return (
    <pre class="block" id="verdict-place">
      {sql.slice(start, offset)}
      <mark>{sql.slice(offset, offset + Math.max(1, length)) || ' '}</mark>
      {sql.slice(offset + Math.max(1, length), end < 0 ? sql.length : end)}
    </pre>
  )
}
