/**
 * Groups of requests and their answers as flat lists, for their way to the worker and back: a
 * structured clone of nested objects writes every name and shape anew, and one of a few bytes costs
 * as much as one of a long text. So bytes travel as text too, a character each.
 */
import type { Query, Row, Step, Value } from './engine.ts'
import { StoreError, isStoreErrorCode } from './error.ts'
import type { Answer, Reply, Request } from './sqlite.ts'

export type Packed = readonly (string | number | null)[]

type List = (string | number | null)[]

/** `unpack` gives the same requests again, those without `ifSome` or `result` without it. */
export const pack = (requests: readonly Request[]): Packed => {
  const list: List = []
  for (const request of requests) {
    list.push(request.kind)
    if (request.kind === 'read') {
      packQuery(list, request.query)
    } else {
      const { steps, result } = request.write
      packSteps(list, steps)
      list.push(result ? 1 : 0)
      if (result) packQuery(list, result)
    }
  }
  return list
}

/** The requests that were packed. Throws a StoreError where the list is not one of `pack`. */
export const unpack = (packed: Packed): readonly Request[] => {
  const read = readerOf(packed)
  const query = (): Query => {
    const words = read.text()
    return { text: words, values: Array.from({ length: read.count() }, read.value) }
  }
  const step = (): Step => {
    const taken = { ...query(), ifNone: read.text() === 'skip' ? 'skip' : 'conflict' } as const
    const ifSome = steps()
    return ifSome.length === 0 ? taken : { ...taken, ifSome }
  }
  const steps = (): readonly Step[] => Array.from({ length: read.count() }, step)
  const request = (): Request => {
    if (read.text() === 'read') return { kind: 'read', query: query() }
    const write = { steps: steps() }
    return { kind: 'write', write: read.count() === 1 ? { ...write, result: query() } : write }
  }
  const requests: Request[] = []
  while (!read.isOver()) requests.push(request())
  return requests
}

/** Rows of one answer have the same columns. */
export const packAnswers = (answers: Reply): Packed => {
  const list: List = []
  for (const answer of answers) {
    list.push(answer.kind)
    if (answer.kind === 'failed') list.push(answer.code, answer.message)
    else if (answer.kind !== 'conflict') packRows(list, answer.rows)
  }
  return list
}

/** The answers that were packed. Throws a StoreError where the list is not one of `packAnswers`. */
export const unpackAnswers = (packed: Packed): Reply => {
  const read = readerOf(packed)
  const rows = (): readonly Row[] => {
    const names = Array.from({ length: read.count() }, read.text)
    return Array.from({ length: read.count() }, () => {
      const row: Record<string, Value> = {}
      for (const name of names) row[name] = read.value()
      return row
    })
  }
  const answer = (): Answer => {
    const kind = read.text()
    switch (kind) {
      case 'conflict':
        return { kind }
      case 'committed':
      case 'found':
        return { kind, rows: rows() }
      case 'failed': {
        const code = read.text()
        if (!isStoreErrorCode(code)) throw notPacked()
        return { kind, code, message: read.text() }
      }
      default:
        throw notPacked()
    }
  }
  const answers: Answer[] = []
  while (!read.isOver()) answers.push(answer())
  return answers
}

const packRows = (list: List, rows: readonly Row[]): void => {
  const names = Object.keys(rows[0] ?? {})
  list.push(names.length, ...names, rows.length)
  for (const row of rows) for (const name of names) list.push(packValue(row[name] ?? null))
}

const readerOf = (packed: Packed) => {
  let at = 0
  return {
    isOver: (): boolean => at >= packed.length,
    text: (): string => {
      const value = packed[at++]
      if (typeof value !== 'string') throw notPacked()
      return value
    },
    count: (): number => {
      const value = packed[at++]
      if (typeof value !== 'number') throw notPacked()
      return value
    },
    value: (): Value => {
      const value = packed[at++]
      if (value === undefined) throw notPacked()
      return unpackValue(value)
    }
  }
}

const notPacked = (): StoreError =>
  new StoreError('unavailable', 'the store was sent something else than a group')

const packQuery = (list: List, { text, values }: Query): void => {
  list.push(text, values.length)
  for (const value of values) list.push(packValue(value))
}

/** What begins with NUL is marked: `b` bytes, `t` text. */
const packValue = (value: Value): Packed[number] => {
  if (value instanceof Uint8Array) return `\0b${latin1(value)}`
  return typeof value === 'string' && value.startsWith('\0') ? `\0t${value}` : value
}

const unpackValue = (value: Packed[number]): Value => {
  if (typeof value !== 'string' || !value.startsWith('\0')) return value
  const rest = value.slice(2)
  return value[1] === 'b' ? Buffer.from(rest, 'latin1') : rest
}

const latin1 = ({ buffer, byteOffset, byteLength }: Uint8Array): string =>
  Buffer.from(buffer, byteOffset, byteLength).toString('latin1')

const packSteps = (list: List, steps: readonly Step[]): void => {
  list.push(steps.length)
  for (const step of steps) {
    packQuery(list, step)
    list.push(step.ifNone)
    packSteps(list, step.ifSome ?? [])
  }
}
