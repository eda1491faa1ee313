/**
 * The console's part of the configuration, and which URLs are trusted with people's sign-in.
 * Refuses plain HTTP beyond this host, URLs with a user or a fragment, and an issuer that is named
 * twice.
 */
import type { Name } from './settings.ts'

/** Printing and JSON of a function show no value; calling it is the one way to it. */
export type SecretText = () => string

/** The pages for people, and who signs them in. */
export type ConsoleConfig = {
  /** as browsers see it, ending in `/console` */
  readonly url: string
  /** the first is the issuer of bearer tokens */
  readonly issuers: readonly ConsoleIssuer[]
}

export type ConsoleIssuer = {
  readonly issuer: string
  readonly clientId: string
  /** null = a public client */
  readonly clientSecret: SecretText | null
}

/** Whether a host name or address can only be reached from this host. */
export const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || host === '[::1]' || /^127(\.[0-9]{1,3}){3}$/.test(host)

/** https, or http on this host; neither a user nor a fragment in it. */
export const isTrustworthyUrl = (given: string): boolean => {
  if (!URL.canParse(given) || given.includes('#') || given !== given.trim()) return false
  const url = new URL(given)
  if (url.username !== '' || url.password !== '') return false
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname))
}

/** The console is on with its client; what it then lacks. */
export const consoleGaps = (values: ReadonlyMap<Name, string>): readonly string[] => {
  const id = 'SALLYPORT_CONSOLE_CLIENT_ID'
  const url = values.get('SALLYPORT_CONSOLE_URL')
  if (!values.has(id)) {
    const beside = ['SALLYPORT_CONSOLE_CLIENT_SECRET', 'SALLYPORT_CONSOLE_MORE_ISSUERS'] as const
    return beside
      .filter((name) => values.has(name))
      .map((name) => `${id} is missing: ${name} is of the console`)
  }
  if (url === undefined) {
    return [`SALLYPORT_CONSOLE_URL is missing: people are sent back to it from signing in`]
  }
  return new URL(url).pathname.replace(/\/+$/, '') === '/console'
    ? []
    : ['SALLYPORT_CONSOLE_URL must end in /console, right after the host: it is served there']
}

/** Null where it is not served. */
export const consoleIn = (values: ReadonlyMap<Name, string>): ConsoleConfig | null => {
  const clientId = values.get('SALLYPORT_CONSOLE_CLIENT_ID')
  const url = values.get('SALLYPORT_CONSOLE_URL')
  const issuer = values.get('SALLYPORT_OIDC_ISSUER')
  const secret = values.get('SALLYPORT_CONSOLE_CLIENT_SECRET')
  if (clientId === undefined || url === undefined || issuer === undefined) return null
  const first = { issuer, clientId, clientSecret: secret === undefined ? null : () => secret }
  const more = issuersIn(values.get('SALLYPORT_CONSOLE_MORE_ISSUERS') ?? '') ?? []
  return Object.freeze({ url: url.replace(/\/+$/, ''), issuers: Object.freeze([first, ...more]) })
}

/** Issuers of a comma-separated list; null where one is none or is named twice. */
export const issuersIn = (list: string): readonly ConsoleIssuer[] | null => {
  const given = list === '' ? [] : list.split(',').map((one) => one.trim().split(/ +/))
  const issuers = given.flatMap(([issuer = '', clientId = '', secret, ...rest]) => {
    const isFine = isTrustworthyUrl(issuer) && !issuer.includes('?') && clientId !== ''
    if (!isFine || rest.length > 0) return []
    return [{ issuer, clientId, clientSecret: secret === undefined ? null : () => secret }]
  })
  const names = new Set(issuers.map(({ issuer }) => issuer))
  return issuers.length === given.length && names.size === given.length ? issuers : null
}
