/**
 * Text into HTML: everything that is put into a template is escaped, unless it is markup that came
 * out of one. There is no way to put a string in as it is but `raw`, for what we wrote ourselves.
 */
export type Markup = { readonly markup: string }

type Part = string | number | Markup | readonly Markup[]

export const html = (fixed: TemplateStringsArray, ...parts: readonly Part[]): Markup => ({
  markup: fixed.map((text, n) => text + (n < parts.length ? printed(parts[n] ?? '') : '')).join('')
})

/** Only for text of this program: style and script. */
export const raw = (markup: string): Markup => ({ markup })

export const none: Markup = { markup: '' }

const printed = (part: Part): string => {
  if (typeof part === 'number') return String(part)
  if (typeof part === 'string') return escaped(part)
  return 'markup' in part ? part.markup : part.map(({ markup }) => markup).join('')
}

const names: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;'
}

/** Also what turns the direction of writing or is not seen at all is shown as what it is. */
const escaped = (text: string): string =>
  text
    .replaceAll(/[&<>"']/g, (character) => names[character] ?? '')
    .replaceAll(hidden, (character) => `\u27e8U+${codeOf(character)}\u27e9`)

const hidden = /(?![\t\n])[\p{Cc}\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/gu

const codeOf = (character: string): string =>
  character.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')
