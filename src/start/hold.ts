/**
 * Whether the ledger is held back: it is not the log of its anchors, or not the one its witness has
 * seen. What an operator accepted of a witness is kept in the data folder: the witness goes on
 * refusing, and it must not hold the log back for the same thing again.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Held } from '../broker/upkeep.ts'
import { base64, utf8 } from '../ledger/bytes.ts'
import { type TreeHead, parseSize } from '../ledger/checkpoint.ts'
import type { HeadRow } from '../store/log.ts'
import { replaceFile } from '../store/whole-file.ts'

export type Hold = {
  /** a sentence, or null = it is not held back */
  readonly why: () => string | null
  readonly byAnchor: (why: string, anchor: TreeHead) => void
  /** nothing where an operator has accepted as much already */
  readonly byWitness: (size: bigint) => void
  /** all of it, with what there is now */
  readonly held: (head: HeadRow | null) => Held | null
  /** Durable when it returns. */
  readonly release: (accepted: Held) => void
}

/** Reads what was accepted before. */
export const holdIn = (dataDir: string): Hold => {
  const path = join(dataDir, 'ledger.accepted')
  let accepted = readAccepted(path)
  let anchor: { readonly why: string; readonly head: TreeHead } | null = null
  let witness: bigint | null = null
  const why = (): string | null =>
    anchor?.why ??
    (witness === null ? null : `the witness has cosigned another log of ${witness} entries`)
  return {
    why,
    byAnchor: (text, head) => {
      anchor = { why: text, head }
    },
    byWitness: (size) => {
      if (size > accepted) witness = size
    },
    held: (head) => {
      const text = why()
      if (text === null) return null
      return {
        why: text,
        anchor: anchor && { size: anchor.head.size, root: base64(anchor.head.root) },
        witness,
        head: { size: head?.size ?? 0, root: head && base64(head.root) }
      }
    },
    release: (held) => {
      if (held.witness !== null && held.witness > accepted) {
        accepted = held.witness
        replaceFile(path, utf8(`${accepted}\n`))
      }
      anchor = null
      witness = null
    }
  }
}

/** A file that cannot be read accepts nothing. */
const readAccepted = (path: string): bigint => {
  try {
    return parseSize(readFileSync(path, 'utf8').trim()) ?? 0n
  } catch {
    return 0n
  }
}
