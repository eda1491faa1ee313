/**
 * Which callers a `Principal` element names, and how closely: the session itself, its role, or its
 * whole account. The difference decides what may still limit the permission.
 * Not understood: NotPrincipal, unique ids (`AROA…`), wildcards inside an ARN, canonical users.
 * Source: IAM User Guide, "AWS JSON policy elements: Principal", "Policy evaluation logic".
 */
import type { OneOrMany, Principal, PrincipalBlock } from './policy-document.ts'

/**
 * direct: the session, the user, the service or everyone; no implicit deny limits what it gets.
 * role: limited by session policy and boundary. account: only delegates to identity policies.
 */
export type Level = 'direct' | 'role' | 'account'

export type Naming = {
  readonly level: Level | null
  /** entries that might name the caller; they count only where no other entry does */
  readonly unknown: readonly string[]
}

/** How closely the element names this caller; null: not at all, as far as is known. */
export const namedBy = (block: PrincipalBlock, caller: Principal): Naming => {
  if (typeof block === 'string') return closest([nameEntry('AWS', block, caller)])
  return closest(
    Object.entries(block).flatMap(([type, values]) =>
      list(values).map((value) => nameEntry(type, value, caller))
    )
  )
}

/** The level at which one principal string (also a grant's grantee) names the caller. */
export const levelOf = (value: string, caller: Principal): Level | null => {
  if (caller.kind === 'service') return null
  if (value === caller.arn) return 'direct'
  if (caller.kind === 'session' && value === caller.roleArn) return 'role'
  const account = /^(?:arn:[a-z-]+:iam::)?([0-9]{12})(?::root)?$/.exec(value)
  const whole = account !== null && value.startsWith('arn:') === value.endsWith(':root')
  return whole && account[1] === caller.account ? 'account' : null
}

const nameEntry = (type: string, value: string, caller: Principal): Naming => {
  if (type === 'Service') {
    const same = caller.kind === 'service' && caller.service === value
    return { level: same ? 'direct' : null, unknown: [] }
  }
  // a web identity or SAML provider can only call sts:AssumeRoleWith…, never these callers
  if (type === 'Federated') return { level: null, unknown: [] }
  if (type !== 'AWS') return { level: null, unknown: [`principal type ${type}`] }
  if (value === '*') return anyone(caller)
  const level = levelOf(value, caller)
  const form = /^(?:[0-9]{12}|arn:[a-z-]+:(?:iam|sts)::[^*?$]+)$/
  const understood = level !== null || form.test(value)
  return { level, unknown: understood ? [] : [`principal ${value}`] }
}

/** AWS does not say that `*` covers service principals. */
const anyone = (caller: Principal): Naming =>
  caller.kind === 'service'
    ? { level: null, unknown: ['principal * for a service'] }
    : { level: 'direct', unknown: [] }

const closest = (namings: readonly Naming[]): Naming => {
  const levels = namings.map((naming) => naming.level)
  const order: readonly Level[] = ['direct', 'role', 'account']
  return {
    level: order.find((level) => levels.includes(level)) ?? null,
    unknown: namings.flatMap((naming) => naming.unknown)
  }
}

const list = (value: OneOrMany<string>): readonly string[] =>
  typeof value === 'string' ? [value] : value
