/** lock, unlock, locks: stops a person, a target or everything at once, and lets it go on. */
import { type Json, type TakingApi, objectOf, tell, text } from './api.ts'
import { type ExitCode, exits } from './exit.ts'
import { type Terminal, paint, plain, table } from './terminal.ts'

export type LockOptions = {
  readonly person?: string
  readonly target?: string
  readonly all?: true
  readonly reason: string
}

export const lock = async (api: TakingApi, to: Terminal, of: LockOptions): Promise<ExitCode> => {
  if (!namesOne(to, of)) return exits.usage
  const answer = await api.post('/v1/locks', of)
  if (!answer.ok) return tell(to, answer)
  if (to.json) {
    to.out(JSON.stringify(answer.body))
    return exits.done
  }
  const since = `by ${text(answer.body['by'])} since ${text(answer.body['at'])}`
  if (answer.body['isNew'] !== true) {
    to.out(`${nameOf(answer.body)} was locked already, ${plain(since)}; nothing was changed.`)
    return exits.done
  }
  to.out(`${paint(to, 'red', 'locked')}  ${nameOf(answer.body)}`)
  to.out('Nothing is issued any more; what is open ends now: `sallyport status` shows it.')
  return exits.done
}

export const unlock = async (api: TakingApi, to: Terminal, of: LockOptions): Promise<ExitCode> => {
  if (!namesOne(to, of)) return exits.usage
  const answer = await api.delete('/v1/locks', of)
  if (!answer.ok) return tell(to, answer)
  if (to.json) {
    to.out(JSON.stringify(answer.body))
    return exits.done
  }
  to.out(`${paint(to, 'green', 'unlocked')}  ${nameOf(answer.body)}`)
  to.out('What the lock ended stays ended; it can be asked for again.')
  return exits.done
}

export const locks = async (api: TakingApi, to: Terminal): Promise<ExitCode> => {
  const answer = await api.get('/v1/locks')
  if (!answer.ok) return tell(to, answer)
  const found = answer.body['locks']
  const rows = Array.isArray(found) ? found.map(objectOf) : []
  if (to.json) {
    for (const row of rows) to.out(JSON.stringify(row))
    return exits.done
  }
  if (rows.length === 0) {
    to.out('Nothing is locked.')
    return exits.done
  }
  const cells = rows.map((row) => [nameOf(row), text(row['by']), text(row['at'])])
  table(to, ['LOCKED', 'BY', 'SINCE'], cells)
  return exits.done
}

const namesOne = (to: Terminal, { person, target, all }: LockOptions): boolean => {
  const isOne = [person, target, all].filter((one) => one !== undefined).length === 1
  if (!isOne) to.err('Name one of --person, --target and --all.')
  return isOne
}

const nameOf = ({ scope, person, target }: Json): string =>
  scope === 'all' ? 'everything' : plain(`${text(scope)} ${text(person) || text(target)}`)
