/**
 * Temporary credentials of a role session: made with random secrets, kept in memory by access key
 * id and never removed, so that an expired one is told that it expired.
 */
import { randomBytes } from 'node:crypto'
import type { Role, Session, StoredPolicy, World } from './world.ts'

export type SessionWish = {
  readonly role: Role
  readonly sessionName: string
  readonly seconds: number
  readonly now: Date
  readonly tags: Readonly<Record<string, string>>
  readonly transitiveTagKeys: readonly string[]
  readonly sourceIdentity?: string
  readonly policy?: StoredPolicy
}

/** Opens a session that ends `seconds` after `now`, on a whole second as STS answers it. */
export function openSession(world: World, wish: SessionWish): Session {
  const { role, sessionName, seconds, now, ...rest } = wish
  const session: Session = {
    ...rest,
    accessKeyId: `ASIA${randomId(16)}`,
    secretAccessKey: randomBytes(30).toString('base64'),
    sessionToken: randomBytes(192).toString('base64'),
    roleName: role.name,
    roleId: role.roleId,
    sessionName,
    arn: `arn:${world.partition}:sts::${world.account}:assumed-role/${role.name}/${sessionName}`,
    issuedAt: now,
    notAfter: new Date((Math.floor(now.getTime() / 1000) + seconds) * 1000)
  }
  world.sessions.set(session.accessKeyId, session)
  return session
}

/** `length` characters of the alphabet of AWS's ids, e.g. after `AROA`. */
export function randomId(length: number): string {
  return [...randomBytes(length)].map((byte) => ID_ALPHABET[byte % 32]).join('')
}

const ID_ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
