/** The words of `sallyport posture sidedoors`; its work is loaded only when it is called. */
import { type Command, Option } from 'commander'
import type { RunCommand } from './policy.ts'

/** The forms of the list. */
const formats = ['table', 'json', 'svg', 'dot'] as const

export type DoorFormat = (typeof formats)[number]

/** Adds `sidedoors` to `posture`. */
export const addSideDoorsCommand = (posture: Command, run: RunCommand): void => {
  posture
    .command('sidedoors <file>')
    .description('who reads classified tables without an elevation; exit 1 on a door not accepted')
    .option('--policies <dir>', 'policies folder', 'policies')
    .option('--baseline <file>', 'doors that were accepted')
    .option('--write-baseline <file>', 'accepts every door of the snapshot in that file')
    .option('--reason <text>', 'why they are accepted, at least 15 characters')
    .option('--by <person>', 'who accepts them: person:ID')
    .option('--until <iso>', 'until when; default: 90 days after the snapshot')
    .addOption(new Option('--format <format>', 'how').choices(formats).default('table'))
    .option('--out <file>', 'writes it there instead of stdout')
    .option('--json', 'the same as --format json')
    .action((file, options) =>
      run(options, async (to) => {
        const { postureSideDoors } = await import('./side-doors.ts')
        return postureSideDoors(to, { ...options, file, now: Date.now() })
      })
    )
}
