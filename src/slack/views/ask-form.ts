/**
 * What was typed into the form of an ask, read by the names of its fields, and errors brought back
 * to their fields. Nothing is judged here: the broker parses the ask as it does everybody's.
 */
import type { AskInput } from '../../broker/broker.ts'
import { instant, iso } from '../../elevation/ids.ts'
import { type AskField, fieldOfBlock } from '../names.ts'

/** What the form holds; empty where nothing was typed or chosen. */
export type Typed = {
  readonly target: string
  readonly duration: string
  /** ISO 8601 UTC */
  readonly startAt: string
  readonly tables: readonly string[]
  /** those chosen and those written */
  readonly columns: readonly string[]
  readonly reason: string
  readonly ticket: string
  /** the one query that may run, to the letter but for space around it */
  readonly sql: string
  readonly breakGlass: boolean
}

export const nothingTyped: Typed = {
  target: '',
  duration: '',
  startAt: '',
  tables: [],
  columns: [],
  reason: '',
  ticket: '',
  sql: '',
  breakGlass: false
}

/** From the texts of each field: one text typed, or the values of what is chosen. */
export const typedOf = (
  texts: Readonly<Partial<Record<AskField, readonly string[]>>>
): Typed => {
  const [target = '', duration = '', reason = '', ticket = ''] = [
    texts.target?.[0],
    texts.duration?.[0],
    texts.reason?.[0],
    texts.ticket?.[0]
  ]
  return {
    target,
    duration,
    startAt: momentOf(texts.startAt?.[0]),
    tables: names(texts.tables),
    columns: [...new Set([...names(texts.columns), ...names(texts.otherColumns)])],
    reason: oneLine(reason),
    ticket: oneLine(ticket),
    sql: (texts.sql?.[0] ?? '').trim(),
    breakGlass: texts.breakGlass !== undefined && texts.breakGlass.length > 0
  }
}

/** The ask as the broker takes it; a field left empty is left out. */
export const askInputOf = (typed: Typed): AskInput => ({
  target: typed.target,
  duration: typed.duration,
  reason: typed.reason,
  ...(typed.ticket === '' ? {} : { ticket: typed.ticket }),
  ...(typed.tables.length === 0 ? {} : { tables: typed.tables }),
  ...(typed.columns.length === 0 ? {} : { columns: typed.columns }),
  ...(typed.startAt === '' ? {} : { startAt: typed.startAt }),
  ...(typed.sql === '' ? {} : { sql: typed.sql }),
  ...(typed.breakGlass ? { breakGlass: true } : {})
})

export type AskErrors = Readonly<Partial<Record<AskField, string>>>

/**
 * Errors by the block_ids that the form has, as `response_action: errors` wants them. What belongs
 * to a field that is not shown is told at the target, which always is.
 */
export const errorsByBlock = (
  errors: AskErrors,
  blockIds: readonly string[]
): Record<string, string> => {
  const told: Record<string, string> = {}
  const blocks = new Map(blockIds.map((id) => [fieldOfBlock(id), id]))
  for (const [name, message] of Object.entries(errors)) {
    const field = name === 'columns' && !blocks.has('columns') ? 'otherColumns' : name
    const own = [...blocks].find(([of]) => of === field)?.[1]
    const block = own ?? blocks.get('target')
    if (block === undefined) continue
    told[block] = told[block] === undefined ? message : `${told[block]} ${message}`
  }
  return told
}

/** Names written one below the other or with commas or spaces between, and chosen ones alike. */
const names = (texts: readonly string[] = []): readonly string[] => [
  ...new Set(texts.flatMap((text) => text.split(/[\s,;]+/)).filter((name) => name !== ''))
]

/** As a picker has it: whole seconds since the epoch. */
const momentOf = (seconds: string | undefined): string =>
  seconds !== undefined && /^[0-9]{1,10}$/.test(seconds) ? iso(instant(Number(seconds) * 1000)) : ''

/** A form's field has line breaks, a reason has none. */
const oneLine = (text: string): string => text.replace(/\s+/g, ' ').trim()
