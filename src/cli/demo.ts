/**
 * `demo`: the whole journey on the built-in sandbox, with the real broker over HTTP. Leaves nothing
 * behind unless told to keep its folder, however it is stopped.
 */
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { pino } from 'pino'
import { readConfig } from '../config.ts'
import { type Running, startBroker } from '../main.ts'
import { StartError } from '../start/error.ts'
import { type Sandbox, startSandbox } from '../sandbox/main.ts'
import { api, objectOf, text } from './api.ts'
import type { Step } from './demo-step.ts'
import { story, windowSeconds } from './demo-story.ts'
import { type ExitCode, exits } from './exit.ts'
import { type Terminal, paint, wrap } from './terminal.ts'
import { untilStopped } from './until-stopped.ts'

export type DemoOptions = {
  readonly once?: boolean
  readonly keep?: string
  readonly port: number
  readonly env: Readonly<Record<string, string | undefined>>
}

const people = ['alice', 'bob', 'carol', 'dave', 'eve', 'erin', 'oscar'] as const

/** Exit 0 when every step was ok, 1 otherwise, 69 where it cannot start, 130 when interrupted. */
export const demo = async (to: Terminal, options: DemoOptions): Promise<ExitCode> => {
  const stop = new AbortController()
  const stopped = untilStopped().then(() => stop.abort())
  const folder = options.keep ?? mkdtempSync(join(tmpdir(), 'sallyport-demo-'))
  try {
    return await play(to, options, { folder, stop, stopped })
  } catch (error) {
    if (stop.signal.aborted) return interrupted(to)
    if (!(error instanceof StartError)) throw error
    for (const line of error.lines) to.err(line)
    return exits.unavailable
  } finally {
    if (options.keep === undefined) rmSync(folder, { recursive: true, force: true })
  }
}

type Place = {
  readonly folder: string
  readonly stop: AbortController
  readonly stopped: Promise<void>
}

const play = async (to: Terminal, options: DemoOptions, place: Place): Promise<ExitCode> => {
  const sandbox = await startSandbox({ clockControl: false, seed: true })
  try {
    const broker = await brokerOn(sandbox, options, place.folder)
    try {
      if (!to.json) introduce(to)
      const isFine = await tellStory(to, {
        sandbox,
        broker,
        folder: place.folder,
        signal: place.stop.signal
      })
      if (place.stop.signal.aborted) return interrupted(to)
      if (!to.json && options.keep !== undefined) tellKept(to, options.keep)
      if (options.once) return isFine ? exits.done : exits.refused
      await explain(to, sandbox, broker)
      await place.stopped
      return isFine ? exits.done : exits.refused
    } finally {
      await broker.close()
    }
  } finally {
    await sandbox.close()
  }
}

const examplePolicies = fileURLToPath(new URL('../../policies', import.meta.url))

/**
 * With a Slack app in the environment the demo's broker talks to it: real buttons, no AWS account.
 */
const slackIn = (env: DemoOptions['env']) =>
  Object.fromEntries(Object.entries(env).filter(([name]) => name.startsWith('SALLYPORT_SLACK_')))

const brokerOn = async (
  sandbox: Sandbox,
  options: DemoOptions,
  folder: string
): Promise<Running> => {
  const { env } = options
  const slack = slackIn(env)
  const hasSlack = Object.keys(slack).length > 0
  const dataDir = join(folder, 'data')
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  // the console's address holds the port, so that it is chosen before the broker listens
  const port = options.port === 0 ? await freePort() : options.port
  const read = readConfig({
    SALLYPORT_PORT: String(port),
    SALLYPORT_CONSOLE_URL: `http://127.0.0.1:${port}/console`,
    SALLYPORT_CONSOLE_CLIENT_ID: 'sallyport-console',
    SALLYPORT_OPS_PORT: '0',
    SALLYPORT_DATA_DIR: dataDir,
    SALLYPORT_POLICIES: (hasSlack && env['SALLYPORT_POLICIES']) || examplePolicies,
    ...slack,
    SALLYPORT_OIDC_ISSUER: sandbox.issuer,
    SALLYPORT_BROKER_ROLE_ARN: `arn:aws:iam::${sandbox.account}:role/sallyport-broker`,
    AWS_ENDPOINT_URL: sandbox.endpoint
  })
  if (!read.ok) throw new StartError('config', read.problems)
  return startBroker(read.config, {
    logger: pino({ level: hasSlack ? 'warn' : 'silent' }, pino.destination(2)),
    aws: { credentials: async () => sandbox.keys.broker },
    timing: { leaseSeconds: 30, settleSeconds: 1, posturePauseSeconds: 0 }
  })
}

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return address !== null && typeof address === 'object' ? address.port : 0
}

