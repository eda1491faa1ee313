/** `ledger tail`: entries as they come, one line each; with `--json` the entry's document. */
import { setTimeout as wait } from 'node:timers/promises'
import { parseCheckpointText } from '../ledger/checkpoint.ts'
import { parseNote } from '../ledger/note.ts'
import { type FileApi, type Json, type Refused, objectOf, tell, text } from './api.ts'
import { type ExitCode, exits } from './exit.ts'
import { patiently } from './ledger-fetch.ts'
import { type Terminal, paint, plain } from './terminal.ts'

export type TailOptions = {
  /** index to start at; default: the last ten */
  readonly from?: number
  /** false: what there is, and no waiting for more */
  readonly follow: boolean
}

const pollMs = 1000
const page = 100
const shownBefore = 10n

/** Goes on until it is stopped; without `follow` exit 0 at the end of what there is. */
export const ledgerTail = async (
  api: FileApi,
  to: Terminal,
  options: TailOptions
): Promise<ExitCode> => {
  const start = options.from ?? (await lately(api))
  if (typeof start !== 'number') return tell(to, start)
  let from = start
  for (;;) {
    const answer = await patiently(() => api.get(`/v1/ledger/entries?from=${from}&limit=${page}`))
    if (!answer.ok) return tell(to, answer)
    const found = answer.body['entries']
    const rows = Array.isArray(found) ? found.map(objectOf) : []
    for (const row of rows) to.out(to.json ? JSON.stringify(row) : lineOf(to, row))
    from += rows.length
    if (rows.length === page) continue
    if (!options.follow) return exits.done
    await wait(pollMs)
  }
}

/** Ten before the end of the signed log. */
const lately = async (api: FileApi): Promise<number | Refused> => {
  const answer = await patiently(() => api.bytes('/v1/ledger/checkpoint'))
  if (!answer.ok) return answer
  const note = parseNote(answer.bytes)
  const size = (note && parseCheckpointText(note.text)?.size) ?? 0n
  return Number(size > shownBefore ? size - shownBefore : 0n)
}

const lineOf = (to: Terminal, row: Json): string => {
  const { type, actor, at, elevation, data } = objectOf(row['body'])
  const about = text(elevation) || text(objectOf(data)['elevation'])
  const [index, what, who] = [text(row['index']), text(type), text(actor)].map(plain)
  const line = `${index?.padStart(6)}  ${plain(text(at))}  ${what?.padEnd(20)}  ${who?.padEnd(12)}  ${plain(about)}`
  return to.colour && what === 'attempt.refused' ? paint(to, 'yellow', line) : line.trimEnd()
}
