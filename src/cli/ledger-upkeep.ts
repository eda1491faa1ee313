/** `ledger accept-restore`, `rotate-key` and `backup`: an operator's acts on the ledger itself. */
import { type Api, tell, text } from './api.ts'
import { type ExitCode, exits } from './exit.ts'
import { type Terminal, paint, plain } from './terminal.ts'

export type UpkeepAct = {
  readonly verb: 'accept-restore' | 'rotate-key' | 'backup'
  readonly reason: string
}

export const upkeep = async (api: Api, to: Terminal, act: UpkeepAct): Promise<ExitCode> => {
  const { verb, reason } = act
  const answer = await api.post(`/v1/ledger/${verb}`, { reason })
  if (!answer.ok) return tell(to, answer)
  if (to.json) {
    to.out(JSON.stringify(answer.body))
    return exits.done
  }
  if (verb === 'rotate-key') {
    to.out(`${paint(to, 'green', 'changed')}  the new key, for whoever verifies or witnesses:`)
    to.out(plain(text(answer.body['key'])))
    return exits.done
  }
  if (verb === 'backup') {
    to.out(`${paint(to, 'green', 'copied')}  ${plain(text(answer.body['file']))}`)
    to.out('The keys are not in it: keep ledger.key and personal.key apart from it.')
    return exits.done
  }
  const size = plain(text(answer.body['size']))
  to.out(`${paint(to, 'green', 'accepted')}  the ledger goes on from ${size} entries, and says so.`)
  return exits.done
}
