/**
 * Starts the sandbox: a small strict local AWS on 127.0.0.1 for the demo and the tests. Refuses to
 * start in production. It is a simulation: what it enforces is written beside each service.
 */
import { stopAllQueries } from './athena-run.ts'
import { emptyAthena } from './athena-state.ts'
import { makeClock } from './clock.ts'
import { makeEventLog } from './events.ts'
import { emptyGlue } from './glue-state.ts'
import { ACCOUNT, PARTITION, REGION } from './names.ts'
import { makeIssuer } from './oidc.ts'
import { emptyS3 } from './s3-state.ts'
import { seed } from './seed.ts'
import type { SeededKeys } from './seed.ts'
import { listen } from './server.ts'
import { emptyWorld } from './world.ts'
import type { World } from './world.ts'

export type SandboxOptions = {
  /** 0 or absent: a free port */
  readonly port?: number
  /** `POST /_sandbox/clock` moves time only when true */
  readonly clockControl: boolean
  /** false: accounts, roles and keys only, without tables and workgroups */
  readonly seed: boolean
  /** the clock underneath; the machine's by default */
  readonly now?: () => Date
}

export type Sandbox = {
  /** `http://127.0.0.1:PORT`, for AWS_ENDPOINT_URL */
  readonly endpoint: string
  /** the OIDC issuer of the demo's people: `ENDPOINT/oidc` */
  readonly issuer: string
  readonly account: string
  readonly region: string
  /** a session of role/sallyport-broker, 12 h, and the long-term key of user/sandbox-admin */
  readonly keys: SeededKeys
  readonly world: World
  readonly close: () => Promise<void>
}

/**
 * Listens and seeds. Throws an Error with a clear sentence when NODE_ENV is production or the port
 * is in use (`cause.code` EADDRINUSE).
 */
export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  if (process.env.NODE_ENV === 'production') {
    throw new Error('the sandbox is a simulation and does not start with NODE_ENV=production')
  }
  const world = emptyWorld({
    partition: PARTITION,
    account: ACCOUNT,
    region: REGION,
    clock: makeClock({
      control: options.clockControl,
      ...(options.now === undefined ? {} : { base: options.now })
    }),
    events: makeEventLog(),
    s3: emptyS3(),
    glue: emptyGlue(),
    athena: emptyAthena()
  })
  const keys = await seed(world, { data: options.seed })
  const oidc = await makeIssuer(world.clock)
  const listening = await listen(world, oidc, options.port ?? 0)
  return {
    endpoint: listening.endpoint,
    issuer: `${listening.endpoint}/oidc`,
    account: world.account,
    region: world.region,
    keys,
    world,
    close: async () => {
      await stopAllQueries(world)
      await listening.close()
    }
  }
}
