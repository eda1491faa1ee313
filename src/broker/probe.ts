/**
 * Seeing AWS refuse an ended session. No credentials are kept for it: STS makes new ones under the
 * same session name and session policy, which AWS tells from those given out by nothing that the
 * deny looks at, and they are dropped when they were tried. Only after the session was taken away.
 */
import type { Ending } from '../elevation/elevation.ts'
import { type Instant, instant } from '../elevation/ids.ts'
import { expiresBy, sessionDenied } from '../elevation/probing.ts'
import type { Result } from '../elevation/refusal.ts'
import { retryEnd } from '../elevation/transitions.ts'
import type { AwsAnswer, Stored } from '../ports.ts'
import type { Deps } from './deps.ts'
import { assumeParameters } from './plan.ts'
import { commit } from './record.ts'

/** One probe and what it came to, committed. */
export const probe = async (deps: Deps, from: Stored<Ending>): Promise<Result<Stored>> => {
  const { elevation } = from
  if (deps.clock.now() >= expiresBy(elevation)) return denied(deps, from, null)
  const tried = await tryOnce(deps, elevation)
  const now = deps.clock.now()
  if (!tried.ok) {
    const failed = `${tried.action} ${tried.name}`
    return commit(deps, from, retryEnd(elevation, failed, now))
  }
  const { accessKeyId, isRefused } = tried.value
  if (!isRefused) return commit(deps, from, retryEnd(elevation, 'session still allowed', now))
  return denied(deps, from, accessKeyId)
}

type Tried = { readonly accessKeyId: string; readonly isRefused: boolean }

const tryOnce = async (deps: Deps, { id, ask, intent }: Ending): Promise<AwsAnswer<Tried>> => {
  const of = { id, requester: ask.requester, intent }
  const parameters = assumeParameters(of, within(deps.clock.now(), intent.notAfter))
  if (!parameters.ok) {
    const { code: name } = parameters.refusal
    return { ok: false, kind: 'invalid', action: 'sts:AssumeRole', name, requestId: null }
  }
  const session = await deps.sessions.assume(parameters.value, intent.region)
  if (!session.ok) return session
  const [table = ''] = ask.tables
  const [database = ''] = table.split('.')
  const { region, workgroup } = intent
  const answer = await deps.probes.isRefused(session.value, { region, workgroup, database })
  const { accessKeyId } = session.value
  return answer.ok ? { ok: true, value: { accessKeyId, isRefused: answer.value } } : answer
}

/** Nothing is issued after the window but this, whose policy denies everything by then. */
const within = (now: Instant, notAfter: Instant): Instant => instant(Math.min(now, notAfter - 1))

const denied = async (
  deps: Deps,
  from: Stored<Ending>,
  accessKeyId: string | null
): Promise<Result<Stored>> => {
  const { elevation } = from
  const now = deps.clock.now()
  const done = await commit(deps, from, sessionDenied(elevation, { accessKeyId }, now))
  if (done.ok && elevation.how !== 'expired') {
    deps.meters?.revocation.observe((now - elevation.endingSince) / 1000)
  }
  deps.reached?.('probed')
  return done
}
