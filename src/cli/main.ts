#!/usr/bin/env node
/**
 * `sallyport`: the command line. Each command is a file of its own, loaded only when it is called,
 * so that `credentials` starts fast. Wrong usage is exit 2; every command answers errors on stderr.
 */
import { Command, CommanderError, Option } from 'commander'
import { api } from './api.ts'
import { type ExitCode, exits } from './exit.ts'
import { addLogCommands } from './ledger-commands.ts'
import { addLedgerCommands } from './ledger.ts'
import { addPolicyCommands } from './policy.ts'
import { addPostureCommands } from './posture.ts'
import { addBrokerCommands } from './posture-broker.ts'
import { addCollectCommand } from './posture-collect.ts'
import { addSideDoorsCommand } from './posture-sidedoors.ts'
import { formats } from './query-formats.ts'
import { type Terminal, terminal } from './terminal.ts'

// the product says itself which Node it wants; the SDK's own notice would land in every answer
process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true'

const list = (text: string): readonly string[] => text.split(',').map((part) => part.trim())
const more = (value: string, before: readonly string[]): readonly string[] => [...before, value]
const port = (text: string): number => {
  const number = /^[0-9]{1,5}$/.test(text) ? Number(text) : Number.NaN
  if (!(number <= 65535)) {
    throw new CommanderError(exits.usage, 'port', `--port is a number up to 65535, not ${text}`)
  }
  return number
}

type Run = (to: Terminal) => Promise<ExitCode>

const run = async (options: { readonly json?: boolean }, command: Run): Promise<void> => {
  process.exitCode = await command(terminal({ json: options.json === true }))
}

const program = new Command('sallyport')
  .description('Just-in-time privilege elevation for Amazon Athena.')
  .version('0.1.0')
  .exitOverride()
  .configureOutput({ writeErr: (text) => void process.stderr.write(text) })

const command = (usage: string, about: string): Command =>
  program.command(usage).description(about).option('--json', 'one JSON document on stdout')

command('serve', 'the broker: HTTP and the worker that ends elevations').action((options) =>
  run(options, async (to) => (await import('./serve.ts')).serve(to, process.env))
)

command('sandbox', 'only the local AWS, on 127.0.0.1')
  .option('--port <n>', 'port; 0 is any free one', port, 0)
  .option('--clock-control', 'lets POST /_sandbox/clock move its clock')
  .action((options) =>
    run(options, async (to) => (await import('./sandbox.ts')).sandbox(to, options))
  )

command('witness', 'cosigns what continues a log, refuses forks and rollbacks')
  .requiredOption('--log-key <vkey>', 'public key of a log it is to know; repeatable', more, [])
  .requiredOption('--dir <dir>', 'folder of its key and of what it has seen')
  .option('--name <name>', 'its own name, the first part of its key', 'sallyport.local/witness')
  .option('--host <host>', 'address to listen on', '127.0.0.1')
  .option('--port <n>', 'port; 0 is any free one', port, 8090)
  .action((options) =>
    run(options, async (to) => (await import('./witness.ts')).witness(to, options))
  )

command('demo', 'the whole journey on the built-in sandbox')
  .option('--once', 'plays it and exits')
  .option('--keep <dir>', 'leaves the data folder in DIR')
  .option('--port <n>', 'port of the API; 0 is any free one', port, 0)
  .action((options) =>
    run(options, async (to) =>
      (await import('./demo.ts')).demo(to, { ...options, env: process.env })
    )
  )

addPolicyCommands(program.command('policy').description('faults, tests, decisions, changes'), run)
const posture = program
  .command('posture')
  .description('workgroups, keys, roles and buckets: what is out of line')
addPostureCommands(posture, run)
addCollectCommand(posture, run)
addSideDoorsCommand(posture, run)
addBrokerCommands(posture, run)
const ledger = program.command('ledger').description('the ledger, verified by anybody')
addLedgerCommands(ledger, run)
addLogCommands(ledger, run)

const slack = program.command('slack').description('the Slack app')
slack
  .command('manifest')
  .description('what to paste at api.slack.com/apps')
  .option('--url <https>', 'where Slack reaches the broker')
  .option('--socket', 'Socket Mode: no public URL')
  .option('--match-email', 'with the scope to match people by e-mail')
  .option('--link', 'the one-click link instead')
  .option('--json', 'one JSON document on stdout')
  .action((options) =>
    run(options, async (to) => (await import('./slack.ts')).slackManifest(to, options))
  )

