/** A whole broker in a folder of its own, with a real token issuer: started, stopped, restored. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { pino } from 'pino'
import type { Test } from 'tap'
import { type FileApi, api, objectOf, text } from '../src/cli/api.ts'
import type { Terminal } from '../src/cli/terminal.ts'
import { readConfig } from '../src/config.ts'
import { type Running, startBroker } from '../src/main.ts'
import type { VerifierKey } from '../src/ledger/note.ts'
import { startSandbox } from '../src/sandbox/main.ts'
import { ledgerKey } from '../src/store/ledger-key.ts'
import { fakeAws } from './fakes/aws.ts'
import { engineHere } from './fixtures-store.ts'
import { shippedPolicies } from './place.ts'

/** Collects what a command says. */
export const quiet = (): Terminal & { readonly lines: string[] } => {
  const lines: string[] = []
  const keep = (line: string): void => void lines.push(line)
  return { json: true, colour: false, out: keep, err: keep, lines }
}

type More = Readonly<Record<string, string | undefined>>

export const brokerScene = async (t: Pick<Test, 'teardown'>) => {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-held-'))
  const data = join(folder, 'data')
  const sandbox = await startSandbox({ clockControl: false, seed: true })
  const running = new Set<Running>()
  const lines: string[] = []
  t.teardown(async () => {
    for (const one of running) await one.close()
    await sandbox.close()
    rmSync(folder, { recursive: true, force: true })
  })
  const { sessions, grants, queries, catalogs, runs, probes } = fakeAws(() => Date.now())
  return {
    folder,
    data,
    lines,
    anchors: () => readFileSync(join(folder, 'anchors'), 'utf8').trim().split('\n'),
    /** the key the log is going to have */
    logKey: async (): Promise<VerifierKey> => {
      mkdirSync(data, { recursive: true, mode: 0o700 })
      return ledgerKey({ path: join(data, 'ledger.key'), origin: 'sallyport.local/ledger', mayMake: true })
    },
    start: async (more: More = {}): Promise<Running> => {
      const read = readConfig({
        SALLYPORT_PORT: '0',
        SALLYPORT_OPS_PORT: '0',
        SALLYPORT_DATA_DIR: data,
        SALLYPORT_ANCHOR_FILE: join(folder, 'anchors'),
        SALLYPORT_POLICIES: shippedPolicies,
        SALLYPORT_OIDC_ISSUER: sandbox.issuer,
        SALLYPORT_BROKER_ROLE_ARN: 'arn:aws:iam::123456789012:role/sallyport',
        ...more
      })
      if (!read.ok) throw new Error(read.problems.join('; '))
      const one = await startBroker(read.config, {
        engine: engineHere,
        logger: pino({ level: 'info' }, { write: (line: string) => void lines.push(line) }),
        ports: { sessions, grants, queries, catalogs, runs, probes }
      })
      const broker: Running = {
        ...one,
        close: async () => {
          if (running.delete(broker)) await one.close()
        }
      }
      running.add(broker)
      return broker
    },
    api: async (broker: Running, person: string): Promise<FileApi> => {
      const body = new URLSearchParams({ person })
      const response = await fetch(`${sandbox.issuer}/token`, { method: 'POST', body })
      const token = text(objectOf(await response.json())['access_token'])
      return api({ SALLYPORT_URL: broker.url, SALLYPORT_TOKEN: token })
    },
    until: async (isSo: () => Promise<boolean>): Promise<void> => {
      for (let n = 0; n < 100; n++) {
        if (await isSo()) return
        await wait(100)
      }
      throw new Error('it never was so')
    }
  }
}
