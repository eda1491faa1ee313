/**
 * `npm run bench`: one JSON line per figure with its target, both sides of a ratio measured in the
 * same run. Exit 0 always: these are figures, not assertions; `ok` says whether the target was met.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as wait } from 'node:timers/promises'
import { objectOf, text } from '../../src/cli/api.ts'
import { append } from './append.ts'
import { consoleFigures } from './console.ts'
import { evaluator } from './evaluator.ts'
import { print, rounded } from './figures.ts'
import { issue } from './issue.ts'
import { ledger } from './ledger.ts'
import { load } from './load.ts'
import { policyFigures } from './policy.ts'
import { postureFigures } from './posture.ts'
import { reconcile } from './reconcile.ts'
import { sideDoorSearch } from './side-doors.ts'
import { slackFigures } from './slack.ts'
import { sqlFigures } from './sql.ts'
import { type BenchPeople, benchPeople } from './people.ts'

const root = new URL('../..', import.meta.url).pathname
const folder = mkdtempSync(join(tmpdir(), 'sallyport-bench-'))
const children: ChildProcess[] = []
let people: BenchPeople | null = null

const start = async (
  args: readonly string[],
  env: Readonly<Record<string, string>> = {}
): Promise<{ readonly child: ChildProcess; readonly line: string }> => {
  const child = spawn(process.execPath, args, {
    cwd: root,
    env: { ...process.env, ...env, AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' },
    stdio: ['pipe', 'pipe', 'inherit']
  })
  children.push(child)
  for await (const line of createInterface({ input: child.stdout })) return { child, line }
  throw new Error(`${args.join(' ')} ended without a word`)
}

const end = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGTERM')
  await gone
}

const residentMiB = (pid: number): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024

try {
  for (const figure of await evaluator()) print(figure)
  for (const figure of await policyFigures()) print(figure)
  for (const figure of await postureFigures()) print(figure)
  for (const figure of await sideDoorSearch()) print(figure)
  for (const figure of await reconcile()) print(figure)
  for (const figure of await slackFigures()) print(figure)
  for (const figure of await ledger()) print(figure)
  for (const figure of await append()) print(figure)
  for (const figure of await sqlFigures()) print(figure)
  for (const figure of await consoleFigures()) print(figure)
  people = await benchPeople(join(root, 'policies'), folder)
  const { issuer, policies } = people
  const sandbox = await start(['dist/cli/main.js', 'sandbox', '--json'])
  const { endpoint, region, broker } = objectOf(JSON.parse(sandbox.line))
  const keys = objectOf(broker)
  const env = {
    AWS_ENDPOINT_URL: text(endpoint),
    AWS_REGION: text(region),
    AWS_ACCESS_KEY_ID: text(keys['accessKeyId']),
    AWS_SECRET_ACCESS_KEY: text(keys['secretAccessKey']),
    AWS_SESSION_TOKEN: text(keys['sessionToken']),
    SALLYPORT_OIDC_ISSUER: issuer,
    SALLYPORT_POLICIES: policies,
    SALLYPORT_BROKER_ROLE_ARN: 'arn:aws:iam::123456789012:role/sallyport-broker',
    SALLYPORT_PORT: '0',
    SALLYPORT_OPS_PORT: '0'
  }
  const began = performance.now()
  const idle = await start(['dist/cli/main.js', 'serve'], { ...env, SALLYPORT_DATA_DIR: join(folder, 'idle') })
  const ready = rounded(performance.now() - began, 0)
  print({ figure: 'start_to_ready', value: ready, unit: 'ms', target: '<= 3000', ok: ready <= 3000 })
  await wait(3000)
  const rss = rounded(residentMiB(idle.child.pid ?? 0), 0)
  print({ figure: 'idle_rss', value: rss, unit: 'MiB', target: '<= 150', ok: rss <= 150 })
  await end(idle.child)
  const server = async (kind: string): Promise<string> => {
    const data = join(folder, kind)
    const args = ['test/bench/server.mjs', kind, data, issuer]
    return (await start(args, { ...env, SALLYPORT_DATA_DIR: data })).line
  }
  const url = await server('broker')
  const urls = { alone: await server('broker-alone'), overTheWire: url }
  for (const figure of await issue(urls, people, folder)) print(figure)
  const servers = { bare: await server('bare'), stub: await server('stub'), broker: url }
  for (const figure of await load(servers, people.analysts)) print(figure)
} finally {
  people?.close()
  for (const child of children) {
    child.stdin?.end()
    await end(child)
  }
  rmSync(folder, { recursive: true, force: true })
}
