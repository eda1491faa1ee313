/** The words of `sallyport posture collect`; its work is loaded only when it is called. */
import type { Command } from 'commander'
import type { RunCommand } from './policy.ts'

/** Adds `collect` to the group of posture's commands. */
export const addCollectCommand = (posture: Command, run: RunCommand): void => {
  posture
    .command('collect')
    .description('a snapshot of what AWS says; exit 1 where something could not be read')
    .option('--policies <dir>', 'policies folder: its targets say which regions', 'policies')
    .option('--out <file>', 'writes it there, for you alone, instead of stdout')
    .option('--json', 'problems as JSON documents')
    .action((options) =>
      run(options, async (to) => {
        const { postureCollect } = await import('./posture-collecting.ts')
        return postureCollect(to, { ...options, now: Date.now(), env: process.env })
      })
    )
}
