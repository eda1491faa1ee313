/** `ledger erase`: destroys what opens a person's commitments, for ever; the entry of it stays. */
import { type Api, objectOf, tell, text } from './api.ts'
import { type ExitCode, exits } from './exit.ts'
import { type Terminal, paint, plain } from './terminal.ts'

export const ledgerErase = async (
  api: Api,
  to: Terminal,
  { person, reason }: { readonly person: string; readonly reason: string }
): Promise<ExitCode> => {
  const answer = await api.post(`/v1/people/${encodeURIComponent(person)}/erase`, { reason })
  if (!answer.ok) return tell(to, answer)
  const { erased, entry } = objectOf(answer.body)
  if (to.json) {
    to.out(JSON.stringify(answer.body))
  } else if (erased === true) {
    to.out(`${paint(to, 'green', 'erased')}  ${plain(person)}  entry ${plain(text(entry))}`)
    to.out('Backups and exports made before still hold it; end those too.')
  } else {
    to.out(`Nothing of ${plain(person)} was there to erase. Is the id spelled right?`)
  }
  return exits.done
}
