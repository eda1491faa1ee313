/**
 * The form of an ask: what the rules want beside what is typed. Without scripts it is all there.
 */
import type { VNode } from 'preact'
import type { TargetOffer } from '../broker/broker.ts'
import type { Policy } from '../policy/policy.ts'
import { PreviewPanel, type ShownPreview } from './ask-preview.tsx'
import { type Demand, classedColumns } from './facts.ts'
import type { Fields } from './form.ts'
import { Card, Csrf, Empty, Field } from './pieces.tsx'
import type { Viewer } from './viewer.ts'
import { work } from './words-work.ts'
import { words } from './words.ts'

export type AskFormParts = {
  readonly viewer: Viewer
  readonly offers: readonly TargetOffer[]
  /** null = none of theirs was chosen */
  readonly chosen: TargetOffer | null
  readonly demands: readonly Demand[]
  readonly policy: Policy
  readonly typed: Fields
  readonly once: string
  readonly preview: ShownPreview | null
  /** where to sign in again, where a rule wants it */
  readonly signIn: string | null
}

export const AskForm = (parts: AskFormParts): VNode =>
  parts.chosen === null ? (
    <Choose offers={parts.offers} />
  ) : (
    <Filled {...parts} chosen={parts.chosen} />
  )

const Choose = ({ offers }: Pick<AskFormParts, 'offers'>): VNode => (
  <Card title={work.ask.choose} isFlush={offers.length > 0}>
    {offers.length === 0 ? (
      <Empty title={words.access.noOffers}>{words.access.noOffersNext}</Empty>
    ) : (
      <div class="scroll">
        <table>
          <tbody>
            {offers.map(({ target, classification, tables }) => (
              <tr key={target}>
                <td>
                  <a href={`/console/ask?target=${encodeURIComponent(target)}`}>{target}</a>
                </td>
                <td>{classification}</td>
                <td>{words.access.tables(tables.length)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    )}
  </Card>
)

const Filled = (parts: AskFormParts & { readonly chosen: TargetOffer }): VNode => {
  const { viewer, chosen, demands, typed, once, preview, signIn } = parts
  return (
    <div class="cols">
      <section class="card">
        <form
          method="post"
          action="/console/ask"
          data-preview="/console/preview"
          data-draft={`ask ${chosen.target}`}
        >
          <Csrf viewer={viewer} />
          <input type="hidden" name="once" value={once} />
          <input type="hidden" name="target" value={chosen.target} />
          <Told {...parts} faults={preview?.faults ?? {}} />
          {chosen.tables.length < 2 ? null : (
            <Tables tables={chosen.tables} chosen={typed.all('tables')} />
          )}
          <Emergency demands={demands} typed={typed} />
          <Bound typed={typed} fault={preview?.faults['sql']} />
          <div class="row">
            <button class="primary">{work.ask.submit}</button>
            <button formaction="/console/preview">{work.ask.preview}</button>
          </div>
        </form>
      </section>
      <div class="stack">
        {signIn === null ? null : (
          <section class="note warn">
            <p>{work.ask.signInFirst}</p>
            <p>
              <a href={signIn}>{work.ask.signIn}</a>
            </p>
          </section>
        )}
        <PreviewPanel shown={preview} />
        <Demands demands={demands} />
        <Columns {...parts} />
      </div>
    </div>
  )
}

const Told = ({
  demands,
  typed,
  faults
}: {
  readonly demands: readonly Demand[]
  readonly typed: Fields
  readonly faults: Readonly<Record<string, string>>
}): VNode => {
  const least = Math.min(...demands.map(({ reasonMinLength }) => reasonMinLength))
  const tickets = [...new Set(demands.flatMap(({ ticket }) => (ticket === null ? [] : [ticket])))]
  const ahead = [
    ...new Set(demands.flatMap(({ startAhead }) => (startAhead === null ? [] : [startAhead])))
  ]
  const fault = (name: string) => (faults[name] === undefined ? {} : { fault: faults[name] })
  return (
    <>
      <Field
        name="duration"
        label={work.ask.duration}
        hint={work.ask.durationHint(demands.map(({ most }) => most).join(', '))}
        {...fault('duration')}
      >
        {(attributes) => (
          <input
            type="text"
            {...attributes}
            value={typed.one('duration') || '1h'}
            autocomplete="off"
            required
            maxLength={20}
          />
        )}
      </Field>
      <Field
        name="reason"
        label={work.ask.reason}
        hint={work.ask.reasonHint(least)}
        {...fault('reason')}
      >
        {(attributes) => (
          <textarea {...attributes} required maxLength={2000} value={typed.one('reason')} />
        )}
      </Field>
      {ahead.length === 0 ? null : (
        <Field
          name="startAt"
          label={work.ask.startAt}
          hint={work.ask.startAtHint(ahead.join(', '))}
          {...fault('startAt')}
        >
          {(attributes) => (
            <input type="datetime-local" {...attributes} value={typed.one('startAt')} />
          )}
        </Field>
      )}
      {tickets.length === 0 ? null : (
        <Field
          name="ticket"
          label={work.ask.ticket}
          hint={work.ask.ticketHint(tickets.join(', '))}
          {...fault('ticket')}
        >
          {(attributes) => (
            <input
              type="text"
              {...attributes}
              value={typed.one('ticket')}
              autocomplete="off"
              maxLength={100}
            />
          )}
        </Field>
      )}
    </>
  )
}

const Tables = ({
  tables,
  chosen
}: {
  readonly tables: readonly string[]
  readonly chosen: readonly string[]
}): VNode => (
  <fieldset class="field">
    <legend>{work.ask.tables}</legend>
    <p class="hint">{work.ask.tablesHint}</p>
    <div class="checks">
      {tables.map((table) => (
        <label class="check" key={table}>
          <input type="checkbox" name="tables" value={table} checked={chosen.includes(table)} />
          <span class="mono">{table}</span>
        </label>
      ))}
    </div>
  </fieldset>
)

const Emergency = ({ demands, typed }: Pick<AskFormParts, 'demands' | 'typed'>): VNode | null =>
  demands.some(({ approval }) => approval === 'breakGlass') ? (
    <label class="check note warn">
      <span class="row">
        <input
          type="checkbox"
          name="breakGlass"
          value="yes"
          checked={typed.one('breakGlass') === 'yes'}
        />
        <span>{work.ask.breakGlass}</span>
      </span>
    </label>
  ) : null

const Bound = ({
  typed,
  fault
}: {
  readonly typed: Fields
  readonly fault: string | undefined
}): VNode => (
  <details class="field" open={typed.one('sql') !== ''}>
    <summary>{work.ask.sql}</summary>
    <Field
      name="sql"
      label={work.ask.sqlLabel}
      hint={work.ask.sqlHint}
      {...(fault === undefined ? {} : { fault })}
    >
      {(attributes) => (
        <textarea {...attributes} class="sql" spellcheck={false} value={typed.one('sql')} />
      )}
    </Field>
  </details>
)

const Demands = ({ demands }: Pick<AskFormParts, 'demands'>): VNode => (
  <Card title={work.ask.demands}>
    {demands.map(({ rule, most, mode, lines }) => (
      <div key={rule}>
        <h3>
          <code>{rule}</code>
        </h3>
        <p class="quiet">{work.ask.demandUpTo(most, work.modes[mode])}</p>
        <ul class="dots quiet">
          {lines.map((line) => (
            <li key={line}>{line}</li>
          ))}
        </ul>
      </div>
    ))}
  </Card>
)

const Columns = ({ chosen, policy }: AskFormParts & { readonly chosen: TargetOffer }): VNode => (
  <Card title={work.ask.columnsOf}>
    {chosen.tables.map((table) => {
      const columns = classedColumns(policy, chosen.target, table)
      return (
        <div key={table}>
          <h3>
            <code>{table}</code>
          </h3>
          {columns.length === 0 ? (
            <p class="quiet">{work.elevation.noClasses}</p>
          ) : (
            <p class="tags">
              {columns.map(({ name, class: kind }) => (
                <span key={name} class={`tag ${kind ?? ''}`}>
                  {name} · {kind}
                </span>
              ))}
            </p>
          )}
        </div>
      )
    })}
  </Card>
)
