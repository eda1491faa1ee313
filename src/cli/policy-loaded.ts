/** The policy of a folder for a command that needs a valid one. */
import type { Policy } from '../policy/policy.ts'
import { loadFolder } from '../policy-folder.ts'
import { type Terminal, plain } from './terminal.ts'

/** Null after every issue was told on stderr, which is exit 78. */
export const policyIn = async (to: Terminal, folder: string): Promise<Policy | null> => {
  const loaded = await loadFolder(folder)
  if (loaded.ok) return loaded.policy
  for (const line of loaded.lines) to.err(plain(line))
  return null
}
