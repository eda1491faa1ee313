/**
 * Environment → frozen `Config`, or every problem at once, by the table of settings.ts. Refuses
 * unknown SALLYPORT_* names, empty values, a Slack that is half there, and listening beyond this
 * host without being told that TLS ends in front.
 */
import { Value } from 'typebox/value'
import {
  type ConsoleConfig,
  type SecretText,
  consoleGaps,
  consoleIn,
  isLoopback,
  isTrustworthyUrl,
  issuersIn
} from './config-console.ts'
import { type Name, type Setting, clientNames, levels, settings } from './settings.ts'

export { type ConsoleConfig, type SecretText, isLoopback }

export type LogLevel = (typeof levels)[number]

/** The one workspace, and how it reaches us: by signed requests, or by Socket Mode. */
export type SlackConfig = {
  readonly botToken: SecretText
  /** the first is the current one, the second counts during a rotation; empty in Socket Mode */
  readonly signingSecrets: readonly SecretText[]
  /** null = Slack posts to our route */
  readonly appToken: SecretText | null
  /** the only team whose accounts are believed */
  readonly team: string
  readonly matchEmail: boolean
  /** ends in `/` */
  readonly apiUrl: string
  /** where checkpoints are posted; null = nowhere */
  readonly ledgerChannel: string | null
}

/** Where ledger entries are sent besides; a URL may hold a token. */
export type SinkPlace =
  | { readonly kind: 'stdout' }
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'http'; readonly url: SecretText }

export type Config = {
  readonly host: string
  readonly port: number
  readonly opsPort: number
  readonly dataDir: string
  readonly policies: string
  /** null = the embedded store in the data folder */
  readonly database: {
    readonly url: SecretText
    /** of the role that makes the tables; null = the broker's own */
    readonly ownerUrl: SecretText | null
  } | null
  readonly ledger: {
    readonly origin: string
    /** null = `ledger.key` in the data folder */
    readonly keyFile: string | null
    /** null = checkpoints are told to the log alone */
    readonly anchorFile: string | null
    /** who cosigns checkpoints; null = nobody */
    readonly witness: { readonly url: string; readonly key: string } | null
  }
  /** null = `personal.key` in the data folder locks the keys of people */
  readonly personalKmsKey: string | null
  readonly oidc: {
    readonly issuer: string
    readonly audience: string
    /** null = found through the issuer's discovery document */
    readonly jwksUrl: string | null
  }
  readonly brokerRoleArn: string
  readonly logLevel: LogLevel
  readonly sinks: readonly SinkPlace[]
  /** how often workgroups and keys are looked at; null = never */
  readonly postureIntervalMs: number | null
  /** null = AWS itself */
  readonly awsEndpointUrl: string | null
  /** null = Slack is off */
  readonly slack: SlackConfig | null
  /** where people find the console, without a `/` at the end; null = nowhere */
  readonly consoleUrl: string | null
  /** null = it is not served here */
  readonly console: ConsoleConfig | null
}

export type ConfigResult =
  | { readonly ok: true; readonly config: Config }
  | { readonly ok: false; readonly problems: readonly string[] }

/** Reads every setting; a wrong one never hides another. */
export const readConfig = (env: Readonly<Record<string, string | undefined>>): ConfigResult => {
  const values = new Map<Name, string>()
  const problems: string[] = []
  for (const setting of settings) {
    const given = env[setting.name]
    const found = read(setting, given)
    if (found.problem !== null) problems.push(found.problem)
    else if (found.value !== null) values.set(setting.name, found.value)
  }
  problems.push(...crossChecks(values), ...slackGaps(env), ...unknownNames(env))
  if (problems.length > 0) return { ok: false, problems }
  return { ok: true, config: makeConfig(values) }
}

type Read = { readonly value: string | null; readonly problem: string | null }

const read = (setting: Setting, given: string | undefined): Read => {
  const { name, otherwise, form } = setting
  if (given === undefined) {
    if (otherwise === 'required') return { value: null, problem: `${name} is missing: ${form}` }
    return { value: otherwise === 'nothing' ? null : otherwise.text, problem: null }
  }
  if (given === '') return { value: null, problem: `${name} is set but empty; must be ${form}` }
  const isFine = Value.Check(setting.schema, given) && extra(name, given)
  if (isFine) return { value: given, problem: null }
  return { value: null, problem: `${name}${shown(setting, given)} must be ${form}` }
}

const shown = (setting: Setting, given: string): string =>
  setting.secret ? '' : ` is ${JSON.stringify(given.slice(0, 120))};`

