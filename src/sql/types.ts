/**
 * Column types as a catalog writes them, in Trino's words (`row(a varchar, b bigint)`) or in Hive's
 * (`struct<a:string,b:bigint>`), which Glue has. Only what has parts is told apart: fields,
 * elements, keys and values. Refused, as null: what does not parse whole, and nesting over 50.
 */
export type RowField = { readonly name: string | null; readonly type: SqlType }

export type SqlType =
  | { readonly kind: 'plain'; readonly name: string }
  | { readonly kind: 'array'; readonly element: SqlType }
  | { readonly kind: 'map'; readonly key: SqlType; readonly value: SqlType }
  | { readonly kind: 'row'; readonly fields: readonly RowField[] }

const deepest = 50

/** The type that a text says, names of fields in lower case; null where it says none. */
export const parseType = (text: string): SqlType | null => {
  const tokens = text.toLowerCase().match(/[a-z_][a-z0-9_$]*|[0-9]+|"(?:[^"]|"")+"|\S/g) ?? []
  const reader: Reader = { tokens, next: 0 }
  const type = readType(reader, 0)
  return type !== null && reader.next === tokens.length ? type : null
}

/** A type with nothing in it, by its name. */
export const plain = (name: string): SqlType => ({ kind: 'plain', name })

export const arrayOf = (element: SqlType): SqlType => ({ kind: 'array', element })

type Reader = { readonly tokens: readonly string[]; next: number }

const word = /^(?:[a-z_]|".)/
const closing: Readonly<Record<string, string>> = { '(': ')', '<': '>' }

const readType = (reader: Reader, depth: number): SqlType | null => {
  const name = reader.tokens[reader.next]
  if (depth > deepest || name === undefined || !word.test(name)) return null
  reader.next++
  const close = closing[reader.tokens[reader.next] ?? '']
  if (name === 'array' && close !== undefined) {
    const [element, ...more] = readList(reader, close, () => readType(reader, depth + 1)) ?? []
    return element && more.length === 0 ? arrayOf(element) : null
  }
  if (name === 'map' && close !== undefined) {
    const [key, value, ...more] = readList(reader, close, () => readType(reader, depth + 1)) ?? []
    return key && value && more.length === 0 ? { kind: 'map', key, value } : null
  }
  if ((name === 'row' || name === 'struct') && close !== undefined) {
    const fields = readList(reader, close, () => readField(reader, depth + 1))
    return fields && { kind: 'row', fields }
  }
  return readPlain(reader, name)
}

/** `decimal(10,2)`, `timestamp(3) with time zone`, `double precision`, `interval day to second`. */
const readPlain = (reader: Reader, first: string): SqlType | null => {
  const words = [first]
  for (;;) {
    const token = reader.tokens[reader.next]
    if (token === '(') {
      reader.next++
      const numbers = readParameters(reader)
      if (numbers === null) return null
      words.push(numbers)
    } else if (token !== undefined && word.test(token)) {
      words.push(token)
      reader.next++
    } else {
      return plain(words.join(' '))
    }
  }
}

const readParameters = (reader: Reader): string | null => {
  const end = reader.tokens.indexOf(')', reader.next)
  if (end < 0) return null
  const inner = reader.tokens.slice(reader.next, end).join('')
  reader.next = end + 1
  return /^[0-9]+(?:,[0-9]+)*$/.test(inner) ? `(${inner})` : null
}

/** `name type`, `name:type`, or a type alone. */
const readField = (reader: Reader, depth: number): RowField | null => {
  const name = reader.tokens[reader.next]
  const after = reader.tokens[reader.next + 1]
  if (name === undefined || !word.test(name)) return null
  if (after === undefined || /^[,)>(<]$/.test(after)) {
    const type = readType(reader, depth)
    return type && { name: null, type }
  }
  reader.next += after === ':' ? 2 : 1
  const type = readType(reader, depth)
  const bare = name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name
  return type && { name: bare, type }
}

const readList = <T>(reader: Reader, close: string, one: () => T | null): readonly T[] | null => {
  const all: T[] = []
  do {
    reader.next++
    const item = one()
    if (item === null) return null
    all.push(item)
  } while (reader.tokens[reader.next] === ',')
  if (reader.tokens[reader.next] !== close) return null
  reader.next++
  return all
}
