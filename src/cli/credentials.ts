/**
 * `credentials ID`: what an AWS profile's `credential_process` expects on stdout (AWS SDKs and
 * Tools Reference Guide, "Process credential provider"). Starts the window where it is only
 * approved.
 */
import { type Api, tell } from './api.ts'
import { type ExitCode, exits } from './exit.ts'
import type { Terminal } from './terminal.ts'

const fields = ['Version', 'AccessKeyId', 'SecretAccessKey', 'SessionToken', 'Expiration'] as const

/** Prints the five fields and nothing else; a refusal goes to stderr. */
export const credentials = async (api: Api, to: Terminal, id: string): Promise<ExitCode> => {
  const answer = await api.post(`/v1/elevations/${encodeURIComponent(id)}/credentials`)
  if (!answer.ok) return tell(to, answer)
  to.out(JSON.stringify(Object.fromEntries(fields.map((field) => [field, answer.body[field]]))))
  return exits.done
}
