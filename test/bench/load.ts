/** POST elevation with 32 clients of many people as a share of a bare route and of a stub with the same duties. */
import autocannon from 'autocannon'
import { type Figure, median, rounded } from './figures.ts'

const rounds = 3
const seconds = 4
const clients = 32

const body = JSON.stringify({
  target: 'claims-pii',
  duration: '2h',
  reason: 'measuring how many asks fit into a second',
  ticket: 'CLM-4711'
})

export type Servers = Readonly<Record<'bare' | 'stub' | 'broker', string>>

/** Interleaved rounds, so that a drift of the machine touches all three alike. */
export const load = async (
  servers: Servers,
  tokens: readonly string[]
): Promise<readonly Figure[]> => {
  const requests = tokens.map((token) => ({
    method: 'POST' as const,
    path: '/v1/elevations',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body
  }))
  const share = Math.floor(requests.length / clients)
  const shoot = async (url: string, duration: number): Promise<number> => {
    let started = 0
    const result = await autocannon({
      url,
      connections: clients,
      duration,
      // nobody asks twice at once: each client has people of its own
      setupClient: (client) => {
        const mine = started++ * share
        client.setRequests(requests.slice(mine, mine + share))
      }
    })
    if (result.non2xx > 0 || result.errors > 0) {
      throw new Error(`${url}: ${result.non2xx} refusals, ${result.errors} errors`)
    }
    return result.requests.total / result.duration
  }
  const kinds = ['bare', 'stub', 'broker'] as const
  const rates: Record<(typeof kinds)[number], number[]> = { bare: [], stub: [], broker: [] }
  for (const kind of kinds) await shoot(servers[kind], seconds)
  for (let n = 0; n < rounds; n++) {
    for (const kind of kinds) rates[kind].push(await shoot(servers[kind], seconds))
  }
  const ratio = (of: readonly number[]): number =>
    rounded(median(rates.broker.map((rate, n) => rate / (of[n] ?? Number.NaN))))
  const beside = {
    barePerSecond: rounded(median(rates.bare), 0),
    stubPerSecond: rounded(median(rates.stub), 0),
    brokerPerSecond: rounded(median(rates.broker), 0)
  }
  const ofBare = ratio(rates.bare)
  const ofStub = ratio(rates.stub)
  return [
    { figure: 'post_elevation_of_bare_fastify', value: ofBare, unit: 'ratio', target: '>= 0.10', ok: ofBare >= 0.1, beside },
    { figure: 'post_elevation_of_same_auth_and_commit', value: ofStub, unit: 'ratio', target: '>= 0.60', ok: ofStub >= 0.6, beside }
  ]
}
