/** A log in memory as its files, made from numbered entries, with openings and any number of keys. */
import { createHash } from 'node:crypto'
import { type Entry, makeEntry } from '../src/ledger/entry.ts'
import type { ExportReader } from '../src/ledger/export-reader.ts'
import { emptyEdge, grow } from '../src/ledger/grow.ts'
import { nodePrimitives } from '../src/ledger/hash.ts'
import { type VerifierKey } from '../src/ledger/note.ts'
import { type Signer, signCheckpoint, signerOf } from '../src/ledger/sign.ts'
import { appendLeaf, emptyFrontier, rootOf } from '../src/ledger/tree.ts'

export type Files = ReadonlyMap<string, Uint8Array>

export const origin = 'ledger.example/sallyport'
const seedOf = (name: string): Uint8Array => createHash('sha256').update(name).digest()
export const signer = (name: string, of = origin): Signer => signerOf(of, seedOf(name))
export const keyA = signer('a')
export const keyB = signer('b')
export const publicOf = ({ name, id, publicKey }: Signer): VerifierKey => ({ name, id, publicKey })

export const uuid = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`

export type Special = Partial<{
  readonly type: string
  readonly actor: string
  readonly data: Readonly<Record<string, string | number>>
  readonly values: Readonly<Record<string, string>>
}>

export const saltOf = (n: number, name: string): string =>
  createHash('sha256').update(`${n} ${name}`).digest('hex')

export const entryOf = (n: number, special: Special = {}): Entry =>
  makeEntry(
    `k${n}`,
    {
      id: uuid(n),
      type: special.type ?? 'approval.recorded',
      at: new Date(1_790_000_000_000 + n * 1000).toISOString(),
      actor: special.actor ?? `person${n % 7}`,
      elevation: '01JD0000000000000000000000',
      target: 'claims-pii',
      policy: `sha256:${'ab'.repeat(32)}`,
      data: special.data ?? { askDigest: `sha256:${'cd'.repeat(32)}`, n, vote: 'approve' }
    },
    Object.entries(special.values ?? {}).map(([name, value]) => ({ name, salt: saltOf(n, name), value }))
  )

export const entriesOf = (count: number, special: (n: number) => Special = () => ({})): readonly Entry[] =>
  Array.from({ length: count }, (_, n) => entryOf(n, special(n)))

/** Only the files a log of exactly this size has. */
export const filesOf = async (entries: readonly Entry[], signers: readonly Signer[] = [keyA]): Promise<Map<string, Uint8Array>> => {
  const { files } = grow(emptyEdge, entries)
  const made = new Map(files.map(({ path, bytes }) => [path, bytes]))
  made.set('checkpoint', await checkpointOf(entries, signers))
  return made
}

export const checkpointOf = (entries: readonly Entry[], signers: readonly Signer[] = [keyA]): Promise<Uint8Array> => {
  let frontier = emptyFrontier
  for (const { leaf } of entries) frontier = appendLeaf(frontier, leaf)
  const [first = keyA] = signers
  return signCheckpoint({ origin: first.name, size: frontier.size, root: rootOf(frontier) }, signers)
}

export const openingLines = (entries: readonly Entry[]): readonly string[] =>
  entries.flatMap(({ openings }, n) =>
    openings
      .toSorted((a, b) => (a.name < b.name ? -1 : 1))
      .map(({ name, salt, value }) => JSON.stringify({ entry: n, name, salt, value }))
  )

/** Gives copies, since what is read is the verifier's to change. */
export const readerOf = (files: Files, openings: readonly string[] | null = null): ExportReader => ({
  read: (path, most) => {
    const bytes = files.get(path)
    if (!bytes) return 'missing'
    return bytes.length > most ? 'too_large' : new Uint8Array(bytes)
  },
  paths: () => [...files.keys()].map((path) => ({ path, isFile: true })),
  openings: () => openings
})

export const by = nodePrimitives
