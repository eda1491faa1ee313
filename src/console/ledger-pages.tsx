/**
 * The ledger for auditors: entries by person, target, type and time, newest first, page by page;
 * and evidence packs to take away. Without scripts, all of it.
 */
import type { VNode } from 'preact'
import { instant } from '../elevation/ids.ts'
import { bundle } from '../evidence/bundle.ts'
import { packFile, packJson } from '../evidence/file.ts'
import type { Pack } from '../evidence/pack-types.ts'
import { sentenceOf, toneOf } from '../evidence/story.ts'
import { entryTypes, parseEntry } from '../ledger/envelope.ts'
import { nodePrimitives } from '../ledger/hash.ts'
import type { EntryPlace, FoundEntries } from '../ports-search.ts'
import { type AuditPages, shown } from './audit-pages.ts'
import { queryOf } from './form.ts'
import { sendPage } from './frame.tsx'
import { type Finding, findingIn, linkOf } from './ledger-finding.ts'
import { forViewers } from './pages.ts'
import { Card, ElevationLink, Empty, Field, Time } from './pieces.tsx'
import { viewerOf } from './viewer.ts'
import { audit as words } from './words-audit.ts'

export const ledgerPath = '/console/ledger'
const perPage = 50

/** Adds the page and the downloads. */
export const ledgerPages = ({ app, audit, read }: AuditPages): void => {
  app.get('/ledger', forViewers, async (request, reply) => {
    const viewer = viewerOf(request)
    const finding = findingIn(queryOf(request))
    const { person } = viewer.caller
    const found = shown(
      await audit.findEntries(person, finding.filter, { after: finding.after, limit: perPage })
    )
    return sendPage(reply, {
      title: words.ledger.title,
      lead: words.ledger.lead,
      viewer,
      at: ledgerPath,
      actions: (
        <a class="button primary" href={`${ledgerPath}/verify`}>
          {words.ledger.verify}
        </a>
      ),
      body: (
        <>
          <FindForm finding={finding} />
          <Card
            title={words.ledger.entries}
            isFlush
            aside={`${words.ledger.count(found.size)}${found.indexed < found.size ? ` · ${words.ledger.behind(found.indexed)}` : ''}`}
          >
            <Rows found={found} />
            <Pager finding={finding} next={found.next} />
          </Card>
          <div class="cols">
            <PackForm finding={finding} />
            <Card title={words.ledger.exportTitle}>
              <p>{words.ledger.exportAbout}</p>
              <pre class="block wrap">{exportCommands}</pre>
            </Card>
          </div>
        </>
      )
    })
  })

  const script = (): string => bundle('evidence/browser-check.js', read)
  app.get('/evidence', forViewers, async (request, reply) => {
    const { person } = viewerOf(request).caller
    const query = queryOf(request)
    const elevation = query.one('elevation')
    const { filter } = findingIn(query)
    const { from = '', to = '' } = filter
    const of = elevation === '' ? { from, to } : { elevation }
    const pack = shown(await audit.evidence(person, { ...of, wholePolicy: false }))
    const isJson = query.one('format') === 'json'
    const text = isJson ? packJson(pack) : await packFile(pack, script(), nodePrimitives)
    return reply
      .header(
        'content-disposition',
        `attachment; filename="${fileNameOf(pack)}.${isJson ? 'json' : 'html'}"`
      )
      .type(isJson ? 'application/json; charset=utf-8' : 'text/html; charset=utf-8')
      .send(text)
  })
}

const exportCommands =
  'sallyport ledger export DIR\nsallyport ledger verify DIR --key KEY --anchor CHECKPOINT --strict'

const fileNameOf = ({ about }: Pack): string =>
  'elevation' in about
    ? `sallyport-evidence-${about.elevation}`
    : `sallyport-evidence-${about.from.slice(0, 10)}-${about.to.slice(0, 10)}`

