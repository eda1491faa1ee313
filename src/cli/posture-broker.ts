/**
 * `posture findings` and `posture scan`: what the running broker knows to be out of line, and a
 * look now. Who sees what is the broker's to say.
 */
import { setTimeout as wait } from 'node:timers/promises'
import type { Command } from 'commander'
import { type Api, type Json, api, objectOf, tell, text } from './api.ts'
import { type ExitCode, exits } from './exit.ts'
import type { RunCommand } from './policy.ts'
import { type Terminal, paint, plain, table, wrap } from './terminal.ts'

/** Adds both to `posture`. */
export const addBrokerCommands = (posture: Command, run: RunCommand): void => {
  posture
    .command('findings')
    .description('what is open as the broker knows it (auditors, operators, security, owners)')
    .option('--target <id>', 'only what touches it')
    .option('--json', 'one JSON document per finding')
    .action((options) => run(options, (to) => postureFindings(api(process.env), to, options)))

  posture
    .command('scan')
    .description('has the broker look now (operators)')
    .option('--wait', 'until it has')
    .option('--json', 'one JSON document')
    .action((options) => run(options, (to) => postureScan(api(process.env), to, options)))
}

/** Exit 1 where anything is open that nobody waived. */
export const postureFindings = async (
  broker: Api,
  to: Terminal,
  { target }: { readonly target?: string }
): Promise<ExitCode> => {
  const query = target === undefined ? '' : `?target=${encodeURIComponent(target)}`
  const answer = await broker.get(`/v1/posture/findings${query}`)
  if (!answer.ok) return tell(to, answer)
  const rows = findingsIn(answer.body)
  const open = rows.filter(({ waiver }) => objectOf(waiver)['state'] !== 'holds')
  const code = open.length > 0 ? exits.refused : exits.done
  if (to.json) {
    for (const row of rows) to.out(JSON.stringify(row))
    return code
  }
  const at = text(answer.body['at'])
  to.out(at === '' ? 'Nobody has looked yet.' : `Looked at ${plain(at)}.`)
  if (rows.length === 0) return code
  const cells = rows.map((row) => [
    text(row['severity']),
    text(row['code']),
    text(row['resource']).split(':').slice(5).join(':') || text(row['resource']),
    text(row['firstSeen']).slice(0, 10)
  ])
  table(to, ['SEVERITY', 'FINDING', 'RESOURCE', 'SINCE'], cells.map((row) => row.map(plain)))
  for (const row of open.slice(0, 1)) {
    const mend = objectOf(row['mend'])['cli']
    to.out(`\n${plain(text(row['title']))}: ${plain(text(row['shows']))}. What mends it:`)
    for (const line of Array.isArray(mend) ? mend.map(text) : []) {
      to.out(`  ${paint(to, 'dim', wrap(line, Infinity).join(' '))}`)
    }
  }
  return code
}

const deadlineMs = 600_000

/** Exit 69 where it takes longer than ten minutes. */
export const postureScan = async (
  broker: Api,
  to: Terminal,
  options: { readonly wait?: boolean }
): Promise<ExitCode> => {
  const answer = await broker.post('/v1/posture/scan')
  if (!answer.ok) return tell(to, answer)
  const since = text(answer.body['wantedAt'])
  if (!options.wait) {
    const told = 'It looks as soon as it may; see: posture findings'
    to.out(to.json ? JSON.stringify(answer.body) : told)
    return exits.done
  }
  const until = Date.now() + deadlineMs
  while (Date.now() < until) {
    const found = await broker.get('/v1/posture/findings')
    if (!found.ok) return tell(to, found)
    const at = text(found.body['at'])
    if (Date.parse(at) >= Date.parse(since)) {
      const count = findingsIn(found.body).length
      const told = `Looked at ${plain(at)}: ${count} findings.`
      to.out(to.json ? JSON.stringify({ at, findings: count }) : told)
      return exits.done
    }
    await wait(1000)
  }
  to.err('It has not looked within ten minutes; see the log of the broker.')
  return exits.unavailable
}

const findingsIn = (body: Json): readonly Json[] => {
  const found = body['findings']
  return Array.isArray(found) ? found.map(objectOf) : []
}
