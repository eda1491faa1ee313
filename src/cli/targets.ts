/** `targets`: what one may ask for; with an id, its tables and columns as they are now. */
import { printDuration } from '../elevation/duration.ts'
import { seconds } from '../elevation/ids.ts'
import { type Api, type Json, objectOf, tell, text } from './api.ts'
import { type ExitCode, exits } from './exit.ts'
import { type Terminal, paint, plain, table, wrap } from './terminal.ts'

const widest = 98

/** Exit 0 with what was found, the refusal's code otherwise. */
export const targets = async (
  api: Api,
  to: Terminal,
  id: string | undefined
): Promise<ExitCode> => {
  const path = id === undefined ? '/v1/targets' : `/v1/targets/${encodeURIComponent(id)}`
  const answer = await api.get(path)
  if (!answer.ok) return tell(to, answer)
  if (id === undefined) showAll(to, listOf(answer.body['targets']))
  else if (to.json) to.out(JSON.stringify(answer.body))
  else showOne(to, answer.body)
  return exits.done
}

const showAll = (to: Terminal, found: readonly Json[]): void => {
  if (to.json) {
    for (const target of found) to.out(JSON.stringify(target))
    return
  }
  if (found.length === 0) {
    to.out('There is nothing you may ask for. Whoever keeps the policies can tell why.')
    return
  }
  const rows = found.flatMap((target) =>
    listOf(target['rules']).map((rule) => [
      text(target['target']),
      short(text(target['workgroup']), 20),
      short(text(target['classification']), 12),
      text(rule['mode']),
      lengthOf(rule['maxDuration'])
    ])
  )
  table(to, ['TARGET', 'WORKGROUP', 'CLASS', 'MODE', 'UP TO'], rows)
  to.out('next: `sallyport targets TARGET` shows its tables and columns')
}

const showOne = (to: Terminal, target: Json): void => {
  const about = ['classification', 'workgroup', 'region'].map((name) => text(target[name]))
  say(to, `${text(target['target'])}: ${about.join(', ')}`)
  for (const rule of listOf(target['rules'])) {
    const terms = `${text(rule['mode'])}, up to ${lengthOf(rule['maxDuration'])}`
    say(to, `rule ${text(rule['rule'])}: ${terms}`)
  }
  const catalog = objectOf(target['catalog'])
  for (const one of listOf(catalog['tables'])) showTable(to, one)
  const missing = textsOf(catalog['missing'])
  if (missing.length > 0) {
    to.out('')
    say(to, `named by the target, but not in the catalog: ${missing.join(', ')}`)
  }
}

const showTable = (to: Terminal, one: Json): void => {
  const keys = textsOf(one['partitionKeys'])
  const partitioned = keys.length === 0 ? '' : `, partitioned by ${keys.join(', ')}`
  to.out('')
  to.out(paint(to, 'bold', short(text(one['table']), widest)))
  say(to, `${text(one['type'])}${partitioned}`)
  const rows = listOf(one['columns']).map((column) => [
    short(text(column['name']), 48),
    text(column['type']),
    short(text(column['class']) || '-', 16)
  ])
  table(to, ['COLUMN', 'TYPE', 'CLASS'], rows)
}

const say = (to: Terminal, sentence: string): void => {
  for (const line of wrap(sentence, widest)) to.out(short(line, widest))
}

const listOf = (value: unknown): readonly Json[] =>
  Array.isArray(value) ? value.map(objectOf) : []

const textsOf = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.map(text) : []

const short = (long: string, width: number): string => {
  const shown = plain(long)
  return shown.length > width ? `${shown.slice(0, width - 1)}…` : shown
}

const lengthOf = (value: unknown): string =>
  typeof value === 'number' && Number.isSafeInteger(value) && value > 0
    ? printDuration(seconds(value))
    : ''
