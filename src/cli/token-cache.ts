/**
 * The token that `login` got, one for each broker: a file of mode 0600 in a folder of mode 0700
 * under the configuration home (XDG Base Directory: XDG_CONFIG_HOME, else ~/.config). A file that
 * others can read is not used. What is nearly over is refreshed; what cannot be is as good as none.
 */
import { lstatSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { objectOf, text } from './api.ts'

export type Env = Readonly<Record<string, string | undefined>>

export type CachedToken = {
  readonly issuer: string
  readonly clientId: string
  readonly accessToken: string
  readonly refreshToken: string | null
  /** epoch milliseconds */
  readonly expiresAt: number
}

/** Renews a token that is nearly over; null where the provider will not. */
export type Renew = (token: CachedToken) => Promise<CachedToken | null>

const earlyMilliseconds = 60_000

/** The bearer token for this broker; null = nobody has signed in, or it is over. */
export const cachedBearer = async (
  env: Env,
  broker: string,
  { now, renew }: { readonly now: number; readonly renew: Renew }
): Promise<string | null> => {
  const token = readToken(env, broker)
  if (token === null) return null
  if (token.expiresAt - earlyMilliseconds > now) return token.accessToken
  if (token.refreshToken === null) return null
  const next = await renew(token)
  if (next !== null) {
    writeToken(env, broker, next)
    return next.accessToken
  }
  // another command may have renewed it meanwhile, with a refresh token that is good once
  const other = readToken(env, broker)
  return other !== null && other.expiresAt > now ? other.accessToken : null
}

export const readToken = (env: Env, broker: string): CachedToken | null => {
  const path = pathOf(env, broker)
  if (path === null) return null
  try {
    const { mode } = lstatSync(path)
    if ((mode & 0o077) !== 0) return null
    return tokenIn(JSON.parse(readFileSync(path, 'utf8')))
  } catch {
    return null
  }
}

/** Whole or not at all. Throws where the folder cannot be written. */
export const writeToken = (env: Env, broker: string, token: CachedToken): string => {
  const path = pathOf(env, broker)
  const folder = folderOf(env)
  if (path === null || folder === null) throw new Error('there is no home to keep a token in')
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const beside = `${path}.${process.pid}`
  writeFileSync(beside, JSON.stringify(token), { mode: 0o600, flag: 'wx' })
  renameSync(beside, path)
  return path
}

/** Forgets it, where there is one. */
export const dropToken = (env: Env, broker: string): void => {
  const path = pathOf(env, broker)
  if (path !== null) rmSync(path, { force: true })
}

const folderOf = (env: Env): string | null => {
  const [home, config] = [env['HOME'], env['XDG_CONFIG_HOME']]
  if (config !== undefined && config.startsWith('/')) return join(config, 'sallyport')
  return home === undefined || home === '' ? null : join(home, '.config', 'sallyport')
}

const pathOf = (env: Env, broker: string): string | null => {
  const folder = folderOf(env)
  if (folder === null || !URL.canParse(broker)) return null
  return join(folder, `${encodeURIComponent(new URL(broker).origin)}.json`)
}

const tokenIn = (value: unknown): CachedToken | null => {
  const { issuer, clientId, accessToken, refreshToken, expiresAt } = objectOf(value)
  const texts = [text(issuer), text(clientId), text(accessToken)]
  if (texts.includes('') || typeof expiresAt !== 'number') return null
  return {
    issuer: text(issuer),
    clientId: text(clientId),
    accessToken: text(accessToken),
    refreshToken: typeof refreshToken === 'string' ? refreshToken : null,
    expiresAt
  }
}
