/**
 * Text from people and policies on its way to Slack. Everything of it is hostile: control, format
 * and other invisible characters (bidirectional overrides, zero-width) are taken out, it stays on
 * one line, what is too long is cut where one can see it, and in mrkdwn `&`, `<` and `>` are
 * escaped (docs.slack.dev/messaging/formatting-message-text). Only the functions here make mrkdwn.
 */
import type { MrkdwnElement, PlainTextElement } from '@slack/types'
import { type Instant, iso } from '../elevation/ids.ts'

/** Text that is mrkdwn already: every piece of it from outside has been escaped. */
export type Mrkdwn = { readonly mrkdwn: string }

/** On one line, without what cannot be seen; e-mail addresses and all else stay as they are. */
export const clean = (text: string): string =>
  text.toWellFormed().replace(breaks, ' ').replace(invisible, '').replace(/ {2,}/g, ' ').trim()

/** Cleaned and at most so long (24 or more UTF-16 code units), the words about the cut included. */
export const cut = (text: string, most: number): string => cutWith(clean(text), most, same)

/** Text as mrkdwn: cleaned, escaped, and at most so long when escaped. */
export const said = (text: string, most = 300): Mrkdwn => ({
  mrkdwn: cutWith(clean(text), most, escape)
})

/** Text as `code`, which keeps `*`, `_` and `~` as they are. */
export const code = (text: string, most = 150): Mrkdwn => {
  const kept = cutWith(clean(text).replaceAll('`', "'"), most, escape)
  return { mrkdwn: kept === '' ? '' : `\`${kept}\`` }
}

/** Mentions a Slack user by id, or shows `otherwise` where there is no such id. */
export const mention = (user: string | null, otherwise: string): Mrkdwn =>
  user !== null && /^[UW][A-Z0-9]{1,20}$/.test(user) ? { mrkdwn: `<@${user}>` } : code(otherwise)

/** A moment in the reader's own time zone; ISO 8601 UTC where a client cannot show it. */
export const when = (at: Instant): Mrkdwn => ({
  mrkdwn: `<!date^${Math.floor(at / 1000)}^{date_short_pretty} {time}|${iso(at)}>`
})

/**
 * mrkdwn from words of our own and pieces from outside: a string among the pieces is escaped. A
 * line break in the source is a space; lines are made by `lines`.
 */
export const md = (
  own: TemplateStringsArray,
  ...pieces: readonly (Mrkdwn | string | number)[]
): Mrkdwn => {
  const words = own.map((text) => text.replace(/ *\n */g, ' '))
  const mrkdwn = words.reduce((text, next, n) => text + pieceOf(pieces[n - 1] ?? '') + next)
  return { mrkdwn }
}

export const lines = (...pieces: readonly Mrkdwn[]): Mrkdwn => joined(pieces, '\n')

export const joined = (pieces: readonly Mrkdwn[], between = ', '): Mrkdwn => ({
  mrkdwn: pieces.map(({ mrkdwn }) => mrkdwn).join(between)
})

/** The first ones, and how many more there are; only what is shown is printed. */
export const listed = <T>(
  things: readonly T[],
  most: number,
  print: (thing: T) => Mrkdwn
): Mrkdwn => {
  const shown = joined(things.slice(0, most).map(print))
  return things.length > most ? md`${shown} and ${things.length - most} more` : shown
}

/** mrkdwn as Slack takes it, never empty: no word in it becomes a link or a mention by itself. */
export const mrkdwnText = ({ mrkdwn }: Mrkdwn): MrkdwnElement => ({
  type: 'mrkdwn',
  text: mrkdwn === '' ? nothing : mrkdwn,
  verbatim: true
})

/** Text that Slack shows as it is, never empty, without emoji codes turned into pictures. */
export const plainText = (text: string, most: number): PlainTextElement => ({
  type: 'plain_text',
  text: cut(text, most) || nothing,
  emoji: false
})

/** For channels: whatever looks like an e-mail address is not told. */
export const withoutAddresses = (text: string): string =>
  clean(text).replace(/[^\s<>()[\],;:"]+/gu, (word) => (/[@＠﹫]/u.test(word) ? '[address]' : word))

/** what stands where nothing is left, as Slack refuses an empty text */
const nothing = '–'
const breaks = /[\s\p{Cc}\p{Zl}\p{Zp}]+/gu
const invisible = /[\p{Cf}\p{Default_Ignorable_Code_Point}\p{Cs}]/gu

const same = (text: string): string => text

const escape = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

const pieceOf = (piece: Mrkdwn | string | number): string =>
  typeof piece === 'object' ? piece.mrkdwn : said(String(piece)).mrkdwn

/** Never cuts within a character or an escape. */
const cutWith = (text: string, most: number, print: (text: string) => string): string => {
  if (print(text).length <= most) return print(text)
  const characters = Array.from(text)
  const room = most - `… (+${characters.length} characters)`.length
  let kept = ''
  let count = 0
  for (const character of characters) {
    const printed = print(character)
    if (kept.length + printed.length > room) break
    kept += printed
    count += 1
  }
  return `${kept}… (+${characters.length - count} characters)`
}