const FindForm = ({ finding }: { readonly finding: Finding }): VNode => {
  const { typed, faults } = finding
  const text = (name: 'person' | 'target' | 'from' | 'to', label: string): VNode => (
    <Field
      name={name}
      label={label}
      {...(faults[name] === undefined ? {} : { fault: faults[name] })}
    >
      {(attributes) =>
        name === 'from' || name === 'to' ? (
          <input type="date" value={typed[name]} {...attributes} />
        ) : (
          <input
            type="text"
            value={typed[name]}
            autocomplete="off"
            spellcheck={false}
            {...attributes}
          />
        )
      }
    </Field>
  )
  return (
    <section class="card">
      <form
        class="find"
        method="get"
        action={ledgerPath}
        role="search"
        aria-label={words.ledger.search}
      >
        {text('person', words.ledger.person)}
        {text('target', words.ledger.target)}
        <Field name="type" label={words.ledger.type}>
          {(attributes) => (
            <select {...attributes}>
              <option value="">{words.ledger.any}</option>
              {entryTypes.toSorted().map((type) => (
                <option key={type} value={type} selected={type === typed.type}>
                  {type}
                </option>
              ))}
            </select>
          )}
        </Field>
        {text('from', words.ledger.from)}
        {text('to', words.ledger.to)}
        <div class="row">
          <button class="primary">{words.ledger.search}</button>
          <a class="button" href={ledgerPath}>
            {words.ledger.clear}
          </a>
        </div>
      </form>
    </section>
  )
}

const Rows = ({ found }: { readonly found: FoundEntries }): VNode =>
  found.rows.length === 0 ? (
    <Empty title={words.ledger.none}>
      {found.next === null ? words.ledger.noneNext : words.ledger.lookOn}
    </Empty>
  ) : (
    <div class="scroll">
      <table class="wordy">
        <thead>
          <tr>
            <th scope="col">{words.ledger.index}</th>
            <th scope="col">{words.ledger.time}</th>
            <th scope="col">{words.ledger.actor}</th>
            <th scope="col">{words.ledger.what}</th>
            <th scope="col">{words.ledger.target}</th>
            <th scope="col">{words.ledger.elevation}</th>
          </tr>
        </thead>
        <tbody>
          {found.rows.map(({ index, body }) => {
            const parsed = parseEntry(body)
            return parsed.ok ? (
              <Row key={index} index={index} body={parsed.body} />
            ) : (
              <tr key={index}>
                <td>{index}</td>
                <td colSpan={5}>{parsed.code}</td>
              </tr>
            )
          })}
        </tbody>
      </table>
    </div>
  )

const Row = ({
  index,
  body
}: {
  readonly index: number
  readonly body: Extract<ReturnType<typeof parseEntry>, { readonly ok: true }>['body']
}): VNode => (
  <tr>
    <td class="num">
      <a href={`${ledgerPath}/${index}`}>{index}</a>
    </td>
    <td>
      <Time at={instant(Date.parse(body.at))} />
    </td>
    <td>{body.actor}</td>
    <td>
      <span class={`dot ${toneOf(body)}`} aria-hidden="true" /> {sentenceOf(body)}
      <span class="quiet small"> {body.type}</span>
    </td>
    <td class="oneline">{body.target ?? ''}</td>
    <td class="mono oneline">
      {body.elevation === null ? (
        ''
      ) : (
        <ElevationLink id={body.elevation}>{`…${body.elevation.slice(-8)}`}</ElevationLink>
      )}
    </td>
  </tr>
)

const Pager = ({
  finding,
  next
}: {
  readonly finding: Finding
  readonly next: EntryPlace | null
}): VNode | null =>
  next === null && finding.after === null ? null : (
    <nav class="pager" aria-label={words.ledger.older}>
      {next === null ? null : (
        <a class="button" rel="next" href={linkOf(finding, next)}>
          {words.ledger.older}
        </a>
      )}
      {finding.after === null ? null : <a href={linkOf(finding, null)}>{words.ledger.newest}</a>}
    </nav>
  )

const PackForm = ({ finding: { typed } }: { readonly finding: Finding }): VNode => (
  <Card title={words.ledger.packTitle}>
    <p>{words.ledger.packAbout}</p>
    <form method="get" action="/console/evidence">
      <fieldset class="pair">
        <legend>{words.ledger.packTime}</legend>
        <label>
          {words.ledger.from} <input type="date" name="from" value={typed.from} required />
        </label>
        <label>
          {words.ledger.to} <input type="date" name="to" value={typed.to} required />
        </label>
      </fieldset>
      <div class="row">
        <button>{words.ledger.packMake}</button>
        <button name="format" value="json">
          {words.ledger.packJson}
        </button>
      </div>
    </form>
  </Card>
)
