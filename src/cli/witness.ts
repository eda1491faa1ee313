/**
 * `witness`: a second team's witness of our log, or of anybody's: it cosigns what continues and
 * refuses what forks or goes back. JSON lines on stderr tell what it answered.
 */
import { nodePrimitives } from '../ledger/hash.ts'
import { type VerifierKey, isKeyName, parseVerifierKey } from '../ledger/note.ts'
import { StartError } from '../start/error.ts'
import { type RunningWitness, startWitness } from '../start/witness.ts'
import { type ExitCode, exits } from './exit.ts'
import { type Terminal, paint } from './terminal.ts'
import { untilStopped } from './until-stopped.ts'

export type WitnessOptions = {
  readonly logKey: readonly string[]
  readonly dir: string
  readonly name: string
  readonly host: string
  readonly port: number
}

/** Runs until it is stopped. Exit 2 for a key that is none, 69 where folder or port is taken. */
export const witness = async (
  to: Terminal,
  options: WitnessOptions,
  stopped: () => Promise<unknown> = untilStopped
): Promise<ExitCode> => {
  const { dir: folder, name, host, port } = options
  const logKeys: VerifierKey[] = []
  for (const text of options.logKey) {
    const key = await parseVerifierKey(text.trim(), nodePrimitives)
    if (key === null) {
      to.err('--log-key is the verifier key of a log, NAME+ID+BASE64.')
      return exits.usage
    }
    logKeys.push(key)
  }
  if (!isKeyName(name)) {
    to.err('--name has no white space and no plus sign, such as witness.example/w1.')
    return exits.usage
  }
  let running: RunningWitness
  try {
    const told = (line: object): void => to.err(JSON.stringify(line))
    running = await startWitness({ folder, name, logKeys, host, port, told, now: () => Date.now() })
  } catch (error) {
    if (!(error instanceof StartError)) throw error
    for (const line of error.lines) to.err(line)
    return exits.unavailable
  }
  const { url, key } = running
  if (to.json) to.out(JSON.stringify({ url, key, folder, origins: logKeys.map((one) => one.name) }))
  else {
    to.out(`${paint(to, 'bold', 'A witness')} at ${url}/add-checkpoint. Whoever runs the log sets:`)
    to.out(`SALLYPORT_WITNESS_URL=${url}`)
    to.out(`SALLYPORT_WITNESS_VKEY=${key}`)
  }
  await stopped()
  await running.close()
  return exits.done
}
