/**
 * What an ask is about, as blocks. In a channel nobody's own words are shown: the reason is left
 * out, a ticket only where it looks like one, columns only as counts of their classes.
 */
import type { KnownBlock } from '@slack/types'
import { printDuration } from '../../elevation/duration.ts'
import type { Card, ColumnFact } from '../card.ts'
import {
  type Mrkdwn,
  code,
  joined,
  lines,
  listed,
  md,
  said,
  when,
  withoutAddresses
} from '../text.ts'
import { context, fields, quoted, section } from './blocks.ts'
import { faceText, modeText } from './status.ts'

/** `channel`: whoever is in it reads it; `person`: somebody who may see the elevation. */
export type Place = 'channel' | 'person'

/** Who, what, how long, which data, under which ticket, in which mode. */
export const factsOf = (card: Card, place: Place): readonly KnownBlock[] => {
  const { ask, terms, state } = card.stored.elevation
  const { target } = card
  const about =
    target === null
      ? []
      : [md`${saidIn(place, target.classification)}, workgroup ${codeIn(place, target.workgroup)}`]
  const isCut = terms.maxDuration < ask.duration
  const most = isCut ? ` (at most ${printDuration(terms.maxDuration)})` : ''
  const ticket = ticketText(ask.ticket, place)
  return [
    fields([
      label('Who', faceText(card.requester)),
      label('Target', lines(code(ask.target), ...about)),
      label('How long', md`${printDuration(ask.duration)}${most}`),
      ...(ask.startAt === undefined ? [] : [label('Not before', when(ask.startAt))]),
      ...(ticket === null ? [] : [label('Ticket', ticket)]),
      label(
        'Tables',
        listed(ask.tables, 10, (table) => codeIn(place, table))
      ),
      label('Columns', columnCounts(card, place))
    ]),
    ...chainOf(card),
    ...queryOf(card, place),
    ...(place === 'person' ? [...columnsOf(card, 1), ...reasonOf(card)] : []),
    context(
      md`Mode ${modeText(terms.mode)}.`,
      ...(place === 'channel' && state === 'pending'
        ? [md`The reason is for those who decide: see Details.`]
        : [])
    )
  ]
}

/** What it goes on from, which stays as long as it is, and what the chain comes to. */
const chainOf = ({ stored }: Card): readonly KnownBlock[] => {
  const { extends: from } = stored.elevation.ask
  if (from === undefined) return []
  const place = ordinals[from.place - 2] ?? `${from.place}th`
  return [
    section(md`*Extends* ${code(from.elevation)}, which ends ${when(from.notAfter)}: ${place} ask of
      a chain, ${printDuration(from.seconds)} so far.`)
  ]
}

/** from the second ask of a chain on */
const ordinals = ['second', 'third', 'fourth', 'fifth', 'sixth', 'seventh', 'eighth', 'ninth']

/**
 * The one query that may run, where the ask is bound to one: its shape, which has no literal, and
 * what it reads. Names in it may be the requester's own words, so a channel gets counts only.
 */
const queryOf = ({ stored }: Card, place: Place): readonly KnownBlock[] => {
  const { query } = stored.elevation.ask
  if (query === undefined) return []
  const reads = Object.entries(query.reads)
  if (place === 'channel') {
    const counts = listed(reads, 10, ([table, { length }]) => {
      const count = length === 0 ? 'rows only' : length === 1 ? '1 column' : `${length} columns`
      return md`${codeIn(place, table)} (${count})`
    })
    return [section(md`*Only one query may run*, which reads ${counts}. Its shape: see Details.`)]
  }
  const tables = reads.slice(0, mostTables).map(([table, columns]) => {
    const names = listed(columns, 12, (column) => code(column, 64))
    return section(md`It reads ${code(table)}: ${columns.length === 0 ? md`rows only` : names}`)
  })
  const more = reads.length - tables.length
  return [
    section(
      lines(md`*Only this query may run*; every value in it is a ? here`, code(query.shape, 2500))
    ),
    ...tables,
    ...(more > 0 ? [context(md`and ${more} more tables`)] : [])
  ]
}

const mostTables = 8

/** The requester's reason, as they wrote it. */
export const reasonOf = ({ stored }: Card): readonly KnownBlock[] => [
  section(md`*Why*`),
  quoted(stored.elevation.ask.reason, 500)
]

/** The classified or chosen columns, twelve to a block, and how many more there are. */
export const columnsOf = ({ columns }: Card, blocks: number): readonly KnownBlock[] => {
  const perBlock = 12
  const shown = columns.slice(0, blocks * perBlock)
  const more = columns.length - shown.length
  const parts = Array.from({ length: Math.ceil(shown.length / perBlock) }, (_, n) =>
    joined(shown.slice(n * perBlock, (n + 1) * perBlock).map(columnText))
  )
  return parts.map((part, n) =>
    section(n === parts.length - 1 && more > 0 ? md`${part} and ${more} more` : part)
  )
}

/** Under which rule and why, and which ask exactly: its id and the start of its digest. */
export const whyAllowed = (card: Card, place: Place): readonly KnownBlock[] => [
  context(...card.explanation.slice(0, 6).map((line) => saidIn(place, line, 500)), identityOf(card))
]

/** What a person can compare with the CLI or the ledger. */
export const identityOf = ({ stored: { elevation } }: Card): Mrkdwn =>
  md`${code(elevation.id)} · ask ${code(elevation.askDigest.slice(0, 19))} · asked
    ${when(elevation.createdAt)}`

export const label = (name: string, value: Mrkdwn): Mrkdwn => lines(md`*${name}*`, value)

const saidIn = (place: Place, text: string, most = 100): Mrkdwn =>
  said(place === 'channel' ? withoutAddresses(text) : text, most)

const codeIn = (place: Place, text: string): Mrkdwn =>
  code(place === 'channel' ? withoutAddresses(text) : text)

/** A ticket's number, never somebody's sentence. */
const ticketText = (ticket: string | null, place: Place): Mrkdwn | null => {
  if (ticket === null) return null
  return place === 'person' || /^[A-Za-z0-9][A-Za-z0-9#._/:-]{0,39}$/.test(ticket)
    ? code(ticket)
    : md`given`
}

const columnCounts = ({ stored, columns }: Card, place: Place): Mrkdwn => {
  const counts = new Map<string, number>()
  for (const { class: kind } of columns) {
    const name = kind ?? 'unclassified'
    counts.set(name, (counts.get(name) ?? 0) + 1)
  }
  const byClass = [...counts].toSorted(([a], [b]) => (a < b ? -1 : 1))
  const list = listed(byClass, 8, ([name, count]) => md`${count} ${saidIn(place, name)}`)
  if (stored.elevation.ask.columns !== null) return md`${columns.length}: ${list}`
  return columns.length === 0 ? md`all, none classified` : md`all, among them ${list}`
}

const columnText = ({ name, class: kind }: ColumnFact): Mrkdwn =>
  kind === null ? code(name) : md`${code(name)} (${said(kind, 64)})`
