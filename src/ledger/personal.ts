/**
 * Personal data beside the ledger: for every commitment either its opening is there and fits, or
 * the person's data was erased afterwards by a `pii.erased` entry, or it is MISSING. Openings come
 * in the order of entries and names, so memory grows with the number of people only.
 */
import { concat, fromHex, hex, utf8 } from './bytes.ts'
import { type EntryBody, parseCanonical } from './envelope.ts'
import { type Fault, fault, faultAt } from './fault.ts'
import { openingsPath } from './export-reader.ts'
import type { Primitives } from './primitives.ts'

export type Personal = {
  /** commitments whose value is there and fits */
  readonly opened: number
  /** commitments without a value, of people whose data was erased later in the ledger */
  readonly erased: number
}

export type PersonalCheck = {
  readonly add: (index: bigint, body: EntryBody) => Promise<Fault | null>
  readonly end: () => Promise<Personal | Fault>
}

type Line = {
  readonly index: bigint
  readonly name: string
  readonly salt: Uint8Array
  readonly value: string
}
type Open = { readonly index: bigint; readonly count: number }

const saltBytes = 32

/** Lines are canonical JSON `{"entry":17,"name":"reason","salt":"<64 hex>","value":"…"}`. */
export const personalCheck = (
  lines: AsyncIterable<string> | Iterable<string>,
  by: Primitives
): PersonalCheck => {
  const source =
    Symbol.asyncIterator in lines ? lines[Symbol.asyncIterator]() : lines[Symbol.iterator]()
  const closed = new Map<string, Open>()
  const open = new Set<string>()
  const count = { opened: 0, erased: 0 }
  let next: Line | null | undefined
  const peek = async (): Promise<Line | null | Fault> => {
    if (next !== undefined) return next
    const { done, value } = await source.next()
    const line = done === true ? null : parseLine(value)
    if (line === undefined) {
      return fault('opening_malformed', 'a line spells no opening', { path: openingsPath })
    }
    next = line
    return line
  }
  const addOne = async (
    index: bigint,
    actor: string,
    [name, want]: readonly [string, string]
  ): Promise<Fault | null> => {
    const line = await peek()
    if (line !== null && 'code' in line) return line
    if (line === null || line.index !== index || line.name !== name) {
      const before = closed.get(actor)
      closed.set(actor, { index: before?.index ?? index, count: (before?.count ?? 0) + 1 })
      return null
    }
    next = undefined
    const got = hex(await by.sha256([concat([line.salt, utf8(line.value)])]))
    if (got !== want) return faultAt('opening_mismatch', index, `${name} is another value`)
    count.opened += 1
    open.add(actor)
    return null
  }
  return {
    add: async (index, body) => {
      for (const commitment of Object.entries(body.commitments)) {
        const wrong = await addOne(index, body.actor, commitment)
        if (wrong) return wrong
      }
      const line = await peek()
      if (line !== null && 'code' in line) return line
      if (line !== null && line.index <= index) {
        return faultAt('opening_malformed', line.index, 'out of order, or of no commitment')
      }
      if (body.type !== 'pii.erased') return null
      const person = body.data['person']
      if (typeof person !== 'string') return faultAt('entry_schema', index, 'data.person is an id')
      if (open.has(person)) {
        return faultAt('opening_after_erasure', index, 'values of the person are still there')
      }
      count.erased += closed.get(person)?.count ?? 0
      closed.delete(person)
      return null
    },
    end: async () => {
      const line = await peek()
      if (line !== null && 'code' in line) return line
      if (line !== null) return faultAt('opening_malformed', line.index, 'of no entry')
      const missing = [...closed.values()].toSorted((a, b) => (a.index < b.index ? -1 : 1))
      const [first] = missing
      if (first === undefined) return count
      const all = missing.reduce((sum, one) => sum + one.count, 0)
      const rest = `${count.opened} opened, ${count.erased} lawfully erased`
      const detail = `MISSING: ${all} values that nobody erased; ${rest}`
      return faultAt('opening_missing', first.index, detail)
    }
  }
}

const parseLine = (text: string): Line | undefined => {
  const value = parseCanonical(text)
  if (typeof value !== 'object' || value === null || !('entry' in value)) return undefined
  const { entry, name, salt, value: opened, ...more } = value
  if (typeof entry !== 'number' || entry < 0 || typeof name !== 'string') return undefined
  if (typeof salt !== 'string' || typeof opened !== 'string') return undefined
  if (Object.keys(more).length > 0) return undefined
  const bytes = fromHex(salt)
  if (bytes?.length !== saltBytes) return undefined
  return { index: BigInt(entry), name, salt: bytes, value: opened }
}
