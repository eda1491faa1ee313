/** Where each target stands: its worst open finding, how many there are, when it was looked at. */
import type { VNode } from 'preact'
import { type Severity, severities } from '../posture/finding.ts'
import { Empty, Time } from './pieces.tsx'
import { type Standing, posturePath } from './posture-filter.ts'
import { posture as words } from './words-posture.ts'

/** as many as are looked at one by one; the rest is no worse */
const mostTiles = 18

export const severityTone = (severity: Severity): string => {
  switch (severity) {
    case 'critical':
    case 'high':
      return 'bad'
    case 'medium':
      return 'warn'
    case 'low':
      return ''
  }
}

export const Board = ({ of }: { readonly of: readonly Standing[] }): VNode => (
  <section class="stack" aria-labelledby="board">
    <h2 id="board">{words.board}</h2>
    {of.length === 0 ? (
      <div class="card">
        <Empty title={words.boardNone}>{words.boardNoneNext}</Empty>
      </div>
    ) : (
      <div class="tiles">
        {of.slice(0, mostTiles).map((standing) => (
          <Tile key={standing.target} of={standing} />
        ))}
      </div>
    )}
    {of.length > mostTiles ? <p class="quiet">{words.boardMore(of.length - mostTiles)}</p> : null}
  </section>
)

const Tile = ({ of: { target, worst, counts, waived, at } }: { readonly of: Standing }): VNode => (
  <article class="card tile">
    <div class="row between">
      <h3>
        <a href={`${posturePath}?target=${encodeURIComponent(target)}`}>{target}</a>
      </h3>
      {worst === null ? (
        at === null ? null : (
          <span class="state good">{words.good}</span>
        )
      ) : (
        <span class={`state ${severityTone(worst.severity)}`}>
          {words.severities[worst.severity]}
        </span>
      )}
    </div>
    {at === null ? null : <p>{worst?.title ?? words.goodTitle}</p>}
    <p class="tags">
      {severities.map((one) =>
        counts[one] === 0 ? null : (
          <span key={one} class="tag">
            {counts[one]} {words.severities[one]}
          </span>
        )
      )}
      {waived === 0 ? null : <span class="tag">{words.waived(waived)}</span>}
    </p>
    <p class="foot quiet small">
      {at === null ? (
        words.notLooked
      ) : (
        <span>
          {words.looked} <Time at={at} />
        </span>
      )}
    </p>
  </article>
)
