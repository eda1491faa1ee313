/**
 * The plain form of YAML that most policies are written in, read line by line in a tenth of the
 * time: block mappings and lists, flow collections on one line, quoted text without escapes, words
 * of ASCII without blanks. Of any other text it says nothing, neither good nor bad: what YAML 1.2
 * refuses, repeats, spreads over lines or could mean otherwise is left to the parser of all YAML.
 */

/** What the parser of all YAML would read; null where the text is not in the plain form. */
export const readPlain = (text: string): { readonly value: unknown } | null => {
  if (/(?!\n)[\p{C}\p{Zl}\p{Zp}]/u.test(text)) return null
  const lines = text.split('\n').flatMap(lineOf)
  const first = lines[0]?.text === '---' ? 1 : 0
  if (lines[first]?.column !== 0) return null
  const reading = { lines, next: first }
  const value = readMapping(reading, 0, 1)
  return value === other || reading.next < lines.length ? null : { value }
}

/** `column` is where its content starts; in a list, where the content of the item does. */
type Line = { readonly text: string; readonly column: number }

type Reading = { readonly lines: Line[]; next: number }

type Inline = { readonly text: string; at: number }

/** In the place of a value: the text is not in the plain form. */
const other = Symbol('not the plain form')

/** Below the bounds of any policy, of which the parser of all YAML tells. */
const maxDepth = 16
const maxKeys = 2000

const keyForm = /([A-Za-z_][A-Za-z0-9_.-]{0,99}):(?: +|$)/y
const itemForm = /- +(?=[^ #])/y
const nothingForm = /(?:#.*)?$/y
const restForm = / *(?: #.*)?$/y
const doubleForm = /"([^"\\]*)"/y
const singleForm = /'([^']*)'(?!')/y
const wordForm = /[A-Za-z0-9][A-Za-z0-9_./@=+<>*:-]*/y
const blanksForm = / */y

/** No line where it is empty or a comment. */
const lineOf = (text: string): readonly Line[] => {
  const column = text.search(/[^ ]/)
  return column === -1 || text[column] === '#' ? [] : [{ text, column }]
}

const readMapping = (reading: Reading, column: number, depth: number): unknown => {
  const entries = new Map<string, unknown>()
  for (let line = nextOf(reading); line && line.column >= column; line = nextOf(reading)) {
    const key = line.column === column ? match(keyForm, line.text, column) : null
    if (key === null) return other
    const after = column + key[0].length
    reading.next += 1
    const value = match(nothingForm, line.text, after)
      ? readBelow(reading, column, depth + 1)
      : readWhole(line.text, after, depth + 1)
    if (value === other || !put(entries, key[1], value)) return other
  }
  return Object.fromEntries(entries)
}

/** The lines under a key: deeper, or a list as deep as the key itself. */
const readBelow = (reading: Reading, column: number, depth: number): unknown => {
  const line = nextOf(reading)
  if (line === undefined || line.column < column || depth > maxDepth) return other
  if (match(itemForm, line.text, line.column)) return readList(reading, line.column, depth)
  return line.column === column ? other : readMapping(reading, line.column, depth)
}

const readList = (reading: Reading, column: number, depth: number): unknown => {
  const items: unknown[] = []
  for (let line = nextOf(reading); line && line.column >= column; line = nextOf(reading)) {
    const dash = line.column === column ? match(itemForm, line.text, column) : null
    // the next key of the mapping that the list is in
    if (dash === null) return line.column === column ? items : other
    const inner = { text: line.text, column: column + dash[0].length }
    const isMapping = match(keyForm, inner.text, inner.column) !== null
    if (isMapping) reading.lines[reading.next] = inner
    else reading.next += 1
    const item = isMapping
      ? readMapping(reading, inner.column, depth + 1)
      : readWhole(inner.text, inner.column, depth + 1)
    if (item === other) return other
    items.push(item)
  }
  return items
}

/** A value that ends with its line; whoever reads the next line sees whether it goes on deeper. */
const readWhole = (text: string, at: number, depth: number): unknown => {
  const inline = { text, at }
  const value = readInline(inline, depth)
  return match(restForm, text, inline.at) === null ? other : value
}

const readInline = (inline: Inline, depth: number): unknown => {
  if (depth > maxDepth) return other
  const first = inline.text[inline.at]
  if (first === '"') return take(inline, doubleForm)?.[1] ?? other
  if (first === "'") return take(inline, singleForm)?.[1] ?? other
  if (first === '[') return readFlowList(inline, depth)
  if (first === '{') return readFlowMapping(inline, depth)
  return meaningOf(take(inline, wordForm)?.[0] ?? ':')
}

const readFlowList = (inline: Inline, depth: number): unknown => {
  const items: unknown[] = []
  const isRead = readFlow(inline, ']', () => {
    const item = readInline(inline, depth + 1)
    items.push(item)
    return item !== other
  })
  return isRead ? items : other
}

const readFlowMapping = (inline: Inline, depth: number): unknown => {
  const entries = new Map<string, unknown>()
  const isRead = readFlow(inline, '}', () => {
    const key = take(inline, keyForm)
    const value = key === null ? other : readInline(inline, depth + 1)
    return value !== other && put(entries, key?.[1], value)
  })
  return isRead ? Object.fromEntries(entries) : other
}

/** From the opening bracket to the end of the closing one, a comma between each two. */
const readFlow = (inline: Inline, close: string, readOne: () => boolean): boolean => {
  inline.at += 1
  take(inline, blanksForm)
  if (inline.text[inline.at] === close) {
    inline.at += 1
    return true
  }
  while (readOne()) {
    take(inline, blanksForm)
    const mark = inline.text[inline.at]
    inline.at += 1
    if (mark === close) return true
    if (mark !== ',') return false
    take(inline, blanksForm)
  }
  return false
}

/** The core schema: text, true, false and whole numbers; whatever may be anything else is left. */
const meaningOf = (word: string): unknown => {
  if (word.endsWith(':')) return other
  if (word === 'true') return true
  if (word === 'false') return false
  if (/^(?:0|[1-9][0-9]{0,14})$/.test(word)) return Number(word)
  return isAmbiguous(word) ? other : word
}

/** Might be a number, or one of the words that are no text. */
const isAmbiguous = (word: string): boolean =>
  /^[0-9][0-9A-Fa-fXxOo_.+-]*$/.test(word) || /^(?:null|true|false)$/i.test(word)

/** False where the key is there already, is one too many, or may not be text. */
const put = (entries: Map<string, unknown>, key: string | undefined, value: unknown): boolean => {
  if (key === undefined || entries.has(key) || isAmbiguous(key)) return false
  entries.set(key, value)
  return entries.size <= maxKeys
}

const nextOf = ({ lines, next }: Reading): Line | undefined => lines[next]

const match = (form: RegExp, text: string, at: number): RegExpExecArray | null => {
  form.lastIndex = at
  return form.exec(text)
}

const take = (inline: Inline, form: RegExp): RegExpExecArray | null => {
  const found = match(form, inline.text, inline.at)
  inline.at += found?.[0].length ?? 0
  return found
}
