/** The words of `sallyport ledger …`; each command's work is loaded only when it is called. */
import type { Command } from 'commander'
import type { RunCommand } from './policy.ts'

const more = (value: string, before: readonly string[]): readonly string[] => [...before, value]

/** Adds the commands that need no broker to `ledger`. */
export const addLedgerCommands = (ledger: Command, run: RunCommand): void => {
  ledger
    .command('verify <export>')
    .description('that nothing was changed; exit 1 names the first bad entry')
    .requiredOption('--key <vkey>', 'the ledger\'s public key, or a file that holds it', more, [])
    .option('--anchor <file>', 'a checkpoint kept elsewhere: shows what was cut off', more, [])
    .option('--witness <vkey>', 'a witness whose cosignature there must be', more, [])
    .option('--strict', 'reads every entry, key changes and openings too')
    .option('--json', 'one JSON document on stdout')
    .action((folder, options) =>
      run(options, async (to) =>
        (await import('./ledger-verify.ts')).ledgerVerify(to, folder, options)
      )
    )
}
