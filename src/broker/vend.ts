/**
 * Credentials of one's own elevation: an approved one starts here, an active one gets fresh ones,
 * the same session name, never beyond notAfter. They are never stored.
 */
import { type Result, refuse } from '../elevation/refusal.ts'
import { vended } from '../elevation/transitions.ts'
import { mayStillIssue } from '../policy/decide.ts'
import { awsRefused, deliver, issue } from './activate.ts'
import { policyDenied } from './ask.ts'
import type { Caller, Vended } from './broker.ts'
import type { Deps } from './deps.ts'
import { findOwn } from './find.ts'
import { lockedOut } from './locked.ts'
import { assumeParameters } from './plan.ts'
import { commit } from './record.ts'

export const credentials = async (
  deps: Deps,
  caller: Caller,
  id: string
): Promise<Result<Vended>> => {
  const { person } = caller
  const found = await findOwn(deps, person, id)
  if (!found.ok) return found
  const { elevation } = found.value
  if (elevation.terms.mode === 'brokered') return stayInside
  if (elevation.state === 'approved') return issue(deps, caller, { ...found.value, elevation })
  if (elevation.state === 'ending' || elevation.state === 'ended') {
    return refuse('ended', 'The window is over. Ask again if you still need it.')
  }
  if (elevation.state !== 'active') {
    return refuse(
      'not_active',
      `It is ${elevation.state}; only an active elevation has credentials.`
    )
  }
  const { ask, terms } = elevation
  const circumstances = { now: deps.clock.now(), stage: { kind: 'vend' } } as const
  const still = mayStillIssue(deps.policy(), terms, ask, circumstances)
  if (still.kind === 'deny') return policyDenied(still)
  if (still.terms.mode === 'brokered') return stayInside
  const locked = await lockedOut(deps, elevation)
  if (locked) return locked
  const { intent } = elevation
  const parameters = assumeParameters(
    { id: elevation.id, requester: person, intent },
    deps.clock.now()
  )
  if (!parameters.ok) return parameters
  const session = await deps.sessions.assume(parameters.value, intent.region)
  if (!session.ok) return awsRefused(session)
  deps.reached?.('vend-assumed')
  const from = { ...found.value, elevation }
  const taken = vended(elevation, session.value.accessKeyId, deps.clock.now())
  const done = await commit(deps, from, taken)
  if (!done.ok) return done
  deps.reached?.('vend-committed')
  return deliver(deps, done.value, session.value)
}

const stayInside = refuse(
  'brokered_mode',
  'Its credentials stay inside the broker: run queries with `sallyport query`. Nothing was given out.'
)
