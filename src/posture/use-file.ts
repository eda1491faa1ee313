/**
 * What `reconcile --use --json` wrote, read back for a report: the use of keys by month and cost
 * center. Anything else than that document is refused with the place.
 */
import { type Static, Type } from 'typebox'
import { Value } from 'typebox/value'

const count = Type.Integer({ minimum: 0 })
const words = Type.String({ maxLength: 4096 })

const KeyUseRow = Type.Object({
  month: Type.String({ pattern: '^[0-9]{4}-[0-9]{2}$' }),
  costCenter: words,
  costCenterFrom: Type.Union([
    Type.Literal('key'),
    Type.Literal('workgroup'),
    Type.Literal('owner')
  ]),
  targets: Type.Array(words),
  key: words,
  requests: count,
  decrypts: count,
  dataKeys: count,
  withoutBucketKey: count,
  cost: Type.Number({ minimum: 0 }),
  elevations: count
})

const UseDocument = Type.Object({ use: Type.Array(KeyUseRow) })

/** A month of a key: requests, what they cost about in USD, and elevations beside them. */
export type KeyUse = Readonly<Static<typeof KeyUseRow>>

export type UseRead =
  | { readonly ok: true; readonly use: readonly KeyUse[] }
  | { readonly ok: false; readonly place: string; readonly message: string }

export const maxUseBytes = 64 * 1024 * 1024

/** The rows of a text; those of the latest month first, then by cost. */
export const parseUse = (text: string): UseRead => {
  const document = jsonOf(text)
  if (document === undefined) return { ok: false, place: '', message: 'is no JSON' }
  if (!Value.Check(UseDocument, document)) {
    const [first] = Value.Errors(UseDocument, document)
    const what = first?.message ?? 'is no such document'
    const message = `${what}; write it with reconcile --use --json`
    return { ok: false, place: first?.instancePath ?? '', message }
  }
  const use = document.use.toSorted(
    (a, b) => compare(b.month, a.month) || b.cost - a.cost || compare(a.key, b.key)
  )
  return { ok: true, use }
}

const jsonOf = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const compare = (a: string, b: string): number => Number(a > b) - Number(a < b)
