/**
 * SIGKILLs of the broker as it is run, from `dist`, at random moments under asks and approvals. The
 * client writes what it was told (HTTP 2xx) into a file of its own, fsynced, before it goes on. After
 * each kill the data folder as it was left is read as at any start, and the broker starts again on
 * it. One JSON line in the end; exit 1 where anything acknowledged is lost.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, fsyncSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as wait } from 'node:timers/promises'
import { objectOf, text } from '../../src/cli/api.ts'
import { ledgerKey } from '../../src/store/ledger-key.ts'
import { openStore } from '../../src/store/open.ts'
import { benchPeople } from '../bench/people.ts'
import { note, root, say } from './run.ts'
import { type Acknowledged, soundness } from './soundness.ts'

const kills = 27
const clients = 12
const folder = mkdtempSync(join(tmpdir(), 'sallyport-kill-'))
const data = join(folder, 'data')
const said = join(folder, 'acknowledged')
const saidFile = openSync(said, 'a', 0o600)
const children = new Set<ChildProcess>()

const start = (args: readonly string[], env: Readonly<Record<string, string>>) => {
  const child = spawn(process.execPath, args, {
    cwd: root,
    env: { ...process.env, ...env, AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' },
    stdio: ['ignore', 'pipe', 'inherit']
  })
  children.add(child)
  const lines = createInterface({ input: child.stdout })
  return { child, lines }
}

/** The first line that has what is wanted. */
const lineWith = async (lines: AsyncIterable<string>, name: string) => {
  for await (const line of lines) {
    const document = objectOf(JSON.parse(line))
    if (name in document) return document
  }
  throw new Error('a process ended before it had started')
}

const people = await benchPeople(join(root, 'policies'), folder)
const sandbox = start(['dist/cli/main.js', 'sandbox', '--json'], {})
const aws = await lineWith(sandbox.lines, 'endpoint')
const keys = objectOf(aws['broker'])
const env = {
  AWS_ENDPOINT_URL: text(aws['endpoint']),
  AWS_REGION: text(aws['region']),
  AWS_ACCESS_KEY_ID: text(keys['accessKeyId']),
  AWS_SECRET_ACCESS_KEY: text(keys['secretAccessKey']),
  AWS_SESSION_TOKEN: text(keys['sessionToken']),
  SALLYPORT_OIDC_ISSUER: people.issuer,
  SALLYPORT_POLICIES: people.policies,
  SALLYPORT_BROKER_ROLE_ARN: 'arn:aws:iam::123456789012:role/sallyport-broker',
  SALLYPORT_PORT: '0',
  SALLYPORT_OPS_PORT: '0',
  SALLYPORT_DATA_DIR: data,
  // the broker itself refuses to start where its ledger is behind what it has told here
  SALLYPORT_ANCHOR_FILE: join(folder, 'anchors')
}

let asks = 0
let heard = (): void => {}

/** Asks and has it approved until the broker is gone; nothing counts before it was answered. */
const client = async (url: string, place: number): Promise<void> => {
  const post = async (token: string, path: string, body: object) => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
    const response = await fetch(new URL(path, url), { method: 'POST', headers, body: JSON.stringify(body) })
    const answer = objectOf(await response.json())
    // a broker that is starved says so; that is no acknowledgement
    if (response.status === 503) return null
    if (!response.ok) throw new Error(`${path}: ${response.status} ${String(answer['code'])}`)
    return answer
  }
  for (;;) {
    const token = people.analysts[(asks * clients + place) % people.analysts.length] ?? ''
    const ask = { target: 'claims-pii', duration: '15m', reason: 'what a kill must not lose', ticket: `CLM-${asks++}` }
    const asked = await post(token, '/v1/elevations', ask)
    if (asked === null) continue
    const elevation = text(asked['id'])
    acknowledge(asked, { elevation, type: 'elevation.requested' }, { at: 0, isSealed: false })
    const approved = await post(people.approver, `/v1/elevations/${elevation}/approve`, {})
    if (approved === null) continue
    acknowledge(approved, { elevation, type: 'approval.recorded', actor: 'bob' }, { at: 1, isSealed: true })
    acknowledge(approved, { elevation, type: 'elevation.approved' }, { at: 2, isSealed: true })
  }
}

const acknowledge = (
  answer: Readonly<Record<string, unknown>>,
  is: Acknowledged['is'],
  { at, isSealed }: { readonly at: number; readonly isSealed: boolean }
): void => {
  const index = Array.isArray(answer['ledger']) ? Number(answer['ledger'][at]) : Number.NaN
  writeSync(saidFile, `${JSON.stringify({ index, isSealed, is } satisfies Acknowledged)}\n`)
  fsyncSync(saidFile)
  heard()
}

const acknowledged = (): readonly Acknowledged[] =>
  readFileSync(said, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line): Acknowledged => JSON.parse(line))

/** The folder as the kill left it, read in a copy. */
const look = async (told: readonly Acknowledged[]) => {
  const copy = join(folder, 'left')
  rmSync(copy, { recursive: true, force: true })
  cpSync(data, copy, { recursive: true })
  const key = ledgerKey({ path: join(copy, 'ledger.key'), origin: 'sallyport.local/ledger', mayMake: false })
  const store = await openStore({ folder: copy, timeoutMilliseconds: 60_000 })
  try {
    return await soundness(store, key, told)
  } finally {
    await store.close()
  }
}

let lost = 0
let faults = 0
let rounds = 0
try {
  while (rounds < kills) {
    const { child, lines } = start(['dist/cli/main.js', 'serve'], env)
    const url = text((await lineWith(lines, 'opsUrl'))['url'])
    child.stdout?.resume()
    const first = new Promise<void>((resolve) => {
      heard = resolve
    })
    const clientsEnd = Promise.allSettled(Array.from({ length: clients }, (_, place) => client(url, place)))
    const after = Math.round(Math.random() * 1000)
    await Promise.race([first, clientsEnd])
    await wait(after)
    child.kill('SIGKILL')
    await once(child, 'close')
    children.delete(child)
    for (const one of await clientsEnd) {
      // the connection breaks with the broker; an answer that was read is never a refusal
      if (one.status === 'rejected' && !(one.reason instanceof TypeError)) throw one.reason
    }
    const told = acknowledged()
    const found = await look(told)
    rounds += 1
    lost += found.lost.length
    if (found.fault !== null) faults += 1
    note(`kill: ${rounds}/${kills} after ${after} ms, ${told.length} acknowledged, ${found.entries} entries, ${found.lost.length} lost, ${found.fault ?? 'no fault'}`)
  }
} finally {
  people.close()
  for (const child of children) child.kill('SIGTERM')
  rmSync(folder, { recursive: true, force: true })
}
const ok = rounds === kills && lost === 0 && faults === 0
say({ figure: 'kills', rounds, asks, lost, faults, ok })
process.exitCode = ok ? 0 : 1
