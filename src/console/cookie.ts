/**
 * The cookies of the console and how they are set. Over TLS they have the `__Host-` prefix, which
 * makes browsers keep them to this host and to https; over plain HTTP, which is allowed on this
 * machine alone, they cannot have it. Source: RFC 6265bis sections 4.1.3 and 5.6.
 */
import type { CookieSerializeOptions } from '@fastify/cookie'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto'

export type Cookies = {
  readonly session: string
  /** of the browser that has gone to sign in */
  readonly signIn: string
  readonly secure: boolean
}

/** The names for a console at this URL. */
export const cookiesFor = (consoleUrl: string): Cookies => {
  const secure = consoleUrl.startsWith('https:')
  const prefix = secure ? '__Host-' : ''
  return { session: `${prefix}sallyport`, signIn: `${prefix}sallyport-sign-in`, secure }
}

/** 256 random bits, base64url. */
export const newSecret = (): string => randomBytes(32).toString('base64url')

/** The value where it has the form of `newSecret`; anything else is as good as none. */
export const secretIn = (request: FastifyRequest, name: string): string | null => {
  const value = request.cookies[name]
  return value !== undefined && /^[A-Za-z0-9_-]{43}$/.test(value) ? value : null
}

/** What the store knows a secret by: SHA-256, hex. */
export const digestOf = (secret: string): string =>
  createHash('sha256').update(secret).digest('hex')

/** The token that forms of this session carry. Without the cookie nobody can work it out. */
export const csrfOf = (secret: string): string =>
  createHmac('sha256', secret).update('csrf').digest('base64url')

export const isSame = (one: string, other: string): boolean => {
  const [a, b] = [one, other].map((text) => createHash('sha256').update(text).digest())
  return a !== undefined && b !== undefined && timingSafeEqual(a, b)
}

/** `seconds`: how long the browser keeps it; null = until it is closed. */
export const setCookie = (
  reply: FastifyReply,
  { secure }: Cookies,
  {
    name,
    value,
    seconds
  }: { readonly name: string; readonly value: string; readonly seconds: number | null }
): void => {
  const options: CookieSerializeOptions = { path: '/', httpOnly: true, secure, sameSite: 'lax' }
  void reply.setCookie(name, value, {
    ...options,
    ...(seconds === null ? {} : { maxAge: seconds })
  })
}

export const dropCookie = (reply: FastifyReply, cookies: Cookies, name: string): void =>
  setCookie(reply, cookies, { name, value: '', seconds: 0 })
