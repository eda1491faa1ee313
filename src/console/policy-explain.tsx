/** The form that asks what the policy says of somebody's ask, and its answer with every reason. */
import type { VNode } from 'preact'
import type { ExplainAsk } from '../broker/explain-for.ts'
import type { Reason, Result } from '../elevation/refusal.ts'
import type { Explanation } from '../policy/explain.ts'
import { Card, Facts, Field } from './pieces.tsx'
import { audit } from './words-audit.ts'

const words = audit.policy

export const Explain = (parts: {
  readonly typed: ExplainAsk | null
  readonly explained: Result<Explanation> | null
  readonly path: string
}): VNode => {
  const { typed, explained, path } = parts
  const faults = explained !== null && !explained.ok ? (explained.refusal.reasons ?? []) : []
  const fault = (condition: string) => {
    const found = faults.find((one) => one.condition === condition)
    return found === undefined ? {} : { fault: found.message }
  }
  const field = (
    name: 'as' | 'target' | 'duration' | 'reason' | 'ticket',
    label: string,
    of: string
  ): VNode => (
    <Field name={name} label={label} {...fault(of)}>
      {(attributes) => (
        <input
          type="text"
          value={typed?.[name] ?? ''}
          autocomplete="off"
          spellcheck={false}
          {...attributes}
        />
      )}
    </Field>
  )
  return (
    <Card title={words.explain}>
      <p class="quiet">{words.explainLead}</p>
      <form class="find" method="get" action={path}>
        {field('as', words.as, 'person')}
        {field('target', words.target, 'target')}
        {field('duration', words.duration, 'duration')}
        {field('reason', words.reason, 'reason')}
        {field('ticket', words.ticket, 'ticket')}
        <Field name="via" label={words.via}>
          {(attributes) => (
            <select {...attributes}>
              {(['cli', 'slack', 'console'] as const).map((via) => (
                <option key={via} value={via} selected={via === typed?.via}>
                  {via}
                </option>
              ))}
            </select>
          )}
        </Field>
        <div class="row">
          <button class="primary">{words.ask}</button>
        </div>
      </form>
      {explained?.ok === true ? <Answer of={explained.value} /> : null}
    </Card>
  )
}

const tones = { needs_approval: 'warn', approved: 'good', deny: 'bad' } as const

const Answer = ({ of }: { readonly of: Explanation }): VNode => (
  <div class={`note ${tones[of.decision]}`} role="status">
    <p>
      <b>{words.allowed[of.decision]}</b>
    </p>
    <Facts
      of={[
        of.rule === null ? null : [words.byRule, of.rule],
        of.approvers.length === 0 ? null : [words.approvers, listed(of.approvers)],
        of.obligations === null ? null : [words.mode, of.obligations.mode]
      ]}
    />
    <ul>
      {of.reasons.map((reason, n) => (
        <li key={n}>{reasonText(reason)}</li>
      ))}
    </ul>
  </div>
)

const reasonText = ({ outcome, rule, condition, message }: Reason): string =>
  `${rule === null ? '' : `${rule}, `}${condition}, ${words.outcome[outcome]}: ${message}`

const mostNamed = 20

const listed = (names: readonly string[]): string =>
  names.length > mostNamed
    ? `${names.slice(0, mostNamed).join(', ')} +${names.length - mostNamed}`
    : names.join(', ')
