/** Loads the policy folder and follows its edits; each change is in the ledger before it counts. */
import type { Logger } from 'pino'
import type { Deps } from '../broker/deps.ts'
import { policyChanged, policyRefused } from '../broker/policy-changes.ts'
import type { Policy } from '../policy/policy.ts'
import { loadFolder } from '../policy-folder.ts'
import { type PolicyWatch, pollSeconds, watchPolicies } from '../policy-watch.ts'
import { StartError } from './error.ts'

/** The policy of a folder; every issue at once as a StartError. */
export const startPolicy = async (folder: string, logger: Logger): Promise<Policy> => {
  const loaded = await loadFolder(folder)
  if (!loaded.ok) throw new StartError('config', loaded.lines)
  for (const warning of loaded.warnings) logger.warn({ event: 'policy_warning', warning })
  return loaded.policy
}

/** Edits of the folder take effect when the ledger has them; a broken one keeps what was good. */
export const watchFolder = (
  folder: string,
  {
    deps,
    policy,
    logger
  }: { readonly deps: Deps; readonly policy: Policy; readonly logger: Logger }
): PolicyWatch =>
  watchPolicies({
    folder,
    current: { policy, loadedAt: deps.clock.now() },
    now: () => deps.clock.now(),
    every: (look) => {
      const timer = setInterval(() => void look(), pollSeconds * 1000)
      return { clear: () => clearInterval(timer) }
    },
    changed: async ({ from, to, warnings }) => {
      await policyChanged(deps, { from, to })
      logger.info({ event: 'policy_changed', from: from.digest, to: to.digest, warnings })
    },
    refused: async ({ kept, issues, lines }) => {
      logger.error({ event: 'policy_refused', kept: kept.digest, issues: lines })
      await policyRefused(deps, { kept, issues })
    },
    restored: async ({ digest }) => {
      logger.info({ event: 'policy_restored', digest })
    },
    failed: (cause) => {
      const message = cause instanceof Error ? cause.message : 'not an error'
      logger.error({ event: 'policy_look_failed', message })
    }
  })

/** The check of `/readyz`: throws while the last edit was refused. */
export const goodOrThrow = (policies: PolicyWatch): void => {
  const state = policies.state()
  if (state.kind === 'kept') throw new Error(state.lines[0] ?? 'the last edit was refused')
}
