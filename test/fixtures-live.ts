/** The whole product on the sandbox: the real SDK over the wire, a clock that is moved by hand. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import type { Test } from 'tap'
import { type FileApi, type QueryApi, type TakingApi, api, objectOf, text } from '../src/cli/api.ts'
import { readConfig } from '../src/config.ts'
import { instant } from '../src/elevation/ids.ts'
import { startBroker } from '../src/main.ts'
import { type Sandbox, startSandbox } from '../src/sandbox/main.ts'
import { shippedPolicies } from './place.ts'

export type Live = {
  readonly sandbox: Sandbox
  readonly as: (person: string) => Promise<FileApi & QueryApi & TakingApi>
  /** by so many seconds */
  readonly advance: (length: number) => void
  /** milliseconds, for the SDK, which signs with this machine's clock */
  readonly moved: () => number
}

/** A seeded sandbox and a broker of the example policies on it, until the test is over; posture is not watched. */
export const startLive = async (t: Pick<Test, 'teardown'>, over: Readonly<Record<string, string>> = {}): Promise<Live> => {
  let moved = 0
  const clock = { now: () => instant(Date.now() + moved) }
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-live-'))
  const now = () => new Date(clock.now())
  const sandbox = await startSandbox({ clockControl: false, seed: true, now })
  const read = readConfig({
    SALLYPORT_PORT: '0',
    SALLYPORT_OPS_PORT: '0',
    SALLYPORT_DATA_DIR: join(folder, 'data'),
    SALLYPORT_POLICIES: shippedPolicies,
    SALLYPORT_OIDC_ISSUER: sandbox.issuer,
    AWS_ENDPOINT_URL: sandbox.endpoint,
    SALLYPORT_BROKER_ROLE_ARN: `arn:aws:iam::${sandbox.account}:role/sallyport-broker`,
    SALLYPORT_POSTURE_INTERVAL: 'off',
    ...over
  })
  if (!read.ok) throw new Error(read.problems.join('; '))
  const broker = await startBroker(read.config, {
    logger: pino({ level: 'silent' }),
    aws: { credentials: async () => sandbox.keys.broker },
    clock,
    limits: { perPerson: 1_000_000, perAddress: 1_000_000 }
  })
  t.teardown(async () => {
    await broker.close()
    await sandbox.close()
    rmSync(folder, { recursive: true })
  })
  return {
    sandbox,
    as: async (person) => {
      const body = new URLSearchParams({ person })
      const response = await fetch(`${sandbox.issuer}/token`, { method: 'POST', body })
      const token = text(objectOf(await response.json())['access_token'])
      return api({ SALLYPORT_URL: broker.url, SALLYPORT_TOKEN: token })
    },
    advance: (length) => {
      moved += length * 1000
    },
    moved: () => moved
  }
}
