/** The elevation that an extension goes on from, looked at before the extension is used. */
import type { Ask } from '../elevation/elevation.ts'
import { refuse } from '../elevation/refusal.ts'
import type { Deps } from './deps.ts'

/**
 * Whether what the ask goes on from was taken away by somebody: whoever did that did not mean it to
 * go on. Given back early or over by itself, it may.
 */
export const isExtendedRevoked = async (
  deps: Pick<Deps, 'elevations'>,
  ask: Ask
): Promise<boolean> => {
  if (ask.extends === undefined) return false
  const from = (await deps.elevations.get(ask.extends.elevation))?.elevation
  return from !== undefined && 'how' in from && from.how === 'revoked'
}

/** Where that is so. */
export const extendedRevoked = refuse(
  'policy_denied',
  'The window that it extends was revoked, so it lapses. Ask anew if you still need access.'
)
