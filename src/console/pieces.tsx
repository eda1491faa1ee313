/** Small things that pages are made of. All text is escaped by Preact; none of them sets markup. */
import type { ComponentChildren, VNode } from 'preact'
import type { Elevation } from '../elevation/elevation.ts'
import { type Instant, iso } from '../elevation/ids.ts'
import { stateWord } from '../elevation/state-word.ts'
import { elevationPath } from './paths.ts'
import type { Viewer } from './viewer.ts'
import { words } from './words.ts'

/** An instant in UTC; a browser with scripts says it in the reader's own zone, UTC on hover. */
export const Time = ({ at }: { readonly at: Instant }): VNode => {
  const text = iso(at)
  const shown = `${text.slice(0, 10)} ${text.slice(11, 16)} ${words.frame.utc}`
  return (
    <time dateTime={text} title={`${text.slice(0, 10)} ${text.slice(11, 19)} ${words.frame.utc}`}>
      {shown}
    </time>
  )
}

/** What is left until an instant; counted down where there are scripts. */
export const Left = ({ until, now }: { readonly until: Instant; readonly now: Instant }): VNode => (
  <span class="left" data-left={String(until - now)} role="timer">
    {leftText(until - now)}
  </span>
)

/** `1 h 05 min`, `4 min 03 s`; under nothing it is nothing. */
export const leftText = (milliseconds: number): string => {
  const all = Math.max(0, Math.floor(milliseconds / 1000))
  const [h, m, s] = [Math.floor(all / 3600), Math.floor((all % 3600) / 60), all % 60]
  return h > 0 ? `${h} h ${two(m)} min` : m > 0 ? `${m} min ${two(s)} s` : `${s} s`
}

/** The same of what is past; from two days on in days. */
export const ageText = (milliseconds: number): string => {
  const days = Math.floor(milliseconds / 86_400_000)
  return days < 2 ? leftText(milliseconds) : words.frame.days(days)
}

const two = (n: number): string => String(n).padStart(2, '0')

/** The state of an elevation in a word or two. */
export const State = ({ of }: { readonly of: Elevation }): VNode => (
  <span class={`state ${stateTone(of)}`}>{stateWord(of)}</span>
)

const stateTone = (elevation: Elevation): string => {
  switch (elevation.state) {
    case 'pending':
      return 'warn'
    case 'approved':
    case 'active':
      return 'good'
    case 'issuing':
      return 'busy'
    case 'ending':
      return elevation.stuckSince === null ? 'busy' : 'bad'
    case 'denied':
    case 'failed':
      return 'bad'
    case 'ended':
    case 'cancelled':
    case 'lapsed':
      return ''
  }
}

/** The fields that a form of this viewer always has. */
export const Csrf = ({ viewer }: { readonly viewer: Viewer }): VNode => (
  <input type="hidden" name="csrf" value={viewer.csrf} />
)

/** A form that is one button. */
export const Act = (parts: {
  readonly viewer: Viewer
  readonly to: string
  readonly label: string
  readonly kind?: 'primary' | 'danger'
  readonly fields?: Readonly<Record<string, string>>
}): VNode => (
  <form class="inline" method="post" action={parts.to}>
    <Csrf viewer={parts.viewer} />
    {Object.entries(parts.fields ?? {}).map(([name, value]) => (
      <input key={name} type="hidden" name={name} value={value} />
    ))}
    <button class={parts.kind ?? ''}>{parts.label}</button>
  </form>
)

/** Name and value, one below the other. What is null is left out. */
export const Facts = ({
  of
}: {
  readonly of: readonly (readonly [name: string, value: ComponentChildren] | null)[]
}): VNode => (
  <dl class="facts">
    {of.map((fact) =>
      fact === null ? null : (
        <div key={fact[0]}>
          <dt>{fact[0]}</dt>
          <dd>{fact[1]}</dd>
        </div>
      )
    )}
  </dl>
)

/** Where there is nothing: what that means and what to do. */
export const Empty = ({
  title,
  children
}: {
  readonly title: string
  readonly children?: ComponentChildren
}): VNode => (
  <div class="empty">
    <b>{title}</b>
    {children === undefined ? null : <p>{children}</p>}
  </div>
)

/** A card with its heading. */
export const Card = (parts: {
  readonly title: string
  readonly aside?: ComponentChildren
  readonly isFlush?: boolean
  readonly children: ComponentChildren
}): VNode => (
  <section class={parts.isFlush === true ? 'card flush' : 'card'}>
    <header>
      <h2>{parts.title}</h2>
      {parts.aside === undefined ? null : <div class="quiet">{parts.aside}</div>}
    </header>
    {parts.children}
  </section>
)

/** A field with its label, its hint, and what is wrong with it. */
export const Field = (parts: {
  readonly name: string
  readonly label: string
  readonly hint?: string
  readonly fault?: string
  readonly isWide?: boolean
  readonly children: (attributes: FieldAttributes) => VNode
}): VNode => {
  const { name, label, hint, fault } = parts
  const described = [
    hint === undefined ? '' : `${name}-hint`,
    fault === undefined ? '' : `${name}-fault`
  ]
    .filter((one) => one !== '')
    .join(' ')
  return (
    <div class={parts.isWide === true ? 'field wide' : 'field'}>
      <label for={name}>{label}</label>
      {parts.children({
        id: name,
        name,
        ...(described === '' ? {} : { 'aria-describedby': described }),
        ...(fault === undefined ? {} : { 'aria-invalid': true })
      })}
      {hint === undefined ? null : (
        <span class="hint" id={`${name}-hint`}>
          {hint}
        </span>
      )}
      {fault === undefined ? null : (
        <span class="fault" id={`${name}-fault`}>
          {fault}
        </span>
      )}
    </div>
  )
}

export type FieldAttributes = {
  readonly id: string
  readonly name: string
  readonly 'aria-describedby'?: string
  readonly 'aria-invalid'?: boolean
}

export const ElevationLink = ({
  id,
  children
}: {
  readonly id: string
  readonly children: ComponentChildren
}): VNode => <a href={elevationPath(id)}>{children}</a>
