/**
 * Device authorization (RFC 8628): a device shows a short code, its owner says elsewhere who they
 * are, and the device asks until they have. A code is good for ten minutes and gives tokens once.
 */
import { randomBytes, randomInt } from 'node:crypto'

type Person = { readonly person: string; readonly authTime: number }

export type DeviceAnswer =
  | ({ readonly kind: 'signed_in' } & Person)
  | { readonly kind: 'authorization_pending' | 'expired_token' | 'invalid_grant' }

export type Devices = {
  /** The answer of the device authorization endpoint, RFC 8628 section 3.2. */
  readonly make: (issuer: string, now: number) => Readonly<Record<string, string | number>>
  readonly knows: (userCode: string, now: number) => boolean
  readonly allow: (userCode: string, person: Person) => void
  readonly take: (deviceCode: string, now: number) => DeviceAnswer
}

const lifetimeSeconds = 600
const letters = 'BCDFGHJKLMNPQRSTVWXZ'

export const makeDevices = (): Devices => {
  const asked = new Map<string, { readonly userCode: string; readonly until: number }>()
  const allowed = new Map<string, Person>()
  return {
    make: (issuer, now) => {
      const deviceCode = randomBytes(24).toString('base64url')
      const userCode = Array.from({ length: 8 }, () => letters[randomInt(letters.length)]).join('')
      asked.set(deviceCode, { userCode, until: now + lifetimeSeconds })
      return {
        device_code: deviceCode,
        user_code: userCode,
        verification_uri: `${issuer}/device`,
        verification_uri_complete: `${issuer}/device?user_code=${userCode}`,
        expires_in: lifetimeSeconds,
        interval: 1
      }
    },
    knows: (userCode, now) =>
      [...asked.values()].some((one) => one.userCode === userCode && now <= one.until),
    allow: (userCode, person) => {
      allowed.set(userCode, person)
    },
    take: (deviceCode, now) => {
      const one = asked.get(deviceCode)
      if (one === undefined) return { kind: 'invalid_grant' }
      if (now > one.until) return { kind: 'expired_token' }
      const person = allowed.get(one.userCode)
      if (person === undefined) return { kind: 'authorization_pending' }
      asked.delete(deviceCode)
      allowed.delete(one.userCode)
      return { kind: 'signed_in', ...person }
    }
  }
}
