/** The words of `sallyport policy …`; each command's work is loaded only when it is called. */
import type { Command } from 'commander'
import type { ExitCode } from './exit.ts'
import type { Terminal } from './terminal.ts'

/** Calls a command with the terminal its options ask for. */
export type RunCommand = (
  options: { readonly json?: boolean },
  command: (to: Terminal) => Promise<ExitCode>
) => Promise<void>

const list = (text: string): readonly string[] => text.split(',').map((part) => part.trim())

/** Adds the five commands to `policy`. */
export const addPolicyCommands = (policy: Command, run: RunCommand): void => {
  const command = (usage: string, about: string, json: string): Command =>
    policy.command(usage).description(about).option('--json', json)

  command('check [dir]', 'every issue at once', oneDocument).action((dir = folder, options) =>
    run(options, async (to) => (await import('./policy-check.ts')).policyCheck(to, dir))
  )

  command('test [dir]', 'runs the tests beside the policy', 'one JSON document per test').action(
    (dir = folder, options) =>
      run(options, async (to) => (await import('./policy-test.ts')).policyTest(to, dir))
  )

  command('explain', 'one decision with every reason, asking nobody', oneDocument)
    .requiredOption('--as <person>', 'who asks')
    .requiredOption('--target <id>', 'what is asked for')
    .requiredOption('--duration <length>', '2h, 45m or ISO 8601')
    .option('--reason <text>', 'why', '')
    .option('--ticket <id>', 'the ticket the rule wants')
    .option('--tables <db.t,...>', 'default: every table of the target', list)
    .option('--columns <db.t.c,...>', 'default: every column', list)
    .option('--via <channel>', 'slack, console or cli', 'cli')
    .option('--at <iso>', 'UTC; default: now')
    .option('--start <iso>', 'UTC; when the window may start; default: once approved')
    .option('--break-glass', 'asks without an approval before')
    .option('--sign-in-ago <length>', 'how long ago the sign-in was; default: not told')
    .option('--acr <value>', 'what the token says of the sign-in')
    .option('--amr <value,...>', 'the methods it was made by', list)
    .option('--facts <file>', 'a snapshot of posture collect; left out, findings are not known')
    .option('--policies <dir>', 'policies folder', folder)
    .action((options) =>
      run(options, async (to) => {
        const { policyExplain } = await import('./policy-explain.ts')
        return policyExplain(to, { ...options, now: Date.now() })
      })
    )

  const gain = 'who gains and who loses what; exit 1 where anything is gained'
  command('diff <old> <new>', gain, 'one JSON document per change').action((old, now, options) =>
    run(options, async (to) => (await import('./policy-diff.ts')).policyDiff(to, { old, now }))
  )

  const schemas = 'writes the JSON Schemas of the documents, for editors'
  command('schema <dir>', schemas, oneDocument).action((dir, options) =>
    run(options, async (to) => (await import('./policy-schema.ts')).policySchema(to, dir))
  )
}

const folder = 'policies'
const oneDocument = 'one JSON document'
