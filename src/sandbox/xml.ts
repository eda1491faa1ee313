/**
 * XML as the query protocol and S3 write it: plain objects to elements, in order. Nothing is parsed
 * here; text is escaped, and characters that XML 1.0 cannot carry are refused.
 */
export type XmlValue =
  | string
  | number
  | boolean
  | Date
  | null
  | undefined
  | readonly XmlValue[]
  | { readonly [name: string]: XmlValue }

/** Text safe between tags and in attributes. Throws RangeError for control characters. */
export function escapeXml(text: string): string {
  if (FORBIDDEN.test(text)) throw new RangeError('a control character cannot be written as XML')
  return text.replace(/[&<>"'\r]/g, (character) => ENTITIES[character] ?? character)
}

/** `<name>…</name>`; arrays become `<member>` elements, null and undefined are left out. */
export function element(name: string, value: XmlValue, attributes = ''): string {
  if (value === null || value === undefined) return ''
  return `<${name}${attributes}>${content(value)}</${name}>`
}

// XML 1.0 section 2.2: controls other than tab, line feed and carriage return have no spelling
const FORBIDDEN = /(?![\t\n\r\u007f-\u009f])\p{Cc}/u

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
  '\r': '&#xD;'
}

function content(value: XmlValue): string {
  if (value === null || value === undefined) return ''
  if (typeof value === 'string') return escapeXml(value)
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  if (value instanceof Date) return value.toISOString().replace(/\.\d+Z$/, 'Z')
  if (isList(value)) return value.map((item) => element('member', item)).join('')
  return Object.entries(value)
    .map(([name, item]) => element(name, item))
    .join('')
}

function isList(value: XmlValue): value is readonly XmlValue[] {
  return Array.isArray(value)
}
