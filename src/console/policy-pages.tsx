/**
 * The policy in force for auditors, security and operators: its rules in words, what it says of
 * anybody's ask, and how it changed. A search and an explanation are addresses, so nothing is sent.
 */
import type { VNode } from 'preact'
import { instant } from '../elevation/ids.ts'
import { parseEntry } from '../ledger/envelope.ts'
import type { ExplainAsk } from '../broker/explain-for.ts'
import { printRef } from '../policy/people.ts'
import type { Policy } from '../policy/policy.ts'
import type { LedgerRow } from '../ports.ts'
import { type AuditPages, shown } from './audit-pages.ts'
import { queryOf } from './form.ts'
import { sendPage } from './frame.tsx'
import { forViewers } from './pages.ts'
import { Card, Facts, Time } from './pieces.tsx'
import { Explain } from './policy-explain.tsx'
import { RuleCard, rulesPerPage } from './policy-rules.tsx'
import { viewerOf } from './viewer.ts'
import { audit } from './words-audit.ts'

const words = audit.policy
const path = '/console/policy'
const mostChanges = 10

/** Adds the page. */
export const policyPages = ({ app, audit: verbs }: AuditPages): void => {
  app.get('/policy', forViewers, async (request, reply) => {
    const viewer = viewerOf(request)
    const { person } = viewer.caller
    const query = queryOf(request)
    const policy = shown(await verbs.policyInForce(person))
    const asked = askIn(query)
    const explained = asked === null ? null : await verbs.explain(person, asked)
    // what changed is in the ledger, which only auditors read
    const changes = viewer.roles.auditor ? await changesOf(verbs, person) : null
    const only = query.one('about').trim()
    return sendPage(reply, {
      title: words.title,
      lead: words.lead,
      viewer,
      at: path,
      body: (
        <>
          <Facts of={[[words.digest, <code class="wrap">{policy.digest}</code>]]} />
          <Explain typed={asked} explained={explained} path={path} />
          <Rules policy={policy} only={only} from={Number(query.one('from')) || 0} />
          <div class="halves">
            <Duties policy={policy} />
            <Never policy={policy} />
          </div>
          {changes === null ? null : <Changes rows={changes} />}
        </>
      )
    })
  })
}

const changesOf = async (
  verbs: AuditPages['audit'],
  person: Parameters<AuditPages['audit']['findEntries']>[0]
): Promise<readonly LedgerRow[]> => {
  const page = { after: null, limit: mostChanges }
  const [changed, refused] = await Promise.all([
    verbs.findEntries(person, { type: 'policy.changed' }, page),
    verbs.findEntries(person, { type: 'policy.refused' }, page)
  ])
  return [...shown(changed).rows, ...shown(refused).rows]
    .toSorted((a, b) => b.index - a.index)
    .slice(0, mostChanges)
}

/** Null where nobody is asked about. */
const askIn = (query: ReturnType<typeof queryOf>): ExplainAsk | null => {
  const as = query.one('as').trim()
  if (as === '') return null
  const via =
    (['cli', 'slack', 'console'] as const).find((one) => one === query.one('via')) ?? 'cli'
  return {
    as,
    via,
    target: query.one('target'),
    duration: query.one('duration'),
    reason: query.one('reason'),
    ticket: query.one('ticket')
  }
}

const Rules = (parts: {
  readonly policy: Policy
  readonly only: string
  readonly from: number
}): VNode => {
  const { policy, only } = parts
  const all = policy.rules.filter(({ targets }) => only === '' || targets.some((id) => id === only))
  const from = parts.from > 0 && parts.from < all.length ? Math.floor(parts.from) : 0
  const rules = all.slice(from, from + rulesPerPage)
  const more = from + rulesPerPage < all.length
  const about = only === '' ? '' : `about=${encodeURIComponent(only)}&`
  return (
    <section class="stack" aria-labelledby="rules">
      <div class="row between">
        <h2 id="rules">{words.rules}</h2>
        <span class="quiet">
          {all.length === 0
            ? words.nobody
            : words.rulesShown(from + 1, from + rules.length, all.length)}
        </span>
      </div>
      <form method="get" action={path} class="find">
        <label>
          {words.filter} <input type="text" name="about" value={only} list="targets" />
        </label>
        <button>{audit.ledger.search}</button>
        <datalist id="targets">
          {[...policy.targets.keys()].slice(0, 100).map((id) => (
            <option key={id} value={id} />
          ))}
        </datalist>
      </form>
      {rules.map((rule) => (
        <RuleCard key={rule.id} policy={policy} rule={rule} />
      ))}
      {more || from > 0 ? (
        <nav class="row" aria-label={words.more}>
          {more ? (
            <a class="button" href={`${path}?${about}from=${from + rulesPerPage}#rules`}>
              {words.more}
            </a>
          ) : null}
          {from > 0 ? <a href={`${path}?${about}#rules`}>{words.first}</a> : null}
        </nav>
      ) : null}
    </section>
  )
}

const Duties = ({ policy: { roles } }: { readonly policy: Policy }): VNode => (
  <Card title={words.roles}>
    <Facts
      of={Object.entries(roles).map(
        ([role, refs]) => [role, refs.map(printRef).join(', ') || words.nobody] as const
      )}
    />
  </Card>
)

const Never = ({ policy: { denies } }: { readonly policy: Policy }): VNode => (
  <Card title={words.denies}>
    {denies.length === 0 ? <p class="quiet">{words.deniesNone}</p> : null}
    <Facts
      of={denies
        .slice(0, 50)
        .map(({ id, requesters, targets }) => [
          id,
          `${requesters.map(printRef).join(', ')} · ${targets?.join(', ') ?? words.whole}`
        ])}
    />
  </Card>
)

const Changes = ({ rows }: { readonly rows: readonly LedgerRow[] }): VNode => (
  <Card title={words.changes}>
    {rows.length === 0 ? <p class="quiet">{words.changesNone}</p> : null}
    <ol class="line">
      {rows.flatMap(({ index, body }) => {
        const parsed = parseEntry(body)
        if (!parsed.ok) return []
        const { at, type, data } = parsed.body
        const isChange = type === 'policy.changed'
        const digest = isChange ? data['to'] : data['kept']
        return (
          <li key={index} class={isChange ? 'good' : 'bad'}>
            <div>
              <div class="what">
                <b>{isChange ? words.changed : words.refusedEdit}</b>
                <Time at={instant(Date.parse(at))} />
              </div>
              <div class="more">
                <code class="wrap">{typeof digest === 'string' ? digest : ''}</code>
                <a href={`/console/ledger/${index}`}>{audit.ledger.entry(index)}</a>
              </div>
            </div>
          </li>
        )
      })}
    </ol>
  </Card>
)
