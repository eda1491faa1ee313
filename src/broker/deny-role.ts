/**
 * The deny of ended sessions on a role, rendered whole from the store by whoever has its turn.
 * What holds: of two replicas one writes at a time; a writer looks again after it wrote and writes
 * again until nothing has changed. A process that was stopped in the middle of a call and goes on
 * after its turn may put an older document back; it then sees that and mends it, and where it died,
 * the look of each minute does.
 */
import { instant } from '../elevation/ids.ts'
import type { AwsAnswer, RoleIn } from '../ports.ts'
import type { Deps } from './deps.ts'

export type RoleDenial =
  /** the role has it; `listed` are the sessions named one by one */
  | { readonly kind: 'written'; readonly listed: ReadonlySet<string> }
  /** another replica is at it */
  | { readonly kind: 'elsewhere' }
  | { readonly kind: 'failed'; readonly answer: Extract<AwsAnswer<null>, { ok: false }> }

export type DenyRole = (role: RoleIn) => Promise<RoleDenial>

/** Beyond it a cut denies all of the role that are as old as the last that is not listed. */
const mostIds = 120
/** Longer than an AWS call may take, so that its document has arrived before another's turn. */
const turnMs = 15_000
const mostWrites = 5

/** One write per role at a time; who asks during one waits for the next, which knows of them. */
export const roleDenier = (deps: Deps): DenyRole => {
  const running = new Map<string, Promise<RoleDenial>>()
  const waiting = new Map<string, Promise<RoleDenial>>()
  const begin = (role: RoleIn): Promise<RoleDenial> => {
    const writing = inTurn(deps, role).finally(() => running.delete(role.roleArn))
    running.set(role.roleArn, writing)
    return writing
  }
  return (role) => {
    const before = running.get(role.roleArn)
    if (before === undefined) return begin(role)
    const known = waiting.get(role.roleArn)
    if (known !== undefined) return known
    const next = Promise.allSettled([before]).then(() => {
      waiting.delete(role.roleArn)
      return begin(role)
    })
    waiting.set(role.roleArn, next)
    return next
  }
}

const inTurn = async (deps: Deps, role: RoleIn): Promise<RoleDenial> => {
  const { owner } = deps.settings
  const { roleArn } = role
  const now = deps.clock.now()
  const until = instant(now + turnMs)
  if (!(await deps.endings.takeRole({ roleArn, owner, now, until }))) return { kind: 'elsewhere' }
  try {
    return await write(deps, role, mostWrites)
  } finally {
    await deps.endings.giveRole(roleArn, owner)
  }
}

const write = async (deps: Deps, role: RoleIn, writes: number): Promise<RoleDenial> => {
  const wanted = await deps.endings.denySet(role.roleArn, deps.clock.now(), mostIds)
  const answer = await deps.sessions.denyEnded(role, wanted)
  if (!answer.ok) return { kind: 'failed', answer }
  deps.reached?.('denied')
  const now = await deps.endings.denySet(role.roleArn, deps.clock.now(), mostIds)
  if (JSON.stringify(now) === JSON.stringify(wanted) || writes === 1) {
    return { kind: 'written', listed: new Set(wanted.ids) }
  }
  return write(deps, role, writes - 1)
}

/**
 * Mends what is not as it should be on any role, and takes off what is over. What AWS does not do
 * now is tried again at the next look.
 */
export const denyAgain = async (deps: Deps, denyRole: DenyRole): Promise<void> => {
  for (const role of await deps.endings.deniedRoles()) {
    // of a version that did not note the region: it goes with its sessions' tokens
    const done = role.region === '' ? null : await denyRole(role)
    const isDone = done === null || done.kind === 'written'
    if (isDone) await deps.endings.forgetDenied(role.roleArn, deps.clock.now())
  }
}
