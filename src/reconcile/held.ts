/**
 * What the ledger holds of each elevation that was issued: its session, window, grants and queries.
 * Folded from entries in their order; entries of other kinds do not matter.
 */
import type { EntryBody } from '../ledger/envelope.ts'

export type HeldGrant = { readonly name: string; readonly key: string; id: string | null }

export type Held = {
  readonly id: string
  readonly target: string
  readonly sessionName: string
  readonly role: string
  readonly brokered: boolean
  /** epoch milliseconds: intent written */
  readonly from: number
  /** the end by the session policy, or when access was known to be removed, whichever is earlier */
  until: number
  isIssued: boolean
  readonly grants: readonly HeldGrant[]
  /** Athena's ids of queries that the guardrails let pass */
  readonly queries: Set<string>
  /** queries let pass whose Athena id is not known (yet) */
  unended: number
}

export type Ledger = {
  readonly held: ReadonlyMap<string, Held>
  /** when its newest entry was made; 0 = it has none */
  readonly newest: number
}

export type Fold = { readonly add: (entry: EntryBody) => void; readonly ledger: () => Ledger }

export const foldLedger = (): Fold => {
  const held = new Map<string, Held>()
  const modes = new Map<string, boolean>()
  let newest = 0
  const add = (entry: EntryBody): void => {
    const { type, elevation, data } = entry
    const at = Date.parse(entry.at)
    newest = Math.max(newest, at)
    if (elevation === null) return
    if (type === 'elevation.requested') modes.set(elevation, data['mode'] !== 'credentials')
    if (type === 'issue.intent') {
      const sessionName = textOf(data['sessionName'])
      const role = textOf(data['role'])
      const until = Date.parse(textOf(data['notAfter']))
      const brokered = modes.get(elevation) ?? true
      modes.delete(elevation)
      held.set(elevation, {
        id: elevation,
        target: entry.target ?? '',
        sessionName,
        role,
        brokered,
        from: at,
        until,
        isIssued: false,
        grants: list(data['grants']).map((one) => {
          return { name: memberOf(one, 'name'), key: memberOf(one, 'key'), id: null }
        }),
        queries: new Set(),
        unended: 0
      })
    }
    const one = held.get(elevation)
    if (one === undefined) return
    if (type === 'session.issued') issue(one, data['grants'])
    if (type === 'access.removed') one.until = Math.min(one.until, at)
    if (type === 'query.allowed') one.unended += 1
    if (type === 'query.ended') {
      const athena = data['athena']
      if (typeof athena === 'string') one.queries.add(athena)
      one.unended -= 1
    }
  }
  return { add, ledger: () => ({ held, newest }) }
}

const issue = (one: Held, grants: unknown): void => {
  one.isIssued = true
  for (const made of list(grants)) {
    const grant = one.grants.find(({ name }) => name === memberOf(made, 'name'))
    if (grant !== undefined) grant.id = memberOf(made, 'grantId')
  }
}

const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')

const memberOf = (value: unknown, key: string): string =>
  typeof value === 'object' && value !== null
    ? textOf(Object.entries(value).find(([name]) => name === key)?.[1])
    : ''
