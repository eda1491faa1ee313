/**
 * The issuer's public keys: OpenID Connect Discovery 1.0 section 4, then its JWKS (RFC 7517).
 * Refuses http beyond this host, redirects, documents over 1 MiB or slower than 3 s, and a
 * discovery document of another issuer. Keys are fetched again after 10 minutes or for an unknown
 * `kid`, at most every 30 s; while the issuer is down, known keys serve one hour more.
 */
import {
  createLocalJWKSet,
  createRemoteJWKSet,
  customFetch,
  errors,
  type JWTVerifyGetKey
} from 'jose'
import { type Static, type TSchema, Type } from 'typebox'
import { Value } from 'typebox/value'
import type { Instant } from '../elevation/ids.ts'

export type IssuerKeysParts = {
  readonly issuer: string
  /** null = by discovery */
  readonly jwksUrl: string | null
  readonly now: () => Instant
}

/** No key can be had now; says nothing about the token. */
export class IssuerUnavailable extends Error {
  constructor(cause: unknown) {
    super('the keys of the issuer cannot be had', { cause })
    this.name = 'IssuerUnavailable'
  }
}

/** `goodAt`: when keys of the issuer were last known to be its own; null = not yet. */
export type IssuerKeys = JWTVerifyGetKey & { readonly goodAt: () => Instant | null }

type RemoteSet = ReturnType<typeof createRemoteJWKSet>

const timeoutMs = 3000
const maxBytes = 1_048_576
const staleForMs = 3_600_000
const pauseMs = 5000

const Discovery = Type.Object({ issuer: Type.String(), jwks_uri: Type.String() })
const KeySet = Type.Object({ keys: Type.Array(Type.Object({ kty: Type.String() })) })

/** A key lookup for `makeAuth`. The first token asks the issuer, not the start. */
export const issuerKeys = ({ issuer, jwksUrl, now }: IssuerKeysParts): IssuerKeys => {
  const attempt = pausing(now)
  const remote = openOnce(async () => {
    const url = jwksUrl ?? (await discover(issuer, attempt))
    return makeSet(url, attempt)
  })
  let goodAt: Instant | null = null
  const keyOf: JWTVerifyGetKey = async (header, token) => {
    let set: RemoteSet | null = null
    try {
      set = await remote()
      const key = await set(header, token)
      if (set.fresh) goodAt = now()
      return key
    } catch (error) {
      if (isAboutToken(error)) throw error
      const stale = goodAt !== null && now() - goodAt < staleForMs ? set?.jwks() : undefined
      if (stale === undefined) throw new IssuerUnavailable(error)
      return createLocalJWKSet(stale)(header, token)
    }
  }
  return Object.assign(keyOf, { goodAt: () => goodAt })
}

type Attempt = <T>(work: () => Promise<T>) => Promise<T>

/** After a failure no attempt for five seconds, however many tokens ask. */
const pausing = (now: () => Instant): Attempt => {
  let failedAt: Instant | null = null
  return async (work) => {
    if (failedAt !== null && now() - failedAt < pauseMs) {
      throw new Error('the issuer failed just now')
    }
    try {
      const done = await work()
      failedAt = null
      return done
    } catch (error) {
      failedAt = now()
      throw error
    }
  }
}

/** One opening at a time; only a success is remembered. */
const openOnce = <T>(open: () => Promise<T>): (() => Promise<T>) => {
  let pending: Promise<T> | null = null
  return async () => {
    pending ??= open().catch((error: unknown) => {
      pending = null
      throw error
    })
    return pending
  }
}

const makeSet = (url: string, attempt: Attempt): RemoteSet =>
  createRemoteJWKSet(demandTls(url), {
    timeoutDuration: timeoutMs,
    cooldownDuration: 30_000,
    cacheMaxAge: 600_000,
    [customFetch]: (from, options) =>
      attempt(async () => new Response(JSON.stringify(await read(from, options, KeySet))))
  })

/** The JWKS URL that the issuer's own document names. */
const discover = (issuer: string, attempt: Attempt): Promise<string> =>
  attempt(async () => {
    const url = demandTls(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`)
    const signal = AbortSignal.timeout(timeoutMs)
    const found = await read(url.href, { redirect: 'manual', signal }, Discovery)
    if (found.issuer !== issuer) throw new Error('the discovery document is of another issuer')
    return found.jwks_uri
  })

/** A JSON document of at most 1 MiB, read within the caller's signal; anything but 200 throws. */
const read = async <S extends TSchema>(
  url: string,
  options: RequestInit,
  schema: S
): Promise<Static<S>> => {
  const response = await fetch(url, options)
  if (response.status !== 200) {
    await response.body?.cancel()
    throw new Error(`the issuer answered ${response.status}`)
  }
  const parts: Uint8Array[] = []
  let length = 0
  for await (const part of response.body ?? []) {
    length += part.length
    if (length > maxBytes) throw new Error('the document of the issuer is over 1 MiB')
    parts.push(part)
  }
  const document: unknown = JSON.parse(Buffer.concat(parts).toString('utf8'))
  if (!Value.Check(schema, document)) throw new Error('the document of the issuer is incomplete')
  return document
}

const demandTls = (text: string): URL => {
  const url = new URL(text)
  const here = ['127.0.0.1', '[::1]', 'localhost'].includes(url.hostname)
  if (url.protocol === 'https:' || (url.protocol === 'http:' && here)) return url
  throw new Error('the keys of an issuer are fetched over https only')
}

const isAboutToken = (error: unknown): boolean =>
  error instanceof errors.JWKSNoMatchingKey ||
  error instanceof errors.JWKSMultipleMatchingKeys ||
  error instanceof errors.JOSENotSupported
