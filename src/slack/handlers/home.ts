/**
 * The home tab: published anew each time it is opened. Nobody the broker knows gets a word, no
 * list.
 */
import { identify } from '../identity.ts'
import type { Edge } from '../edge.ts'
import type { Home } from '../limits.ts'
import { type Account, readHomeOpened } from '../payloads.ts'
import { homeStranger, homeView } from '../views/home.ts'
import type { Handler } from './handler.ts'
import { overviewOf, recentOf } from './standing.ts'

const opened: Handler = {
  kind: 'event',
  name: 'app_home_opened',
  run: async (edge, body) => {
    const account = readHomeOpened(body)
    if (account !== null) await publishHome(edge, account)
  }
}

/** Draws the home tab of this account as it should be now. */
export const publishHome = async (edge: Edge, account: Account): Promise<void> => {
  const told = await edge.client.publishHome(account.user, await homeOf(edge, account))
  if (!told.ok) edge.logger.warn({ event: 'slack_home_not_shown', fault: told.fault })
}

const homeOf = async (edge: Edge, account: Account): Promise<Home> => {
  const found = await identify(edge, account)
  if (!found.ok) return homeStranger(found.words)
  const [{ mine, waiting }, recent] = await Promise.all([
    overviewOf(edge, found.person),
    recentOf(edge, found.person)
  ])
  return homeView({ mine, waiting, recent, now: edge.now() })
}

export const homeHandlers: readonly Handler[] = [opened]
