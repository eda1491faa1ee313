/**
 * Checks an evidence pack with nothing but itself and a key: the checkpoint is signed by the key,
 * every entry is in its tree, is a canonical entry and belongs to what the pack is about, every
 * value fits its commitment or was erased by an entry of the pack. The same code runs in the file
 * itself, in the browser and in the command line.
 */
import { concat, fromBase64, fromHex, hex, utf8 } from '../ledger/bytes.ts'
import { type TreeHead, openCheckpoint } from '../ledger/checkpoint.ts'
import { type EntryBody, parseEntry } from '../ledger/envelope.ts'
import { leafHashOf } from '../ledger/merkle.ts'
import { type VerifierKey, parseVerifierKey } from '../ledger/note.ts'
import type { Primitives } from '../ledger/primitives.ts'
import { verifyInclusion } from '../ledger/proof.ts'
import type { EntryRow, Pack } from './pack-types.ts'

export type CheckCode =
  | 'key_malformed'
  | 'checkpoint_signature'
  | 'entry_malformed'
  | 'entry_not_included'
  | 'entry_not_canonical'
  | 'entry_twice'
  | 'entry_not_about'
  | 'opening_mismatch'
  | 'opening_missing'
  | 'opening_not_erased'
  | 'policy_mismatch'

/** `index` of the entry; null = it is the pack as a whole. */
export type CheckFault = {
  readonly code: CheckCode
  readonly index: number | null
  readonly detail: string
}

export type Checked = {
  readonly faults: readonly CheckFault[]
  /** entries that are proved */
  readonly proved: number
  readonly entries: number
  readonly opened: number
  readonly erased: number
  /** policies whose text is here and has the digest that entries carry */
  readonly policies: number
  /** null where the checkpoint is not signed by the key */
  readonly head: TreeHead | null
  readonly key: VerifierKey | null
}

/** `key`: pinned by whoever checks; where it is the pack's own, that is all that is shown. */
export const checkPack = async (
  pack: Pack,
  key: string,
  by: Primitives,
  progress: (done: number, all: number) => void = () => {}
): Promise<Checked> => {
  const count = { proved: 0, entries: pack.entries.length, opened: 0, erased: 0, policies: 0 }
  const known = await parseVerifierKey(key.trim(), by)
  if (known === null) {
    return {
      ...count,
      head: null,
      key: null,
      faults: [whole('key_malformed', 'it is no verifier key')]
    }
  }
  const opened = await openCheckpoint(utf8(pack.checkpoint), [known], by)
  if (!opened.ok) {
    const detail = `the checkpoint is not signed by this key: ${opened.code}`
    return { ...count, head: null, key: known, faults: [whole('checkpoint_signature', detail)] }
  }
  const { head } = opened
  const faults: CheckFault[] = []
  const bodies = new Map<number, EntryBody>()
  for (const [n, row] of pack.entries.entries()) {
    const read = await readEntry(row, head, by)
    if ('code' in read) faults.push(read)
    else if (bodies.has(row.index)) faults.push(at('entry_twice', row.index, 'it is here already'))
    else bodies.set(row.index, read)
    progress(n + 1, count.entries)
  }
  count.proved = bodies.size
  const erasures = new Set<number>()
  for (const row of pack.entries) {
    const body = bodies.get(row.index)
    if (body === undefined) continue
    for (const name of new Set([...Object.keys(body.commitments), ...Object.keys(row.openings)])) {
      const found = await checkOpening({ row, body, name, bodies }, by)
      if (typeof found !== 'string') faults.push(found)
      else if (found === 'opened') count.opened += 1
      else count.erased += 1
      const opening = row.openings[name]
      if (opening?.state === 'erased') erasures.add(opening.by)
    }
  }
  for (const [index, body] of bodies) {
    if (!erasures.has(index) && !isAbout(pack, body)) {
      faults.push(at('entry_not_about', index, 'it is not what the pack is about'))
    }
  }
  for (const policy of await checkPolicies(pack, by)) {
    if (typeof policy === 'string') count.policies += 1
    else faults.push(policy)
  }
  return {
    ...count,
    head,
    key: known,
    faults: faults.toSorted((a, b) => (a.index ?? -1) - (b.index ?? -1))
  }
}

const at = (code: CheckCode, index: number, detail: string): CheckFault => ({ code, index, detail })
const whole = (code: CheckCode, detail: string): CheckFault => ({ code, index: null, detail })

const readEntry = async (
  { index, bytes, path }: EntryRow,
  { size, root }: TreeHead,
  by: Primitives
): Promise<EntryBody | CheckFault> => {
  const entry = fromBase64(bytes)
  const proof = path.map(fromBase64)
  if (entry === null || proof.some((hash) => hash === null)) {
    return at('entry_malformed', index, 'not base64')
  }
  const leaf = await leafHashOf(entry, by)
  const hashes = proof.flatMap((hash) => hash ?? [])
  const claim = { index: BigInt(index), size, leaf, root, proof: hashes }
  if (!(await verifyInclusion(claim, by))) {
    return at('entry_not_included', index, 'the signed tree has another entry there')
  }
  const parsed = parseEntry(entry)
  return parsed.ok ? parsed.body : at('entry_not_canonical', index, parsed.code)
}

type Opening = {
  readonly row: EntryRow
  readonly body: EntryBody
  readonly name: string
  readonly bodies: ReadonlyMap<number, EntryBody>
}

const checkOpening = async (
  { row, body, name, bodies }: Opening,
  by: Primitives
): Promise<'opened' | 'erased' | CheckFault> => {
  const { index } = row
  const committed = body.commitments[name]
  const opening = row.openings[name]
  if (committed === undefined)
    return at('opening_mismatch', index, `${name}: nothing commits to it`)
  if (opening === undefined || opening.state === 'MISSING') {
    return at('opening_missing', index, `${name}: the value is missing, and nobody erased it`)
  }
  if (opening.state === 'erased') {
    const erasure = bodies.get(opening.by)
    const isOne =
      opening.by > index && erasure?.type === 'pii.erased' && erasure.data['person'] === body.actor
    if (isOne) return 'erased'
    return at('opening_not_erased', index, `${name}: entry ${opening.by} does not erase it`)
  }
  const salt = fromHex(opening.salt)
  if (salt?.length !== 32) return at('opening_mismatch', index, `${name}: the salt is none`)
  const found = hex(await by.sha256([concat([salt, utf8(opening.value)])]))
  if (found === committed) return 'opened'
  return at('opening_mismatch', index, `${name}: it is another value`)
}

const isAbout = ({ about }: Pack, body: EntryBody): boolean =>
  'elevation' in about
    ? body.elevation === about.elevation
    : body.at >= about.from && body.at < about.to

const checkPolicies = async (
  { policies }: Pack,
  by: Primitives
): Promise<readonly ('good' | CheckFault)[]> => {
  const found: ('good' | CheckFault)[] = []
  for (const { digest, text } of policies) {
    if (text === null) continue
    const own = `sha256:${hex(await by.sha256([utf8(text)]))}`
    found.push(
      own === digest ? 'good' : whole('policy_mismatch', `the text is not that of ${digest}`)
    )
  }
  return found
}