const extra = (name: string, given: string): boolean => {
  switch (name) {
    case 'SALLYPORT_PORT':
    case 'SALLYPORT_OPS_PORT':
      return Number(given) <= 65535
    case 'SALLYPORT_OIDC_ISSUER':
    case 'SALLYPORT_SLACK_API_URL':
    case 'SALLYPORT_CONSOLE_URL':
    case 'SALLYPORT_WITNESS_URL':
      return isTrustworthyUrl(given) && !given.includes('?')
    case 'SALLYPORT_DATABASE_URL':
    case 'SALLYPORT_DATABASE_OWNER_URL':
      return isDatabaseUrl(given)
    case 'SALLYPORT_OIDC_JWKS_URL':
      return isTrustworthyUrl(given)
    case 'SALLYPORT_LOG_SINKS':
      return sinksIn(given) !== null
    case 'SALLYPORT_POSTURE_INTERVAL':
      return given === 'off' || isWithinADay(intervalIn(given))
    case 'SALLYPORT_CONSOLE_MORE_ISSUERS':
      return issuersIn(given) !== null
    case 'AWS_ENDPOINT_URL':
      return URL.canParse(given) && /^https?:$/.test(new URL(given).protocol)
    default:
      return true
  }
}

/** In the clear only to this host, or where that is said. */
const isDatabaseUrl = (given: string): boolean => {
  if (!URL.canParse(given) || given.includes('#') || given !== given.trim()) return false
  const { protocol, hostname, pathname, searchParams } = new URL(given)
  if (!/^postgres(ql)?:$/.test(protocol) || !/^\/[^/]+$/.test(pathname)) return false
  const modes = searchParams.getAll('sslmode')
  if (searchParams.has('ssl') || searchParams.has('host') || modes.length > 1) return false
  const [mode] = modes
  if (mode !== undefined) return mode === 'verify-full' || mode === 'disable'
  return isLoopback(hostname) || /^%2f/i.test(hostname)
}

const crossChecks = (values: ReadonlyMap<Name, string>): readonly string[] => {
  const problems: string[] = []
  const host = values.get('SALLYPORT_HOST')
  if (host !== undefined && !isLoopback(host) && !values.has('SALLYPORT_BEHIND_TLS_PROXY')) {
    problems.push(
      `SALLYPORT_HOST is ${JSON.stringify(host)}, which others can reach in plain HTTP: put TLS ` +
        'in front and set SALLYPORT_BEHIND_TLS_PROXY=yes'
    )
  }
  const port = values.get('SALLYPORT_PORT')
  if (port !== undefined && port !== '0' && port === values.get('SALLYPORT_OPS_PORT')) {
    problems.push(`SALLYPORT_OPS_PORT is ${port}, the same as SALLYPORT_PORT`)
  }
  if (values.has('SALLYPORT_DATABASE_OWNER_URL') && !values.has('SALLYPORT_DATABASE_URL')) {
    problems.push('SALLYPORT_DATABASE_URL is missing: the owner makes tables for its role')
  }
  problems.push(...consoleGaps(values))
  const witness = ['SALLYPORT_WITNESS_URL', 'SALLYPORT_WITNESS_VKEY'] as const
  const missing = witness.filter((name) => !values.has(name))
  if (missing.length === 1) problems.push(`${missing.join('')} is missing: a witness has both`)
  return problems
}

/** Slack is on as soon as one of its variables is there; what it then lacks. */
const slackGaps = (env: Readonly<Record<string, string | undefined>>): readonly string[] => {
  const isSet = (name: Name): boolean => env[name] !== undefined
  const given = settings.find(({ name }) => name.startsWith('SALLYPORT_SLACK_') && isSet(name))
  if (given === undefined) return []
  const needed: readonly Name[] = [
    'SALLYPORT_SLACK_BOT_TOKEN',
    ...(isSet('SALLYPORT_SLACK_APP_TOKEN') ? [] : (['SALLYPORT_SLACK_SIGNING_SECRET'] as const)),
    'SALLYPORT_SLACK_TEAM'
  ]
  return settings
    .filter(({ name }) => needed.includes(name) && !isSet(name))
    .map(({ name, form }) => `${name} is missing, since ${given.name} turns Slack on: ${form}`)
}

const unknownNames = (env: Readonly<Record<string, string | undefined>>): readonly string[] => {
  const known: readonly string[] = [...settings.map((setting) => setting.name), ...clientNames]
  return Object.keys(env)
    .filter((name) => name.startsWith('SALLYPORT_') && !known.includes(name))
    .toSorted()
    .map((name) => {
      const near = nearest(name, known)
      return `${name} is not a setting${near === null ? '' : `; did you mean ${near}?`}`
    })
}

const nearest = (name: string, known: readonly string[]): string | null => {
  const [best] = known
    .map((candidate) => ({ candidate, distance: editDistance(name, candidate) }))
    .toSorted((a, b) => a.distance - b.distance)
  return best !== undefined && best.distance <= 4 ? best.candidate : null
}

/** Levenshtein, one row at a time. */
const editDistance = (a: string, b: string): number => {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (const [i, left] of a.split('').entries()) {
    const next = [i + 1]
    for (const [j, right] of b.split('').entries()) {
      const change = (row[j] ?? 0) + (left === right ? 0 : 1)
      next.push(Math.min(change, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1))
    }
    row = next
  }
  return row.at(-1) ?? 0
}

