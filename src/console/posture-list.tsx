/**
 * Findings as cards, page by page: what it is on, what shows it, why, and the command that mends
 * it. Names in them were chosen by others: they are text, and what is not seen of them is shown. A
 * command is whole or not there, for half of one could do harm.
 */
import type { VNode } from 'preact'
import { instant } from '../elevation/ids.ts'
import type { KeptFinding } from '../ports-posture.ts'
import type { Finding } from '../posture/finding.ts'
import { Facts, Time, ageText } from './pieces.tsx'
import { severityTone } from './posture-board.tsx'
import { keyOf, posturePath } from './posture-filter.ts'
import { posture as words } from './words-posture.ts'

export type FindingPage = {
  readonly rows: readonly KeptFinding[]
  /** `keyOf` the first one of the page after; null = there is none */
  readonly next: string | null
}

/** Bytes of markup that the cards of a page have, about: a page has 60 KB at most. */
const mostBytes = 28_000
const mostCommandBytes = 8_000
const cardBytes = 1_500
const mostTargets = 8

/** As many as a page takes, from this one on, or from the first where it has gone. */
export const findingPage = (found: readonly KeptFinding[], from: string | null): FindingPage => {
  const start = Math.max(
    0,
    found.findIndex((kept) => keyOf(kept) === from)
  )
  let bytes = 0
  const rest = found.slice(start)
  const stop = rest.findIndex(({ finding }, n) => {
    bytes += bytesOf(finding)
    return n > 0 && bytes > mostBytes
  })
  return stop < 0
    ? { rows: rest, next: null }
    : { rows: rest.slice(0, stop), next: rest.slice(stop, stop + 1).map(keyOf)[0] ?? null }
}

export const FindingList = ({ rows }: { readonly rows: readonly KeptFinding[] }): VNode => (
  <>
    {rows.map((kept) => (
      <FindingCard key={keyOf(kept)} kept={kept} />
    ))}
  </>
)

const FindingCard = ({
  kept: { finding, openedAt, seenAt, closedAt }
}: {
  readonly kept: KeptFinding
}): VNode => (
  <article class="card">
    <header>
      <h3>{finding.title}</h3>
      <span class="row">
        <code>{finding.code}</code>
        <span class={`state ${closedAt === null ? severityTone(finding.severity) : 'good'}`}>
          {closedAt === null ? words.severities[finding.severity] : words.states.closed}
        </span>
      </span>
    </header>
    <Facts
      of={[
        [words.resource, <code class="wrap">{plain(finding.resource, 600)}</code>],
        [words.targets, <Targets of={finding.targets} />],
        [words.shows, <span class="wrap">{plain(finding.shows, 900)}</span>],
        [words.why, finding.why],
        [words.owner, finding.owner === null ? words.nobody : plain(finding.owner, 200)],
        [words.firstSeen, <Time at={openedAt} />],
        [words.lastSeen, <Time at={seenAt} />],
        waiverOf(finding),
        closedAt === null
          ? [words.mend, <Mends finding={finding} />]
          : [
              words.closed,
              <>
                <Time at={closedAt} />{' '}
                <span class="quiet">· {words.stood(ageText(closedAt - openedAt))}</span>
              </>
            ]
      ]}
    />
  </article>
)

const Targets = ({ of }: { readonly of: readonly string[] }): VNode =>
  of.length === 0 ? (
    <span class="quiet">{words.noTargets}</span>
  ) : (
    <span class="row">
      {of.slice(0, mostTargets).map((target) => (
        <a key={target} href={`${posturePath}?target=${encodeURIComponent(target)}`}>
          {target}
        </a>
      ))}
      {of.length > mostTargets ? (
        <span class="quiet">{words.andMore(of.length - mostTargets)}</span>
      ) : null}
    </span>
  )

const waiverOf = ({ waiver }: Finding): readonly [string, VNode] | null =>
  waiver === null
    ? null
    : [
        waiver.state === 'holds' ? words.waiver : words.waiverOver,
        <span class="wrap">
          <Time at={instant(Date.parse(waiver.until))} /> {words.waivedBy(plain(waiver.by, 100))}{' '}
          {plain(waiver.reason, 500)}
        </span>
      ]

const Mends = ({ finding }: { readonly finding: Finding }): VNode => {
  const command = commandOf(finding)
  if (command === '') return <span class="quiet">{words.mendNone}</span>
  if (markupBytes(command) > mostCommandBytes) {
    return <span class="quiet wrap">{words.mendLong(finding.id)}</span>
  }
  return <pre class="block wrap">{command}</pre>
}

const commandOf = ({ mend }: Finding): string => seen(mend.cli.join('\n'))

const bytesOf = (finding: Finding): number => {
  const command = markupBytes(commandOf(finding))
  const texts = [plain(finding.resource, 600), plain(finding.shows, 900), finding.why]
  return (
    cardBytes +
    (command > mostCommandBytes ? 0 : command) +
    texts.reduce((sum, text) => sum + markupBytes(text), 0) +
    markupBytes(finding.waiver === null ? '' : plain(finding.waiver.reason, 500))
  )
}

/** With the longest that escaping makes of a character. */
export const markupBytes = (text: string): number =>
  Buffer.byteLength(text) + 5 * (text.match(/[&<>"]/g)?.length ?? 0)

/** At most so many characters, without any that has no look of its own. */
export const plain = (text: string, most: number): string => {
  const whole = seen(text)
  const units = whole.length > most ? Array.from(whole) : []
  return units.length > most ? `${units.slice(0, most - 1).join('')}…` : whole
}

/** What has no look of its own, or turns what is around it, has one. */
const seen = (text: string): string =>
  text.replaceAll(/[\p{Cc}\p{Bidi_Control}]/gu, (one) => (one === '\n' ? '\n' : '\uFFFD'))
