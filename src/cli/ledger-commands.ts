/**
 * The words of `sallyport ledger …` that ask the broker; each one's work is loaded when it is
 * called.
 */
import { type Command, InvalidArgumentError } from 'commander'
import { api } from './api.ts'
import type { RunCommand } from './policy.ts'

/** Adds export, proof, tail and erase to `ledger`. */
export const addLogCommands = (ledger: Command, run: RunCommand): void => {
  addActs(ledger, run)
  ledger
    .command('export <dir>')
    .description('the whole log as tlog-tiles; goes on where it stopped')
    .option('--openings', 'with what opens the commitments: personal data')
    .option('--json', 'one JSON document on stdout')
    .action((dir, options) =>
      run(options, async (to) =>
        (await import('./ledger-export.ts')).ledgerExport(api(process.env), to, dir, options)
      )
    )

  ledger
    .command('proof <id>')
    .description('proves an entry, or the last of an elevation, in one file')
    .option('--json', 'one JSON document on stdout')
    .action((id, options) =>
      run(options, async (to) =>
        (await import('./ledger-proof.ts')).ledgerProof(api(process.env), to, id)
      )
    )

  ledger
    .command('tail')
    .description('entries as they come')
    .option('--from <index>', 'where to start; default: ten before the end', index)
    .option('--no-follow', 'ends at the end of what there is')
    .option('--json', 'one JSON document per entry')
    .action((options) =>
      run(options, async (to) =>
        (await import('./ledger-tail.ts')).ledgerTail(api(process.env), to, options)
      )
    )

  ledger
    .command('erase')
    .description("destroys a person's key, values and words, for ever; the entry of it stays")
    .requiredOption('--person <id>', 'whose')
    .requiredOption('--reason <text>', 'why')
    .option('--json', 'one JSON document on stdout')
    .action((options) =>
      run(options, async (to) =>
        (await import('./ledger-erase.ts')).ledgerErase(api(process.env), to, options)
      )
    )
}

const acts: readonly (readonly [
  verb: 'accept-restore' | 'rotate-key' | 'backup',
  about: string
])[] = [
  ['accept-restore', 'goes on with a ledger that is not the one that was anchored (operators)'],
  ['rotate-key', 'gives the ledger another key, signed by both (operators)'],
  ['backup', 'copies the running embedded store into backup/ of its data folder (operators)']
]

/** Adds what operators do to the log itself. */
const addActs = (ledger: Command, run: RunCommand): void => {
  for (const [verb, about] of acts) {
    ledger
      .command(verb)
      .description(about)
      .requiredOption('--reason <text>', 'why')
      .option('--json', 'one JSON document on stdout')
      .action(({ reason, ...options }) =>
        run(options, async (to) =>
          (await import('./ledger-upkeep.ts')).upkeep(api(process.env), to, { verb, reason })
        )
      )
  }
}

const index = (text: string): number => {
  if (/^(?:0|[1-9][0-9]{0,14})$/.test(text)) return Number(text)
  throw new InvalidArgumentError('It is the index of an entry.')
}
