/**
 * A group of requests as one flat list, for its way to the worker: a structured clone of nested
 * objects writes every name and shape anew and costs the event loop several times as much.
 */
import type { Query, Step, Value } from './engine.ts'
import { StoreError } from './error.ts'
import type { Request } from './sqlite.ts'

export type Packed = readonly Value[]

/** `unpack` gives the same requests again, those without `ifSome` or `result` without it. */
export const pack = (requests: readonly Request[]): Packed => {
  const list: Value[] = []
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

/** Throws a StoreError where the list is not one of `pack`. */
export const unpack = (packed: Packed): readonly Request[] => {
  let at = 0
  const text = (): string => {
    const value = packed[at++]
    if (typeof value !== 'string') throw notPacked()
    return value
  }
  const count = (): number => {
    const value = packed[at++]
    if (typeof value !== 'number') throw notPacked()
    return value
  }
  const query = (): Query => {
    const words = text()
    const length = count()
    at += length
    return { text: words, values: packed.slice(at - length, at) }
  }
  const step = (): Step => {
    const read = { ...query(), ifNone: text() === 'skip' ? 'skip' : 'conflict' } as const
    const ifSome = steps()
    return ifSome.length === 0 ? read : { ...read, ifSome }
  }
  const steps = (): readonly Step[] => Array.from({ length: count() }, step)
  const request = (): Request => {
    if (text() === 'read') return { kind: 'read', query: query() }
    const write = { steps: steps() }
    return { kind: 'write', write: count() === 1 ? { ...write, result: query() } : write }
  }
  const requests: Request[] = []
  while (at < packed.length) requests.push(request())
  return requests
}

const notPacked = (): StoreError =>
  new StoreError('unavailable', 'the store was sent something else than a group')

const packQuery = (list: Value[], { text, values }: Query): void => {
  list.push(text, values.length, ...values)
}

const packSteps = (list: Value[], steps: readonly Step[]): void => {
  list.push(steps.length)
  for (const step of steps) {
    packQuery(list, step)
    list.push(step.ifNone)
    packSteps(list, step.ifSome ?? [])
  }
}