command('evidence', 'what happened, with its proofs, in one file (auditors); or checks such a file')
  .option('--elevation <id>', 'of one elevation')
  .option('--from <iso>', 'or of a time: at or after, UTC')
  .option('--to <iso>', 'before')
  .option('--format <format>', 'html or json', 'html')
  .option('--out <file>', 'default: stdout')
  .option('--whole-policy', 'with all that the policy digest is of, people and addresses too')
  .option('--verify <file>', 'checks a file instead, without the broker')
  .option('--key <vkey>', "for --verify: the ledger's key as you know it, or a file that holds it")
  .action(({ json, verify, key, ...options }) =>
    run({ json }, async (to) => {
      const { evidence, verifyEvidence } = await import('./evidence.ts')
      if (verify === undefined) return evidence(api(process.env), to, options)
      if (key !== undefined) return verifyEvidence(to, { verify, key })
      throw new CommanderError(exits.usage, 'key', '--verify needs --key, the key as you know it')
    })
  )

command('session-policy', 'exactly what AWS would be sent')
  .requiredOption('--target <id>', 'target of the policies')
  .requiredOption('--not-after <iso>', 'end of the window, UTC')
  .requiredOption('--elevation <id>', 'ULID of the elevation')
  .option('--tables <db.t,...>', 'default: every table of the target', list)
  .option('--as <person>', 'whose session')
  .option('--policies <dir>', 'policies folder', 'policies')
  .option('--broker-role <arn>', 'RetiringPrincipal of the grants')
  .action((options) =>
    run(options, async (to) =>
      (await import('./session-policy.ts')).sessionPolicy(to, { ...options, now: Date.now() })
    )
  )

command('bootstrap', 'the AWS side of the targets, ready to apply')
  .requiredOption('--format <format>', 'cloudformation or terraform')
  .requiredOption('--key-admin <arn>', 'role that administers the keys')
  .requiredOption('--broker-role <arn>', 'role that the broker is to run under')
  .option('--producer <arn>', 'role that writes the data; repeatable', more, [])
  .option('--runs-as <principal>', 'service or role that the broker is', 'ecs-tasks.amazonaws.com')
  .option('--personal-key <arn>', "KMS key that locks people's keys")
  .option('--policies <dir>', 'policies folder', 'policies')
  .option('--out <dir>', 'a file each instead of stdout')
  .action((options) =>
    run(options, async (to) => (await import('./bootstrap.ts')).bootstrap(to, options))
  )

command('guard', 'whether queries on stdin may run under a guardrail')
  .requiredOption('--catalog <file>', 'tables, columns and partition keys, JSON')
  .requiredOption('--guardrail <file>', 'a document of policies/guardrails, YAML or JSON')
  .option('--jsonl', 'JSON lines {"id","sql"} instead of one statement')
  .action((options) =>
    run(options, async (to) => {
      const { stdin: input, stdout } = process
      return (await import('./guard.ts')).guard(to, { ...options, input, isTerminal: stdout.isTTY })
    })
  )

command('request', 'asks for a target')
  .requiredOption('--target <id>', 'what is asked for')
  .requiredOption('--duration <length>', '2h, 45m or ISO 8601')
  .requiredOption('--reason <text>', 'why')
  .option('--ticket <id>', 'the ticket the rule wants')
  .option('--tables <db.t,...>', 'default: every table of the target', list)
  .option('--columns <db.t.c,...>', 'default: every column', list)
  .option('--sql <file>', 'the one query that may run, to the letter; - is stdin')
  .option('--start <iso|+length>', 'the window does not start before, UTC or from now: +2h')
  .option('--break-glass', 'without an approval before; everybody named is told, it is reviewed')
  .option('--wait', 'stays until it is decided')
  .action(({ json, ...ask }) =>
    run({ json }, async (to) => (await elevations()).request(api(process.env), to, ask))
  )

command('extend <id>', 'asks for another window that goes on from your active one')
  .requiredOption('--duration <length>', '2h, 45m or ISO 8601')
  .requiredOption('--reason <text>', 'why')
  .option('--ticket <id>', 'the ticket the rule wants')
  .action((id, { json, ...ask }) =>
    run({ json }, async (to) => (await elevations()).extend(api(process.env), to, { id, ...ask }))
  )

