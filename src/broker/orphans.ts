/**
 * Grants of the broker's own making that no open elevation accounts for: of a store that was put
 * back, or of a process that slept through its lease in the middle of a call. A grant is an orphan
 * when two looks, the second on its key and at least a settle time after the first, both find it
 * and the store knows no elevation of its name that issues, is active or ends. It is written down
 * and then revoked, at each look again until it is gone. Grants of other names are never touched.
 */
import type { State } from '../elevation/elevation.ts'
import { type ElevationId, type Instant, parseElevationId } from '../elevation/ids.ts'
import type { RetirableGrant, RetirableGrants } from '../ports-orphans.ts'
import type { Deps } from './deps.ts'
import { entryOf } from './record.ts'

/** What one look came to; `failed` are the AWS calls that were not answered, to be told. */
export type OrphanLook = {
  readonly revoked: number
  readonly suspects: number
  readonly failed: readonly string[]
}

/** A search that remembers its suspects from one look to the next. */
export const orphanSearch = (deps: Deps, grants: RetirableGrants): (() => Promise<OrphanLook>) => {
  let seen: ReadonlyMap<string, Instant> = new Map()
  return async () => {
    const now = deps.clock.now()
    const { found, failed } = await ownGrants(deps, grants)
    const suspects = await filterAsync(found, (grant) => isUnaccounted(deps, grant))
    const known = seen
    seen = new Map(suspects.map(({ grantId }) => [grantId, known.get(grantId) ?? now]))
    const settled = now - deps.settings.settleSeconds * 1000
    const ripe = suspects.filter(({ grantId }) => (known.get(grantId) ?? now) <= settled)
    let revoked = 0
    const failures = [...failed]
    for (const grant of ripe) {
      const outcome = await end(deps, grant)
      if (outcome === null) revoked += 1
      else if (outcome !== 'gone') failures.push(outcome)
    }
    return { revoked, suspects: suspects.length, failed: failures }
  }
}

const openStates: ReadonlySet<State> = new Set(['issuing', 'active', 'ending'] as const)

/**
 * Of every region of the policy; what another region does not answer keeps none from being looked
 * at.
 */
const ownGrants = async (
  deps: Deps,
  grants: RetirableGrants
): Promise<{ readonly found: readonly RetirableGrant[]; readonly failed: readonly string[] }> => {
  const regions = new Set([...deps.policy().targets.values()].map(({ region }) => region))
  const found: RetirableGrant[] = []
  const failed: string[] = []
  for (const region of regions) {
    const answer = await grants.retirable(region, deps.settings.brokerRoleArn)
    if (answer.ok) found.push(...answer.value.filter(({ name }) => elevationOf(name) !== null))
    else failed.push(`${answer.action} ${answer.name}`)
  }
  return { found, failed }
}

const elevationOf = (name: string): ElevationId | null => {
  const [prefix, id, ...rest] = name.split('/')
  return prefix === 'jit' && id !== undefined && rest.length > 0 ? parseElevationId(id) : null
}

const isUnaccounted = async (deps: Deps, { name }: RetirableGrant): Promise<boolean> => {
  const id = elevationOf(name)
  if (id === null) return false
  const stored = await deps.elevations.get(id)
  return stored === null || !openStates.has(stored.elevation.state)
}

/**
 * The second look, the entry, the end: null = revoked, `gone` = there was nothing left, else why
 * not.
 */
const end = async (deps: Deps, grant: RetirableGrant): Promise<string | null> => {
  const { keyArn, grantId, name } = grant
  const look = await deps.grants.find(keyArn, name)
  if (!look.ok) return `${look.action} ${look.name}`
  if (!look.value.some((one) => one.grantId === grantId)) return 'gone'
  if (!(await isUnaccounted(deps, grant))) return 'gone'
  await record(deps, grant)
  deps.reached?.('orphan-recorded')
  const revoked = await deps.grants.revoke(keyArn, grantId)
  return revoked.ok ? null : `${revoked.action} ${revoked.name}`
}

/** One entry for a grant, however many replicas and looks come to it. */
const record = (deps: Deps, { keyArn, grantId, name }: RetirableGrant): Promise<void> =>
  deps.ledger.append([
    entryOf(deps, `orphan:${grantId}`, {
      type: 'grant.orphaned',
      at: deps.clock.now(),
      actor: 'broker',
      // it may be one that this store has never heard of
      elevation: null,
      target: null,
      policyDigest: deps.policy().digest,
      data: { elevation: elevationOf(name), name, grantId, key: keyArn }
    })
  ])

const filterAsync = async <T>(
  items: readonly T[],
  holds: (item: T) => Promise<boolean>
): Promise<readonly T[]> => {
  const kept: T[] = []
  for (const item of items) if (await holds(item)) kept.push(item)
  return kept
}