type Playing = {
  readonly sandbox: Sandbox
  readonly broker: Running
  readonly folder: string
  readonly signal: AbortSignal
}

const tellStory = async (
  to: Terminal,
  { sandbox, broker, folder, signal }: Playing
): Promise<boolean> => {
  const [alice, bob, carol, dave, eve, erin, oscar] = await Promise.all(
    people.map(async (person) =>
      api({ SALLYPORT_URL: broker.url, SALLYPORT_TOKEN: await tokenOf(sandbox, person) })
    )
  )
  if (!alice || !bob || !carol || !dave || !eve || !erin || !oscar) {
    throw new Error('a person of the demo is missing')
  }
  const as = { alice, bob, carol, dave, eve, erin, oscar }
  let isFine = true
  for await (const step of story({ sandbox, as, folder, signal })) {
    isFine &&= step.ok
    show(to, step)
    if (signal.aborted) break
    if (step.step === 'posture-accepted' && !to.json) {
      to.err(paint(to, 'dim', `  … waiting for the end of the ${windowSeconds} s window`))
    }
  }
  return isFine
}

const show = (to: Terminal, step: Step): void => {
  if (to.json) {
    to.out(JSON.stringify({ step: step.step, ok: step.ok, ...step.data }))
    return
  }
  const mark = step.ok ? paint(to, 'green', '✓') : paint(to, 'red', '✗')
  to.out(`${mark} ${paint(to, 'bold', step.told)}`)
  for (const line of step.lines.flatMap((one) => (one.length > 94 ? wrap(one, 94) : [one]))) {
    to.out(`    ${line}`)
  }
}

const introduce = (to: Terminal): void => {
  to.out('One elevation, end to end. AWS is simulated on this host and says no where AWS would;')
  to.out('the broker, its HTTP API, the AWS SDK and the data folder are the real ones.\n')
}

const tellKept = (to: Terminal, keep: string): void => {
  to.out(`\nThe data folder is ${join(keep, 'data')}. Verify the ledger yourself, on any machine:`)
  to.out(
    `  npx sallyport ledger verify ${join(keep, 'export')} --key ${join(keep, 'ledger.vkey')} --strict`
  )
}

const explain = async (to: Terminal, sandbox: Sandbox, broker: Running): Promise<void> => {
  if (to.json) return
  to.out(`\nIt stays up for exploring until Ctrl-C. The console, as any of its people:`)
  to.out(`  ${broker.url}/console`)
  to.out('In another shell:')
  to.out(`  export SALLYPORT_URL=${broker.url}`)
  to.out(
    `  export SALLYPORT_TOKEN=$(curl -s ${sandbox.issuer}/token -d person=alice | cut -d'"' -f4)`
  )
  to.out('  npx sallyport request --target claims-pii --duration 5m --ticket CLM-1 \\')
  to.out("    --reason 'looking around in the demo'")
  to.out('As bob (person=bob): npx sallyport approve ID. As alice: npx sallyport credentials ID.')
}

/** A token of the sandbox's issuer; its lifetime is the issuer's. */
const tokenOf = async (sandbox: Sandbox, person: string): Promise<string> => {
  const body = new URLSearchParams({ person })
  const response = await fetch(`${sandbox.issuer}/token`, { method: 'POST', body })
  return text(objectOf(await response.json())['access_token'])
}

const interrupted = (to: Terminal): ExitCode => {
  to.err('Stopped before the end of the story. Nothing is left behind.')
  return exits.interrupted
}
