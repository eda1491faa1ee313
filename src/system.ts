/** The process's clock and randomness, as the ports the broker takes. */
import { randomBytes, randomUUID } from 'node:crypto'
import { type ElevationId, instant, parseElevationId, parseQueryId } from './elevation/ids.ts'
import type { Clock, Ids } from './ports.ts'

export const systemClock: Clock = { now: () => instant(Date.now()) }

/** How long a turn of the event loop takes now, in milliseconds. */
export const loopTurn = async (): Promise<number> => {
  const began = performance.now()
  await new Promise((resolve) => setImmediate(resolve))
  return performance.now() - began
}

const poolBytes = 8192
let pool = Buffer.alloc(0)

/** Random bytes, each given once. The system is asked for many at a time: a call costs 20 µs. */
const random = (count: number): Buffer => {
  if (pool.length < count) pool = randomBytes(poolBytes)
  const taken = pool.subarray(0, count)
  pool = pool.subarray(count)
  return taken
}

const base32 = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

/** A ULID: 48 bits of milliseconds, 80 random bits (ulid spec). */
export const ulid = (milliseconds: number): ElevationId => {
  const id = parseElevationId(ulidText(milliseconds))
  if (id === null) throw outside
  return id
}

const outside = new Error('a clock outside what a ULID can hold')

const ulidText = (milliseconds: number): string => {
  let time = ''
  for (let rest = milliseconds, n = 0; n < 10; n++, rest = Math.floor(rest / 32)) {
    time = `${base32[rest % 32]}${time}`
  }
  const tail = [...random(16)].map((byte) => base32[byte % 32]).join('')
  return `${time}${tail}`
}

export const systemIds: Ids = {
  elevation: () => ulid(Date.now()),
  query: () => {
    const id = parseQueryId(ulidText(Date.now()))
    if (id === null) throw outside
    return id
  },
  entry: () => randomUUID(),
  salt: () => random(32).toString('hex')
}
