/**
 * Side doors: the graph of the latest search as a picture, and each door with its steps. Whoever
 * sees findings sees the doors to the same targets. Names in them were chosen by others: they are
 * text, and in the picture nothing runs.
 */
import { hash } from 'node:crypto'
import type { ComponentChildren, VNode } from 'preact'
import type { SeenDoors } from '../ports-posture.ts'
import type { Door } from '../posture/side-doors-door.ts'
import { graphOf } from '../posture/side-doors-graph.ts'
import { svgOf } from '../posture/side-doors-svg.ts'
import { type AuditPages, shown } from './audit-pages.ts'
import { queryOf } from './form.ts'
import { sendPage } from './frame.tsx'
import { forViewers } from './pages.ts'
import { Card, Empty, Facts, Time } from './pieces.tsx'
import { posturePath } from './posture-filter.ts'
import { markupBytes, plain } from './posture-list.tsx'
import { viewerOf } from './viewer.ts'
import { posture } from './words-posture.ts'

const words = posture.doors

export const sideDoorsPath = `${posturePath}/side-doors`

/** A picture of more says nothing to anybody. */
const mostDrawn = 400

/** Adds the page and its picture. */
export const sideDoorPages = ({ app, posture: verbs }: AuditPages): void => {
  app.get('/posture/side-doors', forViewers, async (request, reply) => {
    const viewer = viewerOf(request)
    const seen = shown(await verbs.sideDoors(viewer.caller.person))
    const from = queryOf(request).one('from')
    return sendPage(reply, {
      title: words.title,
      lead: words.lead,
      viewer,
      at: posturePath,
      body: (
        <>
          <p class="crumb">
            <a href={posturePath}>{words.back}</a>
          </p>
          <Body seen={seen} from={/^[0-9]{1,6}$/.test(from) ? Number(from) : 0} />
        </>
      )
    })
  })

  app.get('/posture/side-doors.svg', forViewers, async (request, reply) => {
    const seen = shown(await verbs.sideDoors(viewerOf(request).caller.person))
    const svg = svgOf(graphOf((seen?.doors ?? []).slice(0, mostDrawn)))
    return reply
      .header('content-security-policy', pictureRules(svg))
      .type('image/svg+xml; charset=utf-8')
      .send(svg)
  })
}

/** Opened alone it is a document: its own style and nothing else. */
const pictureRules = (svg: string): string => {
  const style = /<style>([^<]*)<\/style>/.exec(svg)?.[1] ?? ''
  const own = `'sha256-${hash('sha256', style, 'base64')}'`
  return `default-src 'none'; style-src ${own}; frame-ancestors 'none'; sandbox`
}

/** The card on the page of posture: how many, and the way to all of them. */
export const SideDoorCard = ({ seen }: { readonly seen: SeenDoors | null }): VNode => (
  <Card title={words.title}>
    {seen === null || seen.count === 0 ? (
      <Nothing seen={seen} />
    ) : (
      <>
        <Searched seen={seen} />
        <Doors of={seen.doors.slice(0, mostOnCard)} />
        <p>
          <a class="button" href={sideDoorsPath}>
            {words.all}
          </a>
        </p>
      </>
    )}
  </Card>
)

const mostOnCard = 4

const Body = ({
  seen,
  from
}: {
  readonly seen: SeenDoors | null
  readonly from: number
}): VNode => {
  if (seen === null || seen.count === 0) {
    return (
      <section class="card">
        <Nothing seen={seen} />
      </section>
    )
  }
  const rest = seen.doors.slice(from)
  const rows = pageOf(rest.length === 0 ? seen.doors : rest)
  const start = rest.length === 0 ? 0 : from
  const isMore = start + rows.length < seen.doors.length
  return (
    <>
      <section class="card">
        <Searched seen={seen} />
      </section>
      <Card title={words.graph} aside={<a href={`${sideDoorsPath}.svg`}>{words.graphOpen}</a>}>
        <div class="scroll" tabIndex={0} role="region" aria-label={words.graph}>
          <img class="graph" src={`${sideDoorsPath}.svg`} alt={words.graphAlt} />
        </div>
        {seen.doors.length > mostDrawn ? (
          <p class="quiet small">{words.graphCut(mostDrawn)}</p>
        ) : null}
      </Card>
      <section class="stack" aria-labelledby="doors">
        <h2 id="doors">{words.list}</h2>
        {rows.map((door) => (
          <DoorCard key={door.id} of={door} />
        ))}
        {isMore || start > 0 ? (
          <nav class="pager" aria-label={words.list}>
            {isMore ? (
              <a class="button" rel="next" href={`${sideDoorsPath}?from=${start + rows.length}`}>
                {words.more}
              </a>
            ) : null}
            {start > 0 ? <a href={sideDoorsPath}>{words.first}</a> : null}
          </nav>
        ) : null}
      </section>
    </>
  )
}

