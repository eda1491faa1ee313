/**
 * A handler: which of Slack's payloads it takes, and what it does. What it does comes after the
 * acknowledgement and after the request has been claimed; only a form's check runs before.
 */
import type { Edge } from '../edge.ts'
import type { Modal } from '../limits.ts'

/** What a submitted form is answered (docs.slack.dev/surfaces/modals); null closes it. */
export type ViewAnswer =
  /** texts by the block_id of their field; the form stays open */
  | { readonly response_action: 'errors'; readonly errors: Record<string, string> }
  | { readonly response_action: 'update'; readonly view: Modal }
  | null

export type Checked = {
  readonly answer: ViewAnswer
  /** what is done once the answer is out and the request is ours; null = nothing */
  readonly after: (() => Promise<void>) | null
}

export type Handler =
  | {
      readonly kind: 'command' | 'shortcut' | 'action' | 'event'
      /** the command, callback_id, action_id or event type */
      readonly name: string
      readonly run: (edge: Edge, body: unknown) => Promise<void>
    }
  | {
      readonly kind: 'form'
      /** callback_id of the modal */
      readonly name: string
      /** Reads only, and quickly: the answer has to be out within three seconds. */
      readonly check: (edge: Edge, body: unknown) => Promise<Checked>
    }
