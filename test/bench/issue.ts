/**
 * Approve → usable credentials over HTTP, beside raw write + fdatasync in the same folder and the
 * same minutes: the broker's own time with an AWS that answers at once, and the time over the AWS
 * wire with the sandbox in a process of its own.
 */
import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { Agent, request } from 'node:http'
import { type Figure, median, rounded } from './figures.ts'
import type { BenchPeople } from './people.ts'

const rounds = 150
const fsyncs = 3
const extraMs = 5

export type Tokens = Pick<BenchPeople, 'analysts' | 'approver'>

type Measured = { readonly p50: number; readonly fsync: number }

export const issue = async (
  urls: { readonly alone: string; readonly overTheWire: string },
  tokens: Tokens,
  folder: string
): Promise<readonly Figure[]> => {
  const alone = await measure(urls.alone, { tokens, folder, warmUp: 400 })
  const wire = await measure(urls.overTheWire, { tokens, folder, warmUp: 50 })
  const allowed = fsyncs * alone.fsync + extraMs
  return [
    {
      figure: 'approve_to_credentials_p50',
      value: rounded(alone.p50),
      unit: 'ms',
      target: `<= ${fsyncs} fsync + ${extraMs} ms, AWS at 0 ms`,
      ok: alone.p50 <= allowed,
      beside: { fsyncP50Ms: rounded(alone.fsync), allowedMs: rounded(allowed) }
    },
    {
      figure: 'approve_to_credentials_over_sandbox_p50',
      value: rounded(wire.p50),
      unit: 'ms',
      target: 'none: two CreateGrant and one AssumeRole by the SDK are in it',
      ok: true,
      beside: { fsyncP50Ms: rounded(wire.fsync), ofAlone: rounded(wire.p50 / alone.p50) }
    }
  ]
}

const measure = async (
  url: string,
  { tokens, folder, warmUp }: { readonly tokens: Tokens; readonly folder: string; readonly warmUp: number }
): Promise<Measured> => {
  const agent = new Agent({ keepAlive: true })
  const analysts = tokens.analysts.map((token) => poster(url, token, agent))
  const approver = poster(url, tokens.approver, agent)
  const file = openSync(join(folder, 'fsync'), 'w', 0o600)
  const line = Buffer.alloc(400, 97)
  const took: number[] = []
  const raw: number[] = []
  for (let n = 0; n < rounds + warmUp; n++) {
    const analyst = analysts[n % analysts.length]
    if (!analyst) throw new Error('nobody asks')
    const ask = {
      target: 'claims-pii',
      duration: '15m',
      reason: 'measuring how long issuing takes',
      ticket: `CLM-${n}`
    }
    const asked = await analyst('/v1/elevations', ask)
    const path = `/v1/elevations/${String(asked['id'])}`
    const began = performance.now()
    const approved = await approver(`${path}/approve`)
    const vended = await analyst(`${path}/credentials`)
    const ms = performance.now() - began
    if (approved['state'] !== 'approved' || vended['Version'] !== 1) throw new Error('not issued')
    const before = performance.now()
    writeSync(file, line)
    fdatasyncSync(file)
    const fsyncMs = performance.now() - before
    if (n >= warmUp) {
      took.push(ms)
      raw.push(fsyncMs)
    }
  }
  closeSync(file)
  return { p50: median(took), fsync: median(raw) }
}

type Poster = (path: string, body?: object) => Promise<Readonly<Record<string, unknown>>>

/** The barest client there is, so that the server's time is what is measured. */
const poster = (url: string, token: string, agent: Agent): Poster => {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  return (path, body = {}) =>
    new Promise((resolve, reject) => {
      const sent = request(new URL(path, url), { method: 'POST', agent, headers }, (response) => {
        const parts: Buffer[] = []
        response.on('data', (part: Buffer) => parts.push(part))
        response.on('end', () => resolve(JSON.parse(Buffer.concat(parts).toString())))
      })
      sent.on('error', reject)
      sent.end(JSON.stringify(body))
    })
}