const Nothing = ({ seen }: { readonly seen: SeenDoors | null }): VNode =>
  seen === null ? (
    <Empty title={words.never}>{words.neverNext}</Empty>
  ) : (
    <Empty title={words.none}>
      {words.noneNext} <Time at={seen.at} />
    </Empty>
  )

const Searched = ({ seen: { at, count, doors } }: { readonly seen: SeenDoors }): VNode => {
  const certain = doors.filter((door) => door.certainty === 'certain').length
  return (
    <Facts
      of={[
        [words.searched, <Time at={at} />],
        [words.found, <b>{words.counts(certain, doors.length - certain)}</b>],
        count === doors.length ? null : ['', words.cut(doors.length, count)]
      ]}
    />
  )
}

const Doors = ({ of }: { readonly of: readonly Door[] }): VNode => (
  <ul class="stack-small">
    {of.map((door) => (
      <li key={door.id} class="row between">
        <span class="wrap">
          <code>{nameOf(door.principal)}</code> → <code>{plain(door.table, 200)}</code>
        </span>
        <Sure of={door} />
      </li>
    ))}
  </ul>
)

const Sure = ({ of: { certainty } }: { readonly of: Door }): VNode => (
  <span class={`state ${certainty === 'certain' ? 'bad' : 'warn'}`}>
    {words.certainties[certainty]}
  </span>
)

const DoorCard = ({ of }: { readonly of: Door }): VNode => (
  <article class="card">
    <header>
      <h3 class="wrap">
        {nameOf(of.principal)} → {plain(of.table, 200)}
      </h3>
      <Sure of={of} />
    </header>
    <Facts
      of={[
        [words.principal, <code class="wrap">{plain(of.principal, 300)}</code>],
        [words.target, <a href={`${posturePath}?target=${of.target}`}>{of.target}</a>],
        [words.way, words.kinds[of.kind]],
        [words.hops, <Hops of={of} />],
        of.unknown.length === 0
          ? null
          : [words.unknown, <Lines of={of.unknown.slice(0, mostHops)} />]
      ]}
    />
  </article>
)

const mostHops = 12

const Hops = ({ of: { hops, principal } }: { readonly of: Door }): VNode => (
  <details>
    <summary>{words.steps(hops.length)}</summary>
    <ol class="stack-small">
      {hops.slice(0, mostHops).map((hop) => (
        <li key={`${hop.principal} ${hop.action} ${hop.resource}`} class="wrap">
          <code>{plain(hop.action, 100)}</code> <code>{plain(hop.resource, 300)}</code>
          <br />
          <span class="quiet small">
            {hop.principal === principal ? '' : `${words.as} ${nameOf(hop.principal)}, `}
            {words.by} {plain(hop.by, 300)}
          </span>
        </li>
      ))}
    </ol>
  </details>
)

const Lines = ({ of }: { readonly of: readonly string[] }): ComponentChildren => (
  <ul class="stack-small">
    {of.map((line) => (
      <li key={line} class="wrap">
        {plain(line, 300)}
      </li>
    ))}
  </ul>
)

/** `role/analysts`; whole where it is no principal of IAM. */
const nameOf = (principal: string): string =>
  principal === '*'
    ? words.anybody
    : plain(principal.replace(/^arn:[a-z-]+:(?:iam|sts)::([0-9]{12}):(?!root$)/, ''), 200)

/** Bytes of markup that the doors of a page have, about: a page has 60 KB at most. */
const mostBytes = 40_000
const doorBytes = 900

/** As many as a page takes, one at least. */
const pageOf = (doors: readonly Door[]): readonly Door[] => {
  let bytes = 0
  const end = doors.findIndex((door, n) => {
    bytes += doorBytes + 3 * textBytes(door)
    return n > 0 && bytes > mostBytes
  })
  return end < 0 ? doors : doors.slice(0, end)
}

const textBytes = ({ hops, unknown }: Door): number =>
  hops
    .slice(0, mostHops)
    .map(({ action, resource, by }) => plain(action, 100) + plain(resource, 300) + plain(by, 300))
    .concat(unknown.slice(0, mostHops).map((line) => plain(line, 300)))
    .reduce((sum, text) => sum + markupBytes(text) + 40, 0)
