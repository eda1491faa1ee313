/**
 * `session-policy`: exactly what AWS would be sent for a target, without asking anyone: the same
 * plan that issuing uses. Reads the policies folder, calls nothing.
 */
import {
  instant,
  parseElevationId,
  parsePersonId,
  parseTargetId,
  seconds
} from '../elevation/ids.ts'
import { tablesOf } from '../elevation/target.ts'
import { assumeParameters, plan } from '../broker/plan.ts'
import type { Policy } from '../policy/policy.ts'
import { loadFolder } from '../policy-folder.ts'
import { type ExitCode, exits } from './exit.ts'
import { type Terminal, paint, wrap } from './terminal.ts'

export type SessionPolicyOptions = {
  readonly target: string
  readonly tables?: readonly string[]
  readonly notAfter: string
  readonly elevation: string
  readonly policies: string
  /** default: the role `sallyport-broker` of the target's account */
  readonly brokerRole?: string
  /** whose session; default a placeholder */
  readonly as?: string
  readonly now: number
}

const isoInstant = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,3})?Z$/

/**
 * Exit 0 with the parameters, 1 where the policy cannot be made, 2 for bad options, 78 for bad
 * policies.
 */
export const sessionPolicy = async (
  to: Terminal,
  options: SessionPolicyOptions
): Promise<ExitCode> => {
  const id = parseElevationId(options.elevation)
  const written = isoInstant.test(options.notAfter) ? Date.parse(options.notAfter) : Number.NaN
  const end = Math.floor(written / 1000) * 1000
  if (id === null) return usage(to, '--elevation is a ULID: 26 characters of 0-9 A-Z')
  if (Number.isNaN(end)) return usage(to, '--not-after is UTC like 2026-11-21T10:15:00Z')
  const requester = parsePersonId(options.as ?? 'requester')
  if (requester === null) return usage(to, '--as is a person id of the directory')
  const policy = await policyIn(to, options.policies)
  if (policy === null) return exits.config
  const wanted = parseTargetId(options.target)
  const target = wanted === null ? undefined : policy.targets.get(wanted)
  if (!target) {
    to.err(
      `no target ${JSON.stringify(options.target)}; there are: ${[...policy.targets.keys()].join(', ')}`
    )
    return exits.refused
  }
  // at any moment before notAfter the plan is the same but for the session's length
  const window = seconds(Math.min(3600, Math.max(1, Math.floor((end - options.now) / 1000))))
  const now = instant(end - window * 1000)
  const tables = options.tables ?? tablesOf(target)
  const brokerRoleArn = options.brokerRole ?? defaultBrokerRole(target.role)
  const planned = plan({ elevation: id, target, tables, window, brokerRoleArn, now })
  if (!planned.ok) return refused(to, planned.refusal)
  const assume = assumeParameters({ id, requester, intent: planned.value.intent }, now)
  if (!assume.ok) return refused(to, assume.refusal)
  const { sessionPolicy: text } = planned.value.intent
  const shown = {
    assumeRole: assume.value,
    grants: planned.value.grants,
    policyCharacters: text.length
  }
  if (to.json) {
    to.out(JSON.stringify(shown))
    return exits.done
  }
  to.out(paint(to, 'bold', `session policy, ${text.length} of 2048 characters`))
  to.out(JSON.stringify(JSON.parse(text), null, 2))
  to.out(paint(to, 'bold', 'AssumeRole'))
  to.out(JSON.stringify({ ...assume.value, Policy: '(above)' }, null, 2))
  to.out(paint(to, 'bold', `CreateGrant, ${planned.value.grants.length} times`))
  for (const grant of planned.value.grants) to.out(JSON.stringify(grant, null, 2))
  return exits.done
}

const policyIn = async (to: Terminal, folder: string): Promise<Policy | null> => {
  const loaded = await loadFolder(folder)
  if (loaded.ok) return loaded.policy
  for (const line of loaded.lines) to.err(line)
  return null
}

const defaultBrokerRole = (roleArn: string): string =>
  `${roleArn.slice(0, roleArn.indexOf(':role/'))}:role/sallyport-broker`

const usage = (to: Terminal, message: string): ExitCode => {
  to.err(message)
  return exits.usage
}

const refused = (
  to: Terminal,
  refusal: { readonly code: string; readonly message: string }
): ExitCode => {
  for (const line of wrap(`${refusal.code}: ${refusal.message}`, 98)) to.err(line)
  return exits.refused
}
