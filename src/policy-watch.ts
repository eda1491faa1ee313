/**
 * Keeps the policy in force in step with its folder. All of it is parsed before one reference is
 * swapped; a folder that does not load keeps the last good policy and is told once per content. A
 * folder is loaded only when two looks in a row saw the same, so that half-written edits are not.
 */
import type { Instant } from './elevation/ids.ts'
import type { Policy, PolicyIssue } from './policy/policy.ts'
import { type LoadedFolder, folderFingerprint, loadFolder } from './policy-folder.ts'

export type PolicyInForce = { readonly policy: Policy; readonly loadedAt: Instant }

export type PolicyChange = {
  readonly from: Policy
  readonly to: Policy
  readonly warnings: readonly string[]
}

export type PolicyRefusal = {
  /** stays in force */
  readonly kept: Policy
  readonly issues: readonly PolicyIssue[]
  /** the same for people */
  readonly lines: readonly string[]
}

export type PolicyWatchOptions = {
  readonly folder: string
  /** what was loaded from the folder at the start */
  readonly current: PolicyInForce
  readonly now: () => Instant
  /**
   * Calls `look` every `pollSeconds` until it is cleared: `setInterval`, unless a test stands in. A
   * look never rejects, and resolves when it is over.
   */
  readonly every: (look: () => Promise<void>) => { readonly clear: () => void }
  /**
   * Awaited before the new policy is in force, e.g. to record it: while it rejects, the former one
   * stays in force and the change is tried again.
   */
  readonly changed: (change: PolicyChange) => Promise<void>
  /** once per content; while it rejects, it is told again at the next look */
  readonly refused: (refusal: PolicyRefusal) => Promise<void>
  /** the folder is again what is in force, after a refusal */
  readonly restored: (policy: Policy) => Promise<void>
  /** what a look could not do; the next one tries again */
  readonly failed: (cause: unknown) => void
}

export type PolicyState =
  | { readonly kind: 'good'; readonly policy: Policy; readonly loadedAt: Instant }
  | {
      readonly kind: 'kept'
      readonly policy: Policy
      readonly loadedAt: Instant
      /** why the folder is not in force, and since when */
      readonly lines: readonly string[]
      readonly since: Instant
    }

export type Reloaded = 'changed' | 'unchanged' | 'refused' | 'unsteady'

export type PolicyWatch = {
  /** the last good policy; never changes within one synchronous piece of work */
  readonly policy: () => Policy
  readonly state: () => PolicyState
  /**
   * Loads the folder now, as SIGHUP asks for. `unsteady`: it changed while it was read, and the
   * next looks will load it.
   */
  readonly reload: () => Promise<Reloaded>
  /** resolves when no look is under way any more */
  readonly stop: () => Promise<void>
}

/** How long a finished edit waits to be in force: up to twice this. */
export const pollSeconds = 2

/** Starts looking. Looks never overlap; nothing is thrown out of them. */
export const watchPolicies = (options: PolicyWatchOptions): PolicyWatch => {
  const { folder, now, failed } = options
  let state: PolicyState = { kind: 'good', ...options.current }
  /** of the folder as it was judged last; null = not yet, or its judgement could not be told */
  let judged: string | null = null
  let seen: string | null = null
  let toldContent: string | null = null
  let isStopped = false
  let isLooking = false
  let queue: Promise<unknown> = Promise.resolve()

  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const turn = queue.then(work)
    queue = turn.catch(() => null)
    return turn
  }

  const look = async (): Promise<void> => {
    const fingerprint = await fingerprintOf(folder)
    const isSteady = fingerprint === seen
    seen = fingerprint
    if (isSteady && fingerprint !== judged) await load(fingerprint)
  }

  const load = async (fingerprint: string): Promise<Reloaded> => {
    const loaded = await loadFolder(folder)
    if ((await fingerprintOf(folder)) !== fingerprint) return 'unsteady'
    const outcome = loaded.ok ? await take(loaded) : await keep(loaded)
    judged = fingerprint
    return outcome
  }

  const take = async (loaded: Extract<LoadedFolder, { ok: true }>): Promise<Reloaded> => {
    const { policy: from, loadedAt } = state
    const { policy: to, warnings } = loaded
    const wasKept = state.kind === 'kept'
    if (to.digest !== from.digest) await options.changed({ from, to, warnings })
    else if (wasKept) await options.restored(from)
    toldContent = null
    // the tests of a policy are no part of its digest
    state = { kind: 'good', policy: to, loadedAt: to.digest === from.digest ? loadedAt : now() }
    return to.digest === from.digest ? 'unchanged' : 'changed'
  }

  const keep = async (loaded: Extract<LoadedFolder, { ok: false }>): Promise<Reloaded> => {
    const { policy, loadedAt } = state
    const { content, issues, lines } = loaded
    const since = state.kind === 'kept' ? state.since : now()
    state = { kind: 'kept', policy, loadedAt, lines, since }
    if (content !== toldContent) await options.refused({ kept: policy, issues, lines })
    toldContent = content
    return 'refused'
  }

  const timer = options.every(async () => {
    if (isStopped || isLooking) return
    isLooking = true
    try {
      await inTurn(look)
    } catch (cause) {
      failed(cause)
    } finally {
      isLooking = false
    }
  })
  return {
    policy: () => state.policy,
    state: () => state,
    reload: () =>
      inTurn(async () => {
        const outcome = await load(await fingerprintOf(folder))
        // an edit within the same tick of the file system's clock has the same times: look again
        judged = null
        return outcome
      }),
    stop: async () => {
      isStopped = true
      timer.clear()
      await queue
    }
  }
}

const fingerprintOf = async (folder: string): Promise<string> =>
  (await folderFingerprint(folder)) ?? 'not there'
