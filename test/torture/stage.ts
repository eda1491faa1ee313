/**
 * A sandbox in this process, whose grants can be looked at, and a broker in a process of its own that
 * is killed and started again on the same folder. What a client was told is kept to be held against
 * what is there afterwards.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { Point } from '../../src/broker/points.ts'
import { objectOf, text } from '../../src/cli/api.ts'
import { parseElevationId } from '../../src/elevation/ids.ts'
import { startSandbox } from '../../src/sandbox/main.ts'
import { ledgerKey } from '../../src/store/ledger-key.ts'
import { benchPeople } from '../bench/people.ts'
import { openHere } from '../fixtures-store.ts'
import { type Acknowledged, soundness } from './soundness.ts'

const root = new URL('../..', import.meta.url).pathname

export type Answer = { readonly status: number; readonly body: Readonly<Record<string, unknown>> }

/** What a folder that a kill left behind says. */
export type Left = { readonly lost: number; readonly fault: string | null; readonly entries: number }

export type Stage = Awaited<ReturnType<typeof setStage>>

/** Starts the sandbox and says who asks; the broker is started by `start`. */
export const setStage = async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-torture-'))
  const data = join(folder, 'data')
  const people = await benchPeople(join(root, 'policies'), folder)
  const sandbox = await startSandbox({ clockControl: true, seed: true })
  const { broker: keys } = sandbox.keys
  const env = {
    AWS_ENDPOINT_URL: sandbox.endpoint,
    AWS_REGION: sandbox.region,
    AWS_ACCESS_KEY_ID: keys.accessKeyId,
    AWS_SECRET_ACCESS_KEY: keys.secretAccessKey,
    ...(keys.sessionToken === undefined ? {} : { AWS_SESSION_TOKEN: keys.sessionToken }),
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
    SALLYPORT_OIDC_ISSUER: people.issuer,
    SALLYPORT_POLICIES: people.policies,
    SALLYPORT_BROKER_ROLE_ARN: `arn:aws:iam::${sandbox.account}:role/sallyport-broker`,
    SALLYPORT_PORT: '0',
    SALLYPORT_OPS_PORT: '0',
    SALLYPORT_DATA_DIR: data,
    SALLYPORT_ANCHOR_FILE: join(folder, 'anchors')
  }
  const told: Acknowledged[] = []
  const delivered = new Set<string>()
  let child: ChildProcess | null = null
  let url = ''
  let asks = 0

  const heard = async (from: ChildProcess, name: string) => {
    for (;;) {
      const answer = await Promise.race([
        once(from, 'message').then(([message]: readonly unknown[]) => objectOf(message)),
        once(from, 'exit').then(() => null)
      ])
      if (answer === null) throw new Error('the broker ended before it had started')
      if (name in answer) return answer
    }
  }

  /** Null = the connection broke, and nobody knows what became of it. */
  const send = async (method: 'GET' | 'POST', token: string, path: string, body?: object): Promise<Answer | null> => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
    try {
      const response = await fetch(new URL(path, url), {
        method,
        headers,
        ...(method === 'POST' ? { body: JSON.stringify(body ?? {}) } : {}),
        signal: AbortSignal.timeout(15_000)
      })
      return { status: response.status, body: objectOf(await response.json()) }
    } catch (cause) {
      if (cause instanceof Error) return null
      throw cause
    }
  }

  const acknowledge = (answer: Answer | null, elevation: string, entries: readonly (readonly [type: string, isSealed: boolean])[]): void => {
    const indexes: unknown = answer?.body['ledger']
    if (answer === null || answer.status >= 300 || !Array.isArray(indexes)) return
    for (const [n, [type, isSealed]] of entries.entries()) {
      const index = Number(indexes[indexes.length - entries.length + n])
      told.push({ index, isSealed, is: { elevation, type } })
    }
  }

  return {
    sandbox,
    delivered,
    acknowledged: () => told.length,

    /** Starts the broker, killed at `crashAt` where one is given. */
    start: async (crashAt: Point | null = null): Promise<void> => {
      const script = new URL('./broker.ts', import.meta.url).pathname
      const armed = crashAt === null ? {} : { SALLYPORT_CRASH_AT: crashAt }
      const started = spawn(process.execPath, [...process.execArgv, script], {
        cwd: root,
        env: { ...process.env, ...env, ...armed },
        stdio: ['ignore', 'inherit', 'inherit', 'ipc']
      })
      child = started
      url = text((await heard(started, 'url'))['url'])
    },

    /** From here on it is killed at that point. */
    arm: async (point: Point): Promise<void> => {
      if (child === null) throw new Error('no broker runs')
      const armed = heard(child, 'armed')
      child.send(point)
      await armed
    },

    kill: (): void => void child?.kill('SIGKILL'),

    isRunning: (): boolean => child !== null && child.exitCode === null && child.signalCode === null,

    /** True when it was killed within so many milliseconds. */
    gone: async (withinMs: number): Promise<boolean> => {
      const dying = child
      if (dying === null) return true
      const timer = new AbortController()
      const isGone = await Promise.race([
        dying.exitCode !== null || dying.signalCode !== null ? true : once(dying, 'exit').then(() => true),
        wait(withinMs, false, { signal: timer.signal }).catch(() => false)
      ])
      timer.abort()
      if (isGone) child = null
      return isGone
    },

    /** An approved elevation: its id and whose it is. */
    approved: async (duration = '15m'): Promise<{ readonly id: string; readonly token: string } | null> => {
      const token = people.analysts[asks % people.analysts.length] ?? ''
      const ticket = `CLM-${asks++}`
      const ask = { target: 'claims-pii', duration, reason: 'what a crash must not leave open', ticket }
      const asked = await send('POST', token, '/v1/elevations', ask)
      if (asked === null || asked.status === 503) return null
      if (asked.status >= 300) throw new Error(`ask: ${asked.status} ${String(asked.body['code'])}`)
      const id = text(asked.body['id'])
      acknowledge(asked, id, [['elevation.requested', false]])
      const approval = await send('POST', people.approver, `/v1/elevations/${id}/approve`)
      acknowledge(approval, id, [['approval.recorded', true], ['elevation.approved', true]])
      return approval === null || approval.status >= 300 ? null : { id, token }
    },

    /** True when credentials came. */
    credentials: async ({ id, token }: { readonly id: string; readonly token: string }): Promise<boolean> => {
      const answer = await send('POST', token, `/v1/elevations/${id}/credentials`)
      const isGiven = answer?.body['AccessKeyId'] !== undefined
      if (isGiven) delivered.add(id)
      return isGiven
    },

    end: async ({ id, token }: { readonly id: string; readonly token: string }): Promise<void> => {
      acknowledge(await send('POST', token, `/v1/elevations/${id}/end`), id, [['elevation.ending', false]])
    },

    stateOf: async ({ id, token }: { readonly id: string; readonly token: string }): Promise<string | null> => {
      const answer = await send('GET', token, `/v1/elevations/${id}`)
      return answer === null || answer.status >= 300 ? null : text(answer.body['state'])
    },

    /** Names of the broker's grants that exist. */
    grants: (): readonly string[] =>
      [...sandbox.world.grants.values()].flatMap(({ name }) => (name?.startsWith('jit/') ? [name] : [])),

    /** The folder as the kill left it, read in a copy: what was told, and no session without its entry. */
    look: async (): Promise<Left> => {
      const copy = join(folder, 'left')
      rmSync(copy, { recursive: true, force: true })
      cpSync(data, copy, { recursive: true })
      const key = ledgerKey({ path: join(copy, 'ledger.key'), origin: 'sallyport.local/ledger', mayMake: false })
      const store = openHere(copy, Date.now)
      try {
        const found = await soundness(store, key, told)
        let unknown = 0
        for (const name of delivered) {
          const id = parseElevationId(name)
          const stored = id === null ? null : await store.get(id)
          if (stored === null || !hadSession.has(stored.elevation.state)) unknown += 1
        }
        delivered.clear()
        return { lost: found.lost.length + unknown, fault: found.fault, entries: found.entries }
      } finally {
        await store.close()
      }
    },

    close: async (): Promise<void> => {
      child?.kill('SIGKILL')
      people.close()
      await sandbox.close()
      rmSync(folder, { recursive: true, force: true })
    }
  }
}

const hadSession: ReadonlySet<string> = new Set(['active', 'ending', 'ended'])
