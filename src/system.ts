/** The process's clock and randomness, as the ports the broker takes. */
import { randomBytes, randomUUID } from 'node:crypto'
import { type ElevationId, instant, parseElevationId } from './elevation/ids.ts'
import type { Clock, Ids } from './ports.ts'

export const systemClock: Clock = { now: () => instant(Date.now()) }

const base32 = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

/** A ULID: 48 bits of milliseconds, 80 random bits (ulid spec). */
export const ulid = (milliseconds: number): ElevationId => {
  let time = ''
  for (let rest = milliseconds, n = 0; n < 10; n++, rest = Math.floor(rest / 32)) {
    time = `${base32[rest % 32]}${time}`
  }
  const random = [...randomBytes(16)].map((byte) => base32[byte % 32]).join('')
  const id = parseElevationId(`${time}${random}`)
  if (id === null) throw new Error('a clock outside what a ULID can hold')
  return id
}

export const systemIds: Ids = {
  elevation: () => ulid(Date.now()),
  entry: () => randomUUID(),
  salt: () => randomBytes(32).toString('hex')
}