command('login', 'signs in with a browser; every command then uses it')
  .requiredOption('--issuer <url>', 'your OpenID provider')
  .option('--client-id <id>', 'the command line as the provider knows it', 'sallyport-cli')
  .option('--scope <scope>', 'what the provider is asked for', 'openid offline_access')
  .option('--audience <name>', 'what the token is for, where the provider wants to be told')
  .action((options) =>
    run(options, async (to) => (await import('./login.ts')).login(to, process.env, options))
  )

command('logout', 'forgets what login got').action((options) =>
  run(options, async (to) => (await import('./login.ts')).logout(to, process.env))
)

const acts: readonly (readonly [verb: string, about: string, reason: boolean])[] = [
  ['approve', "approves somebody else's ask", false],
  ['deny', 'denies it; one denial is final', true],
  ['cancel', 'withdraws your own unused ask', false],
  ['end', 'ends your own window early', false],
  ['revoke', "ends somebody else's window now", true],
  ['review', 'says that you looked at a break-glass elevation', true]
]
for (const [verb, about, reason] of acts) {
  const act = command(`${verb} <id>`, about)
  if (reason) act.requiredOption('--reason <text>', 'why')
  act.action((id, { json, ...body }) =>
    run({ json }, async (to) =>
      (await elevations()).act(api(process.env), to, { verb, id, ...(reason ? { body } : {}) })
    )
  )
}

const locking: readonly (readonly [verb: 'lock' | 'unlock', about: string])[] = [
  ['lock', 'stops a person, a target or everything, and ends what is open (security, operators)'],
  ['unlock', 'lifts a lock (security)']
]
for (const [verb, about] of locking) {
  command(verb, about)
    .option('--person <id>', 'all that somebody asks, approves or has')
    .option('--target <id>', 'all access to a target')
    .option('--all', 'everything')
    .requiredOption('--reason <text>', 'why')
    .action(({ json, ...of }) =>
      run({ json }, async (to) => (await import('./locks.ts'))[verb](api(process.env), to, of))
    )
}

command('locks', 'what is locked (security, operators, auditors)').action((options) =>
  run(options, async (to) => (await import('./locks.ts')).locks(api(process.env), to))
)

command('status [id]', 'what you have and wait for').action((id, options) =>
  run(options, async (to) => (await elevations()).status(api(process.env), to, id))
)

command('targets [target]', 'what you may ask for; with an id, its tables and columns').action(
  (target, options) =>
    run(options, async (to) => (await import('./targets.ts')).targets(api(process.env), to, target))
)

command(
  'credentials <id>',
  'for an AWS profile: credential_process = sallyport credentials ID'
).action((id, options) =>
  run(options, async (to) =>
    (await import('./credentials.ts')).credentials(api(process.env), to, id)
  )
)

command('reconcile', 'CloudTrail log files against an exported ledger; exit 1 with findings')
  .requiredOption('--from <place>', 'folder of log files, or s3://BUCKET/PREFIX')
  .requiredOption('--ledger <dir>', 'an export of the ledger, verified before')
  .option('--policies <dir>', 'policies folder', 'policies')
  .addOption(
    new Option('--use [form]', 'the use of keys by month and cost center too')
      .choices(['table', 'csv'])
      .preset('table')
  )
  .option('--facts <file>', 'a snapshot of posture collect, for the cost-center tags')
  .option('--price <usd>', 'of 10,000 requests to KMS; default 0.03, list price of us-east-1')
  .option('--tell', 'has the broker keep it as findings, with ledger entries (operators)')
  .action((options) =>
    run(options, async (to) =>
      (await import('./reconcile.ts')).reconcile(to, { ...options, env: process.env })
    )
  )

command('query <id> <sql>', 'one query of a brokered elevation; - reads it from stdin')
  .addOption(
    new Option('--format <format>', 'how the rows are printed').choices(formats).default('table')
  )
  .action((elevation, sql, { json, format }) =>
    run({ json: json === true }, async (to) => {
      const { queryHere } = await import('./query-here.ts')
      return queryHere(to, { elevation, sql, format: json === true ? 'json' : format })
    })
  )

const elevations = () => import('./elevations.ts')

try {
  await program.parseAsync()
} catch (error) {
  if (!(error instanceof CommanderError)) throw error
  if (error.code === 'port' || error.code === 'key') process.stderr.write(`${error.message}\n`)
  process.exitCode = error.exitCode === 0 ? exits.done : exits.usage
}
