/**
 * What operators do to the ledger itself: go on with one that was restored, and give it another
 * key. Both are entries, with the reason as a commitment; everybody else is refused.
 */
import { type PersonId, iso } from '../elevation/ids.ts'
import { type Result, accept, refuse } from '../elevation/refusal.ts'
import { makeEntry } from '../ledger/entry.ts'
import { verifierKeyText } from '../ledger/note.ts'
import { type Signer, rotationData } from '../ledger/sign.ts'
import { hasRole } from '../policy/people.ts'
import type { Deps } from './deps.ts'
import { append, personal } from './record.ts'

/** A log that is not the one that was anchored. */
export type Held = {
  /** a sentence for the operator */
  readonly why: string
  /** the anchor it is not the log of; null = no anchor says so */
  readonly anchor: { readonly size: bigint; readonly root: string } | null
  /** entries the witness has seen of another log; null = it has not */
  readonly witness: bigint | null
  /** what there is instead */
  readonly head: { readonly size: number; readonly root: string | null }
}

/** What keeps the log and can hold it back. */
export type Upkeep = {
  /** null = it is not held back */
  readonly held: () => Promise<Held | null>
  /** The acceptance is an entry: seals and anchors on from it. */
  readonly goOn: (accepted: Held) => Promise<void>
  /**
   * Another key. `write` appends the entry that both sign. Resolves when the new one alone signs;
   * called again after it rejected, it goes on from there.
   */
  readonly changeKey: (
    write: (keys: { readonly from: Signer; readonly to: Signer }) => Promise<void>
  ) => Promise<string>
  /** A copy of the store in its data folder; null where its database has other means. */
  readonly copy: () => Promise<Copied | null>
}

/** `file` is where the broker runs. */
export type Copied = { readonly file: string; readonly bytes: number }

type Asked = { readonly person: PersonId; readonly reason: string }

/** Goes on with a log that was restored; answers its size before the acceptance. */
export const acceptRestore = async (deps: Deps, asked: Asked): Promise<Result<number>> => {
  const may = operating(deps, asked)
  if (!may.ok) return may
  return alone(deps, async (upkeep) => {
    const held = await upkeep.held()
    if (held === null) return refuse('conflict', 'The ledger is not held back: nothing to accept.')
    const { anchor, witness, head } = held
    await append(deps, {
      ...about(deps, asked),
      type: 'ledger.restored',
      data: {
        anchor: anchor && { size: String(anchor.size), root: anchor.root },
        witness: witness === null ? null : String(witness),
        head
      }
    })
    await upkeep.goOn(held)
    return accept(head.size)
  })
}

/** Gives the log another key; answers the new one as verifier key text. */
export const rotateKey = async (deps: Deps, asked: Asked): Promise<Result<string>> => {
  const may = operating(deps, asked)
  if (!may.ok) return may
  return alone(deps, async (upkeep) => {
    const written = upkeep.changeKey(async ({ from, to }) => {
      const { at, actor, policyDigest, personal: words } = about(deps, asked)
      const id = deps.ids.entry()
      const data = await rotationData({ origin: from.name, id }, { from, to })
      const body = { id, type: 'ledger.key_rotated', at: iso(at), actor, data }
      const entry = makeEntry(
        `ledger.key_rotated:${verifierKeyText(to)}`,
        { ...body, elevation: null, target: null, policy: policyDigest },
        [{ name: 'reason', ...words.reason }]
      )
      await deps.ledger.append([entry])
    })
    return accept(await written)
  })
}

/** Copies the store. Its entry is in the copy: none can be made that is not in the ledger. */
export const copyStore = async (deps: Deps, asked: Asked): Promise<Result<Copied>> => {
  const may = operating(deps, asked)
  if (!may.ok) return may
  return alone(deps, async (upkeep) => {
    await append(deps, { ...about(deps, asked), type: 'store.copied', data: {} })
    const copied = await upkeep.copy()
    if (copied !== null) return accept(copied)
    return refuse('conflict', 'Its data are in PostgreSQL: use pg_basebackup or pg_dump there.')
  })
}

const underWay = new WeakSet<Upkeep>()

/** One of these at a time: two would write each other's steps. */
const alone = async <T>(
  { upkeep }: Deps,
  run: (upkeep: Upkeep) => Promise<Result<T>>
): Promise<Result<T>> => {
  if (upkeep === undefined) throw new Error('this broker keeps no ledger of its own')
  if (underWay.has(upkeep)) return refuse('conflict', 'Another operator is at it. Look again.')
  underWay.add(upkeep)
  try {
    return await run(upkeep)
  } finally {
    underWay.delete(upkeep)
  }
}

const operating = (deps: Deps, { person }: Asked): Result<null> =>
  hasRole(deps.policy(), person, 'operator')
    ? accept(null)
    : refuse('policy_denied', 'Only operators do this. Ask whoever keeps policies/roles.')

const about = (deps: Deps, { person, reason }: Asked) => ({
  at: deps.clock.now(),
  actor: person,
  elevation: null,
  target: null,
  policyDigest: deps.policy().digest,
  personal: { reason: personal(deps, reason) }
})
