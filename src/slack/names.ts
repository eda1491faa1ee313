/**
 * What Slack sends back to say which button or form was used: action_ids, callback_ids, block_ids
 * and the value of a button. A value is an elevation's id and the digest of the ask it was drawn
 * from; anything else, such as one with more in it, is refused.
 */
import { type ElevationId, parseElevationId } from '../elevation/ids.ts'

export const command = '/elevate'

/** Buttons. Every one has a handler; `console` only opens a link, but Slack reports it too. */
export const actions = {
  ask: 'sallyport_ask',
  approve: 'sallyport_approve',
  deny: 'sallyport_deny',
  details: 'sallyport_details',
  start: 'sallyport_start',
  end: 'sallyport_end',
  cancel: 'sallyport_cancel',
  revoke: 'sallyport_revoke',
  extend: 'sallyport_extend',
  console: 'sallyport_console'
} as const

/** `ask` is also the global shortcut's. */
export const callbacks = {
  ask: 'sallyport_ask',
  deny: 'sallyport_deny',
  revoke: 'sallyport_revoke',
  details: 'sallyport_details',
  extend: 'sallyport_extend'
} as const

export const askFields = [
  'target',
  'duration',
  'startAt',
  'tables',
  'columns',
  'otherColumns',
  'reason',
  'ticket',
  'sql',
  'breakGlass'
] as const

/**
 * A field of the ask, by the name that the policy's conditions have too. Columns have two: those a
 * target lists are chosen, all others written.
 */
export type AskField = (typeof askFields)[number]

/** The action_id of a field's element, the same whatever the target. */
export const fieldAction = (field: AskField): string => `${fieldPrefix}${field}`

/** The field an action_id belongs to; null where it is none of ours. */
export const fieldOfAction = (actionId: string): AskField | null =>
  askFields.find((field) => fieldAction(field) === actionId) ?? null

/**
 * The block_id of a field. Slack keeps what was typed by block_id, so what belongs to one target
 * only (lengths, start, tables, columns, query) carries its name and starts afresh with another;
 * null = none yet.
 */
export const fieldBlock = (field: AskField, target: string | null): string =>
  isOfTarget(field) ? `${fieldPrefix}${field}:${target ?? ''}` : `${fieldPrefix}${field}`

/** The field a block_id belongs to, whatever the target; null where it is none of ours. */
export const fieldOfBlock = (blockId: string): AskField | null =>
  askFields.find((field) =>
    isOfTarget(field)
      ? blockId.startsWith(`${fieldPrefix}${field}:`)
      : blockId === `${fieldPrefix}${field}`
  ) ?? null

/** The one field of the deny and revoke forms. */
export const reasonField = { block: 'sallyport_reason', action: 'sallyport_reason' } as const

/** The fields of the form of an extension, by block_id and action_id alike. */
export const extendFields = {
  duration: 'sallyport_extend_duration',
  reason: 'sallyport_extend_reason',
  ticket: 'sallyport_extend_ticket'
} as const

/** What a button or a form stands for. */
export type Handle = { readonly elevation: ElevationId; readonly digest: string }

/** `v1 ELEVATION DIGEST`, for a button's value and a form's private_metadata. */
export const printHandle = ({ elevation, digest }: Handle): string => `v1 ${elevation} ${digest}`

/** Exactly what `printHandle` prints; null otherwise. */
export const parseHandle = (value: string): Handle | null => {
  const [, id = '', digest = ''] = handle.exec(value) ?? []
  const elevation = parseElevationId(id)
  return elevation === null ? null : { elevation, digest }
}

const fieldPrefix = 'sallyport_ask_'
const handle = /^v1 ([0-9A-Z]{26}) (sha256:[0-9a-f]{64})$/

const isOfTarget = (field: AskField): boolean =>
  ['duration', 'startAt', 'tables', 'columns', 'otherColumns', 'sql'].includes(field)
