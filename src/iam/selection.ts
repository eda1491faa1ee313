/**
 * The part of a target that an elevation is about: the asked tables, the data sets that hold them,
 * their keys and buckets. Refuses unsafe names, tables that are not the target's, and none at all.
 */
import type { DataSet, Target } from '../elevation/target.ts'
import { checkTarget } from './names.ts'
import { printable, type IamResult, type InvalidAsk } from './refusals.ts'

export type Selection = {
  readonly target: Target
  /** data sets with only the asked tables, in the target's order */
  readonly data: readonly DataSet[]
}

/** `tables` are `database.table`, all of them the target's. */
export const select = (target: Target, tables: readonly string[]): IamResult<Selection> => {
  const unsafe = checkTarget(target)
  if (unsafe.length > 0) return { ok: false, refusals: unsafe }
  const asked = new Set(tables)
  const data = target.data
    .map((set) => ({
      ...set,
      tables: set.tables.filter((table) => asked.has(`${set.database}.${table}`))
    }))
    .filter((set) => set.tables.length > 0)
  const held = new Set(data.flatMap((set) => set.tables.map((one) => `${set.database}.${one}`)))
  const strangers = [...asked].filter((table) => !held.has(table)).map(notInTarget)
  if (strangers.length > 0) return { ok: false, refusals: strangers }
  if (data.length === 0) return { ok: false, refusals: [nothingAsked] }
  return { ok: true, value: { target, data } }
}

export type Bucket = { readonly name: string; readonly bucketKey: boolean }

/** The buckets of the asked data and of the results; `bucketKey` only where it always holds. */
export const bucketsOf = ({ target, data }: Selection): readonly Bucket[] => {
  const { results } = target
  const places = [
    ...data.map((set) => ({ name: set.location.bucket, bucketKey: set.bucketKey })),
    ...(results.kind === 'bucket'
      ? [{ name: results.location.bucket, bucketKey: results.bucketKey }]
      : [])
  ]
  return [...new Set(places.map((place) => place.name))].map((name) => ({
    name,
    bucketKey: places.every((place) => place.name !== name || place.bucketKey)
  }))
}

const nothingAsked: InvalidAsk = {
  code: 'invalid_ask',
  where: 'tables',
  value: '',
  message: 'no table asked'
}

const notInTarget = (table: string): InvalidAsk => ({
  code: 'invalid_ask',
  where: 'tables',
  value: printable(table),
  message: `${printable(table)} is not a table of this target`
})
