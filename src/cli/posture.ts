/** The words of `sallyport posture …`; each command's work is loaded only when it is called. */
import { type Command, Option } from 'commander'
import { severities } from '../posture/finding.ts'
import type { RunCommand } from './policy.ts'
import { reportFormats } from './posture-formats.ts'

/** Adds the commands that look at a saved snapshot to `posture`. */
export const addPostureCommands = (posture: Command, run: RunCommand): void => {
  const command = (usage: string, about: string): Command =>
    posture
      .command(usage)
      .description(about)
      .option('--policies <dir>', 'policies folder', 'policies')
      .option(
        '--broker-role <arn>',
        'role of the broker; default: whoever alone is trusted by a role'
      )
      .option('--at <iso>', 'the moment to judge at, UTC; default: now')

  command('judge <file>', 'what is out of line in a snapshot; exit 1 where findings are open')
    .addOption(
      new Option('--fail-on <severity>', 'exit 1 from this severity on')
        .choices(severities)
        .default('high')
    )
    .option('--json', 'one JSON document per finding')
    .action((file, options) =>
      run(options, async (to) => {
        const { postureJudge } = await import('./posture-judge.ts')
        return postureJudge(to, { ...options, file, now: Date.now() })
      })
    )

  command('report <file>', 'the same with figures, for people, auditors and other tools')
    .addOption(new Option('--format <format>', 'how').choices(reportFormats).default('table'))
    .option('--out <file>', 'writes it there instead of stdout')
    .option('--since <file>', 'an earlier snapshot: first seen, closed; repeatable', more, [])
    .option('--use <file>', 'the use of keys by month, of reconcile --use --json')
    .option('--json', 'the same as --format json')
    .action((file, options) =>
      run(options, async (to) => {
        const { postureReport } = await import('./posture-report.ts')
        return postureReport(to, { ...options, file, now: Date.now() })
      })
    )
}

const more = (value: string, before: readonly string[]): readonly string[] => [...before, value]
