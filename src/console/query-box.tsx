/** The box a query is typed into, and what it may read. */
import type { VNode } from 'preact'
import type { Elevation } from '../elevation/elevation.ts'
import { elevationPath } from './paths.ts'
import { Card, Csrf, Empty, Field } from './pieces.tsx'
import { type ShownVerdict, VerdictPanel } from './query-verdict.tsx'
import type { Viewer } from './viewer.ts'
import { work } from './words-work.ts'

export const QueryBox = (parts: {
  readonly viewer: Viewer
  readonly elevation: Elevation
  readonly sql: string
  readonly once: string
  readonly verdict: ShownVerdict | null
}): VNode => {
  const { viewer, elevation, sql, once, verdict } = parts
  const { id, state, ask, terms } = elevation
  if (state !== 'active' && state !== 'approved') {
    return (
      <section class="card">
        <Empty title={work.query.over}>
          <a href={elevationPath(id)}>{work.acts.again}</a>
        </Empty>
      </section>
    )
  }
  return (
    <>
      <section class="card">
        <form
          method="post"
          action={elevationPath(id, '/query')}
          data-check={elevationPath(id, '/check')}
          data-draft={`query ${id}`}
        >
          <Csrf viewer={viewer} />
          <input type="hidden" name="once" value={once} />
          <Field name="sql" label={work.query.label} isWide>
            {(attributes) => (
              <textarea
                {...attributes}
                class="sql"
                required
                spellcheck={false}
                autocomplete="off"
                value={sql}
              />
            )}
          </Field>
          <VerdictPanel shown={verdict} sql={sql} />
          <div class="row">
            <button class="primary">{work.query.run}</button>
            <button formaction={elevationPath(id, '/check')}>{work.query.check}</button>
            <a class="button" href={elevationPath(id)}>
              {work.query.toElevation}
            </a>
          </div>
        </form>
      </section>
      <Card title={work.elevation.tables} aside={terms.guardrail}>
        <p class="tags">
          {ask.tables.map((table) => (
            <span key={table} class="tag">
              {table}
            </span>
          ))}
        </p>
        {ask.query === undefined ? null : <pre class="block">{ask.query.shape}</pre>}
      </Card>
    </>
  )
}