const makeConfig = (values: ReadonlyMap<Name, string>): Config => {
  const set = (name: Name): string => {
    const value = values.get(name)
    if (value === undefined) throw new Error(`${name} has no value`)
    return value
  }
  const logLevel = levels.find((level) => level === set('SALLYPORT_LOG_LEVEL'))
  return Object.freeze({
    host: set('SALLYPORT_HOST'),
    port: Number(set('SALLYPORT_PORT')),
    opsPort: Number(set('SALLYPORT_OPS_PORT')),
    dataDir: set('SALLYPORT_DATA_DIR'),
    policies: set('SALLYPORT_POLICIES'),
    database: databaseIn(values),
    ledger: Object.freeze({
      origin: set('SALLYPORT_LEDGER_ORIGIN'),
      keyFile: values.get('SALLYPORT_LEDGER_KEY_FILE') ?? null,
      anchorFile: values.get('SALLYPORT_ANCHOR_FILE') ?? null,
      witness: witnessIn(values)
    }),
    personalKmsKey: values.get('SALLYPORT_PERSONAL_KMS_KEY') ?? null,
    oidc: Object.freeze({
      issuer: set('SALLYPORT_OIDC_ISSUER'),
      audience: set('SALLYPORT_OIDC_AUDIENCE'),
      jwksUrl: values.get('SALLYPORT_OIDC_JWKS_URL') ?? null
    }),
    brokerRoleArn: set('SALLYPORT_BROKER_ROLE_ARN'),
    logLevel: logLevel ?? 'info',
    sinks: Object.freeze(sinksIn(values.get('SALLYPORT_LOG_SINKS') ?? '') ?? []),
    postureIntervalMs: intervalIn(set('SALLYPORT_POSTURE_INTERVAL')),
    awsEndpointUrl: values.get('AWS_ENDPOINT_URL') ?? null,
    slack: slackIn(values),
    consoleUrl: values.get('SALLYPORT_CONSOLE_URL')?.replace(/\/+$/, '') ?? null,
    console: consoleIn(values)
  })
}

const unitMs: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000 }

/** `15m` in milliseconds; null = off. */
const intervalIn = (text: string): number | null =>
  text === 'off' ? null : Number(text.slice(0, -1)) * (unitMs[text.slice(-1)] ?? Number.NaN)

const isWithinADay = (ms: number | null): boolean =>
  ms !== null && ms >= 10_000 && ms <= 86_400_000

/** The places of a comma-separated list; null where one is not a place or is named twice. */
const sinksIn = (list: string): readonly SinkPlace[] | null => {
  const given = list === '' ? [] : list.split(',')
  const places = given.flatMap((one): readonly SinkPlace[] => {
    if (one === 'stdout') return [{ kind: 'stdout' }]
    if (/^file:\/.*[^/]$/.test(one)) return [{ kind: 'file', path: one.slice('file:'.length) }]
    const isHttp = /^https?:\/\//.test(one) && isTrustworthyUrl(one)
    const isSafe = isHttp && (one.startsWith('https:') || new URL(one).hostname === '127.0.0.1')
    return isSafe ? [{ kind: 'http', url: () => one }] : []
  })
  return places.length === new Set(given).size && places.length === given.length ? places : null
}

const databaseIn = (values: ReadonlyMap<Name, string>): Config['database'] => {
  const url = values.get('SALLYPORT_DATABASE_URL')
  const owner = values.get('SALLYPORT_DATABASE_OWNER_URL')
  if (url === undefined) return null
  return Object.freeze({ url: () => url, ownerUrl: owner === undefined ? null : () => owner })
}

const witnessIn = (values: ReadonlyMap<Name, string>): Config['ledger']['witness'] => {
  const url = values.get('SALLYPORT_WITNESS_URL')
  const key = values.get('SALLYPORT_WITNESS_VKEY')
  return url === undefined || key === undefined ? null : Object.freeze({ url, key })
}

const slackIn = (values: ReadonlyMap<Name, string>): SlackConfig | null => {
  const botToken = values.get('SALLYPORT_SLACK_BOT_TOKEN')
  const team = values.get('SALLYPORT_SLACK_TEAM')
  if (botToken === undefined || team === undefined) return null
  const secrets = values.get('SALLYPORT_SLACK_SIGNING_SECRET')?.split(',') ?? []
  const appToken = values.get('SALLYPORT_SLACK_APP_TOKEN')
  const apiUrl = values.get('SALLYPORT_SLACK_API_URL') ?? 'https://slack.com/api/'
  return Object.freeze({
    botToken: () => botToken,
    signingSecrets: Object.freeze(secrets.map((secret) => () => secret)),
    appToken: appToken === undefined ? null : () => appToken,
    team,
    matchEmail: values.has('SALLYPORT_SLACK_MATCH_EMAIL'),
    apiUrl: apiUrl.endsWith('/') ? apiUrl : `${apiUrl}/`,
    ledgerChannel: values.get('SALLYPORT_SLACK_LEDGER_CHANNEL') ?? null
  })
}
