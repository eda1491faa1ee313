/** What the broker refused, with every condition that was not met. */
import type { VNode } from 'preact'
import type { Refusal } from '../elevation/refusal.ts'
import { work } from './words-work.ts'

export const RefusedNote = ({ refusal }: { readonly refusal: Refusal }): VNode => (
  <div class="note bad" role="alert">
    <b>{work.acts.refused}</b>
    <p>{refusal.message}</p>
    {refusal.reasons === undefined ? null : (
      <ul>
        {refusal.reasons.map(({ outcome, condition, message }, n) =>
          outcome === 'met' ? null : <li key={n}>{`${condition}: ${message}`}</li>
        )}
      </ul>
    )}
  </div>
)
