/**
 * Clients that mean no good, on one broker each. Slow: so many sockets that send a byte a second, made
 * anew as the broker cuts them off, while somebody else asks. Large: ten thousand bodies of up to a
 * megabyte from one person at a heap of 96 MiB, under the product's own limits of rate. Options: `--sockets`, `--bodies`, `--seconds` of each measurement.
 */
import { type Socket, connect } from 'node:net'
import { request } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { startPlaces } from './places.ts'
import { makeReplica } from './replica.ts'
import { load, note, quantile, residentMiB, rounded, say } from './run.ts'
import { setStage } from './stage.ts'

const { values } = parseArgs({
  options: {
    sockets: { type: 'string', default: '2000' },
    bodies: { type: 'string', default: '10000' },
    seconds: { type: 'string', default: '15' }
  }
})
const sockets = Number(values.sockets)
const bodies = Number(values.bodies)
const seconds = Number(values.seconds)

const places = await startPlaces('sqlite')
const stage = await setStage()
const started: ReturnType<typeof makeReplica>[] = []

/** A broker of its own, as it runs in production: with the store's thread. */
const start = async (more: Readonly<Record<string, string>> = {}) => {
  const place = await places.fresh()
  const env = { ...stage.env, ...place.env(), TORTURE_THREAD: 'yes', ...more }
  const broker = makeReplica(() => env)
  started.push(broker)
  await broker.start()
  return { broker, as: stage.client(broker.url), place }
}

/** Sockets that are open and send a byte each second, none of them a whole request. */
const slowSockets = (url: string) => {
  const { hostname, port } = new URL(url)
  const line = 'POST /v1/elevations HTTP/1.1\r\nHost: broker\r\nX-Slow: '
  const open = new Map<Socket, number>()
  let cut = 0
  let isOver = false
  const add = (): void => {
    const socket = connect(Number(port), hostname)
    open.set(socket, 0)
    socket.on('error', () => {})
    socket.once('close', () => {
      open.delete(socket)
      if (isOver) return
      cut += 1
      setTimeout(add, 1000)
    })
  }
  for (let n = 0; n < sockets; n++) add()
  const timer = setInterval(() => {
    for (const [socket, sent] of open) {
      socket.write(line[sent] ?? 'a')
      open.set(socket, sent + 1)
    }
  }, 1000)
  return {
    count: (): number => open.size,
    cut: (): number => cut,
    stop: (): void => {
      isOver = true
      clearInterval(timer)
      for (const socket of open.keys()) socket.destroy()
    }
  }
}

const slow = async (): Promise<boolean> => {
  const { broker, as } = await start()
  const made = await as.approved()
  if (made === null) throw new Error('nothing is approved')
  let failed = 0
  /** The latencies of somebody who looks twenty times a second. */
  const looks = async (): Promise<readonly number[]> => {
    const took: number[] = []
    const until = performance.now() + seconds * 1000
    while (performance.now() < until) {
      const began = performance.now()
      if ((await as.stateOf(made)) === null) failed += 1
      took.push(performance.now() - began)
      await wait(50)
    }
    return took
  }
  await looks()
  const before = await looks()
  const slowly = slowSockets(broker.url())
  await wait(3000)
  note(`clients: ${slowly.count()} slow sockets`)
  const during = await looks()
  const [open, cut] = [slowly.count(), slowly.cut()]
  slowly.stop()
  await wait(1000)
  const after = await looks()
  const p99 = (of: readonly number[]): number => quantile(of, 0.99)
  const ratio = p99(during) / p99([...before, ...after])
  const ok = failed === 0 && ratio <= 2 && open + cut >= sockets
  say({
    figure: 'slow_clients',
    sockets: open,
    cutOff: cut,
    requests: during.length,
    failed,
    p50Ms: rounded(quantile(during, 0.5)),
    p99Ms: rounded(p99(during)),
    withoutP99Ms: rounded(p99([...before, ...after])),
    ratio: rounded(ratio),
    target: 'p99 <= 2 x without them',
    load: load(),
    ok
  })
  broker.signal('SIGKILL')
  await broker.gone(5000)
  return ok
}

const large = async (): Promise<boolean> => {
  const { broker, as } = await start({ NODE_OPTIONS: '--max-old-space-size=96', TORTURE_LIMITS: 'own' })
  const [token = ''] = stage.people.analysts
  const huge = Buffer.from(JSON.stringify({ target: 'claims-pii', reason: 'x'.repeat(1_048_576) }))
  const wide = Buffer.from(`{"a":[${'[],'.repeat(80_000)}[]]}`)
  const answers = new Map<string, number>()
  let residentMax = 0
  /** Its status; `cut` where the connection was closed under the body. */
  const post = (body: Buffer): Promise<string> =>
    new Promise((resolve) => {
      const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
      const sent = request(new URL('/v1/elevations', broker.url()), { method: 'POST', headers, agent: false }, (response) => {
        response.resume()
        response.once('close', () => resolve(String(response.statusCode)))
      })
      sent.once('error', () => resolve('cut'))
      sent.end(body)
    })
  let left = bodies
  const lane = async (): Promise<void> => {
    while (left > 0) {
      left -= 1
      const status = await post(left % 2 === 0 ? huge : wide)
      answers.set(status, (answers.get(status) ?? 0) + 1)
      if (left % 100 === 0 && broker.isRunning()) residentMax = Math.max(residentMax, residentMiB(broker.pid()))
      if (left % 2000 === 0) note(`clients: ${left} bodies left`)
    }
  }
  await Promise.all(Array.from({ length: 64 }, lane))
  const isAlive = broker.isRunning()
  const [, other = ''] = stage.people.analysts
  const looked = isAlive ? await as.send('GET', other, '/v1/elevations') : null
  const isServing = looked?.status === 200
  const told = [...answers.keys()].filter((status) => !['400', '413', '429', 'cut'].includes(status))
  const ok = isServing && told.length === 0 && residentMax <= 256
  say({
    figure: 'large_bodies',
    bodies,
    heapMiB: 96,
    answered: Object.fromEntries(answers),
    isAlive,
    isServing,
    residentMaxMiB: rounded(residentMax, 0),
    target: '400, 413, 429 or cut off; <= 256 MiB; still serves',
    load: load(),
    ok
  })
  broker.signal('SIGKILL')
  await broker.gone(5000)
  return ok
}

try {
  const isSlowFine = await slow()
  const isLargeFine = await large()
  process.exitCode = isSlowFine && isLargeFine ? 0 : 1
} finally {
  for (const broker of started) {
    broker.signal('SIGKILL')
    await broker.gone(5000)
  }
  await stage.close()
  await places.close()
}
