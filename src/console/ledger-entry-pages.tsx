/**
 * One entry of the ledger: what it says, the values behind its commitments, its bytes and its
 * proof.
 */
import type { VNode } from 'preact'
import type { OpenedRow, OpeningState } from '../broker/broker.ts'
import { instant } from '../elevation/ids.ts'
import { detailsOf, sentenceOf } from '../evidence/story.ts'
import { textOf } from '../ledger/bytes.ts'
import { type EntryBody, parseEntry } from '../ledger/envelope.ts'
import { type AuditPages, shown } from './audit-pages.ts'
import { absent } from './failure.ts'
import { sendPage } from './frame.tsx'
import { ledgerPath } from './ledger-pages.tsx'
import { forViewers } from './pages.ts'
import { Card, ElevationLink, Facts, Time } from './pieces.tsx'
import { viewerOf } from './viewer.ts'
import { audit as words } from './words-audit.ts'

const indexForm = /^(?:0|[1-9][0-9]{0,14})$/

/** Adds the page of an entry and its proof as a file. */
export const ledgerEntryPages = ({ app, broker }: AuditPages): void => {
  app.get<{ Params: { readonly index: string } }>(
    '/ledger/:index',
    forViewers,
    async (request, reply) => {
      const viewer = viewerOf(request)
      const index = indexIn(request.params.index)
      const [row] = shown(await broker.entries(viewer.caller.person, index, 1))
      if (row?.index !== index) throw absent()
      const parsed = parseEntry(row.body)
      return sendPage(reply, {
        title: words.ledger.entry(index),
        lead: parsed.ok ? `${parsed.body.actor} ${sentenceOf(parsed.body)}` : parsed.code,
        viewer,
        at: ledgerPath,
        actions: (
          <a class="button primary" href={`${ledgerPath}/${index}/proof`} download>
            {words.ledger.proof}
          </a>
        ),
        body: <Entry row={row} body={parsed.ok ? parsed.body : null} />
      })
    }
  )

  app.get<{ Params: { readonly index: string } }>(
    '/ledger/:index/proof',
    forViewers,
    async (request, reply) => {
      const index = indexIn(request.params.index)
      const file = shown(await broker.proof(viewerOf(request).caller.person, String(index)))
      if (file === null) throw absent()
      return reply
        .header('content-disposition', `attachment; filename="entry-${index}.tlog-proof"`)
        .type('text/plain; charset=utf-8')
        .send(Buffer.from(file))
    }
  )
}

const indexIn = (text: string): number => {
  if (!indexForm.test(text)) throw absent()
  return Number(text)
}

const Entry = ({
  row,
  body
}: {
  readonly row: OpenedRow
  readonly body: EntryBody | null
}): VNode => {
  const openings = Object.entries(row.openings)
  return (
    <>
      <p class="crumb row">
        <a href={ledgerPath}>{words.ledger.back}</a>
        {row.index === 0 ? null : (
          <a href={`${ledgerPath}/${row.index - 1}`}>{words.ledger.before}</a>
        )}
        <a href={`${ledgerPath}/${row.index + 1}`}>{words.ledger.after}</a>
      </p>
      <div class="cols">
        <div class="stack">
          {body === null ? null : <Said body={body} />}
          <Card title={words.ledger.values}>
            {openings.length === 0 ? <p class="quiet">{words.ledger.valuesNone}</p> : null}
            {openings.map(([name, one]) => (
              <Value key={name} name={name} one={one} />
            ))}
          </Card>
          <Card title={words.ledger.bytes}>
            <pre class="block wrap">{textOf(row.body) ?? ''}</pre>
            <p class="quiet">{words.ledger.leaf}</p>
            <pre class="block wrap">{Buffer.from(row.leaf).toString('hex')}</pre>
          </Card>
        </div>
        <div class="stack">
          <Card title={words.ledger.proof}>
            <p>{words.ledger.proofAbout}</p>
          </Card>
          {body?.elevation ? <Pack elevation={body.elevation} /> : null}
        </div>
      </div>
    </>
  )
}

const Said = ({ body }: { readonly body: EntryBody }): VNode => (
  <Card title={words.ledger.says} aside={body.type}>
    <Facts
      of={[
        [words.ledger.time, <Time at={instant(Date.parse(body.at))} />],
        [words.ledger.actor, body.actor],
        body.target === null ? null : [words.ledger.target, body.target],
        body.elevation === null
          ? null
          : [
              words.ledger.elevation,
              <ElevationLink id={body.elevation}>{body.elevation}</ElevationLink>
            ],
        ...detailsOf(body, {}).map(
          ([name, value]) => [name, <span class="said">{value}</span>] as const
        ),
        body.policy === null ? null : [words.ledger.policy, <code>{body.policy}</code>],
        [words.ledger.id, <code>{body.id}</code>]
      ]}
    />
  </Card>
)

const Value = ({ name, one }: { readonly name: string; readonly one: OpeningState }): VNode => {
  switch (one.state) {
    case 'opened':
      return (
        <div>
          <h3>{name}</h3>
          <p class="said">{one.value}</p>
          <p class="quiet small">
            {words.ledger.salt} <code>{one.salt}</code>
          </p>
        </div>
      )
    case 'erased':
      return (
        <div>
          <h3>{name}</h3>
          <p class="quiet">
            <a href={`${ledgerPath}/${one.by}`}>{words.ledger.erased(one.by)}</a>
          </p>
        </div>
      )
    case 'MISSING':
      return (
        <div class="note bad" role="alert">
          <h3>{name}</h3>
          <p>{words.ledger.missing}</p>
        </div>
      )
  }
}

const Pack = ({ elevation }: { readonly elevation: string }): VNode => (
  <Card title={words.ledger.packTitle}>
    <p>{words.ledger.packAbout}</p>
    <div class="row">
      <a class="button" href={`/console/evidence?elevation=${elevation}`} download>
        {words.ledger.packOf}
      </a>
      <a href={`/console/evidence?elevation=${elevation}&format=json`} download>
        {words.ledger.packJson}
      </a>
    </div>
  </Card>
)
