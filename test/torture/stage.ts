/**
 * A sandbox in this process, whose grants can be looked at, the people who ask, and what they were
 * told, to be held against what is there afterwards. Brokers are replica.ts, their data places.ts.
 */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { objectOf, text } from '../../src/cli/api.ts'
import { parseElevationId } from '../../src/elevation/ids.ts'
import { startSandbox } from '../../src/sandbox/main.ts'
import { type Crowd, benchPeople } from '../bench/people.ts'
import type { Place } from './places.ts'
import { ownFolder, root } from './run.ts'
import { type Acknowledged, soundness } from './soundness.ts'

export type Answer = { readonly status: number; readonly body: Readonly<Record<string, unknown>> }

export type Elevation = { readonly id: string; readonly token: string }

/** What a place that a kill left behind says. */
export type Left = { readonly lost: number; readonly fault: string | null; readonly entries: number }

export type Stage = Awaited<ReturnType<typeof setStage>>
export type Client = ReturnType<Stage['client']>

/** Starts the sandbox and the issuer. */
export const setStage = async (crowd: Crowd = { analysts: 96 }) => {
  const folder = ownFolder('sallyport-stage-')
  const people = await benchPeople(join(root, 'policies'), folder, crowd)
  const sandbox = await startSandbox({ clockControl: true, seed: true })
  const { broker: keys } = sandbox.keys
  const env: Readonly<Record<string, string>> = {
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
    SALLYPORT_OPS_PORT: '0'
  }
  let asks = 0
  const nextAsk = () => {
    const token = people.analysts[asks % people.analysts.length] ?? ''
    return { token, ticket: `CLM-${asks++}` }
  }
  return {
    sandbox,
    people,
    env,

    /** Names of the broker's grants that exist. */
    grants: (): readonly string[] =>
      [...sandbox.world.grants.values()].flatMap(({ name }) => (name?.startsWith('jit/') ? [name] : [])),

    /** Somebody who asks the broker that `url` gives at each request, and keeps what they were told. */
    client: (url: () => string) => clientOf({ url, approver: people.approver, nextAsk }),

    close: async (): Promise<void> => {
      people.close()
      await sandbox.close()
      rmSync(folder, { recursive: true, force: true })
    }
  }
}

type ClientParts = {
  readonly url: () => string
  readonly approver: string
  readonly nextAsk: () => { readonly token: string; readonly ticket: string }
}

const clientOf = ({ url, approver, nextAsk }: ClientParts) => {
  let told: Acknowledged[] = []
  const delivered = new Set<string>()

  /** Null = the connection broke, and nobody knows what became of it. */
  const send = async (method: 'GET' | 'POST', token: string, path: string, body?: object): Promise<Answer | null> => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
    try {
      const response = await fetch(new URL(path, url()), {
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
    send,
    acknowledged: (): number => told.length,
    delivered: (id: string): boolean => delivered.has(id),

    /** Forgets what was told of another place. */
    forget: (): void => {
      told = []
      delivered.clear()
    },

    /** An approved elevation; null = the broker did not answer, or is starved. */
    approved: async (duration = '15m', target = 'claims-pii'): Promise<Elevation | null> => {
      const { token, ticket } = nextAsk()
      const ask = { target, duration, reason: 'what a crash must not leave open', ticket }
      const asked = await send('POST', token, '/v1/elevations', ask)
      if (asked === null || asked.status === 503) return null
      if (asked.status >= 300) throw new Error(`ask: ${asked.status} ${String(asked.body['code'])}`)
      const id = text(asked.body['id'])
      acknowledge(asked, id, [['elevation.requested', false]])
      const approval = await send('POST', approver, `/v1/elevations/${id}/approve`)
      acknowledge(approval, id, [['approval.recorded', true], ['elevation.approved', true]])
      return approval === null || approval.status >= 300 ? null : { id, token }
    },

    /** True when credentials came. */
    credentials: async ({ id, token }: Elevation): Promise<boolean> => {
      const answer = await send('POST', token, `/v1/elevations/${id}/credentials`)
      const isGiven = answer?.body['AccessKeyId'] !== undefined
      if (isGiven) delivered.add(id)
      return isGiven
    },

    end: async ({ id, token }: Elevation): Promise<void> => {
      acknowledge(await send('POST', token, `/v1/elevations/${id}/end`), id, [['elevation.ending', false]])
    },

    stateOf: async ({ id, token }: Elevation): Promise<string | null> => {
      const answer = await send('GET', token, `/v1/elevations/${id}`)
      return answer === null || answer.status >= 300 ? null : text(answer.body['state'])
    },

    /** The place as a kill left it: what was told is in it, and no session without its entry. */
    look: async (place: Place): Promise<Left> => {
      const store = await place.open()
      try {
        const found = await soundness(store, place.key(), told)
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
    }
  }
}

const hadSession: ReadonlySet<string> = new Set(['active', 'ending', 'ended'])

/** States that never change again. */
export const finals: ReadonlySet<string> = new Set(['ended', 'failed', 'lapsed', 'cancelled', 'denied'])
