/** `serve`: the broker until it is stopped; JSON lines on stdout are its log. */
import { pino } from 'pino'
import { type Environment, takeSecrets } from '../config-secrets.ts'
import { readConfig } from '../config.ts'
import { StartError } from '../start/error.ts'
import { type ExitCode, exits } from './exit.ts'
import type { Terminal } from './terminal.ts'
import { untilStopped } from './until-stopped.ts'

/** Nothing is lost by less: what is under way is recovered as after a crash. */
const longestStopMs = 20_000

/**
 * Exit 78 for bad configuration or policies (all of it at once), 69 where a port or folder is
 * taken. Takes the secrets out of `env`.
 */
export const serve = async (to: Terminal, env: Environment): Promise<ExitCode> => {
  const taken = takeSecrets(env)
  const read = readConfig(taken.env)
  if (!read.ok || taken.problems.length > 0) {
    for (const problem of [...taken.problems, ...(read.ok ? [] : read.problems)]) to.err(problem)
    return exits.config
  }
  // without a listener this signal opens Node's inspector, which reads all memory (nodejs.org,
  // process)
  process.on('SIGUSR1', () => {})
  const logger = pino({ level: read.config.logLevel, base: null })
  // loaded once there is something to start: bad configuration is told at once
  const { startBroker } = await import('../main.ts')
  try {
    const running = await startBroker(read.config, { logger })
    const { url, opsUrl, policyDigest } = running
    logger.info({ event: 'started', url, opsUrl, policyDigest, config: read.config })
    process.on('SIGHUP', () => {
      running.reload().catch((cause: unknown) => {
        const message = cause instanceof Error ? cause.message : 'not an error'
        logger.error({ event: 'reload_failed', message })
      })
    })
    const signal = await untilStopped()
    logger.info({ event: 'stopping', signal })
    setTimeout(() => {
      logger.error({ event: 'stop_cut_short' })
      process.exit(exits.unavailable)
    }, longestStopMs).unref()
    // Ctrl-C is somebody waiting; a service manager has a balancer that has to hear of it first
    if (signal === 'SIGTERM') await running.drain()
    await running.close()
    return exits.done
  } catch (error) {
    if (!(error instanceof StartError)) throw error
    for (const line of error.lines) to.err(line)
    return error.kind === 'config' ? exits.config : exits.unavailable
  }
}
