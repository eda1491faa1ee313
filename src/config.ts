/**
 * Environment → frozen `Config`, or every problem at once. One table (`settings`) holds names,
 * schemas, defaults and what each is for; the README's table is checked against it. Refuses unknown
 * SALLYPORT_* names, empty values, and listening beyond this host without being told that TLS ends
 * in front.
 */
import { Type, type TSchema } from 'typebox'
import { Value } from 'typebox/value'

export type LogLevel = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent'

export type Config = {
  readonly host: string
  readonly port: number
  readonly opsPort: number
  readonly dataDir: string
  readonly policies: string
  readonly oidc: {
    readonly issuer: string
    readonly audience: string
    /** null = found through the issuer's discovery document */
    readonly jwksUrl: string | null
  }
  readonly brokerRoleArn: string
  readonly logLevel: LogLevel
  /** null = AWS itself */
  readonly awsEndpointUrl: string | null
}

export type ConfigResult =
  | { readonly ok: true; readonly config: Config }
  | { readonly ok: false; readonly problems: readonly string[] }

export type Setting = {
  readonly name: string
  /** text used when the variable is absent; null = nothing; 'required' = must be set */
  readonly otherwise: { readonly text: string } | 'nothing' | 'required'
  readonly schema: TSchema
  /** completes "must be …" */
  readonly form: string
  readonly doc: string
  /** never printed back */
  readonly secret?: true
}

const text = Type.String({ minLength: 1, maxLength: 1024, pattern: '^[^\\u0000-\\u001f]*$' })
const portNumber = Type.String({ pattern: '^(0|[1-9][0-9]{0,4})$' })
const levels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const

/** Every variable read, in the order of the README's table. */
export const settings = [
  {
    name: 'SALLYPORT_HOST',
    otherwise: { text: '127.0.0.1' },
    schema: Type.String({ pattern: '^[A-Za-z0-9.:-]{1,253}$' }),
    form: 'a host name or an IP address',
    doc: 'Address to listen on, for both listeners.'
  },
  {
    name: 'SALLYPORT_PORT',
    otherwise: { text: '8080' },
    schema: portNumber,
    form: 'a port from 0 (any free one) to 65535',
    doc: 'Port of the API.'
  },
  {
    name: 'SALLYPORT_OPS_PORT',
    otherwise: { text: '8081' },
    schema: portNumber,
    form: 'a port from 0 (any free one) to 65535',
    doc: 'Port of `/livez` and `/readyz`.'
  },
  {
    name: 'SALLYPORT_BEHIND_TLS_PROXY',
    otherwise: 'nothing',
    schema: Type.Literal('yes'),
    form: '`yes`, or absent',
    doc:
      'Must be `yes` to listen beyond this host: ' +
      'the broker speaks plain HTTP, TLS ends in front.'
  },
  {
    name: 'SALLYPORT_DATA_DIR',
    otherwise: { text: '.sallyport' },
    schema: text,
    form: 'a path',
    doc: 'Folder of the embedded store.'
  },
  {
    name: 'SALLYPORT_DATABASE_URL',
    otherwise: 'nothing',
    schema: Type.Never(),
    form: 'absent: this version has the embedded store only, under SALLYPORT_DATA_DIR',
    doc: 'Must be absent: this version has the embedded store only.',
    secret: true
  },
  {
    name: 'SALLYPORT_POLICIES',
    otherwise: { text: 'policies' },
    schema: text,
    form: 'a path',
    doc: 'Folder of the policy documents.'
  },
  {
    name: 'SALLYPORT_OIDC_ISSUER',
    otherwise: 'required',
    schema: text,
    form: 'an https URL without query, fragment or user (http only for this host)',
    doc: 'Whose bearer tokens are believed, exactly as in their `iss`.'
  },
  {
    name: 'SALLYPORT_OIDC_AUDIENCE',
    otherwise: { text: 'sallyport' },
    schema: text,
    form: 'a text without control characters',
    doc: 'The one `aud` a token must have.'
  },
  {
    name: 'SALLYPORT_OIDC_JWKS_URL',
    otherwise: 'nothing',
    schema: text,
    form: 'an https URL without fragment or user (http only for this host)',
    doc: "The issuer's keys, where it has no discovery document."
  },
  {
    name: 'SALLYPORT_BROKER_ROLE_ARN',
    otherwise: 'required',
    schema: Type.String({
      pattern: '^arn:aws(-cn|-us-gov)?:iam::[0-9]{12}:role/[A-Za-z0-9+=,.@_/-]{1,512}$'
    }),
    form: 'the ARN of an IAM role',
    doc: 'The role the broker runs under; it retires the grants it makes.'
  },
  {
    name: 'SALLYPORT_LOG_LEVEL',
    otherwise: { text: 'info' },
    schema: Type.Union(levels.map((level) => Type.Literal(level))),
    form: `one of ${levels.join(', ')}`,
    doc: 'The least severe log line written.'
  },
  {
    name: 'AWS_ENDPOINT_URL',
    otherwise: 'nothing',
    schema: text,
    form: 'an http or https URL',
    doc: 'Another AWS, such as the sandbox. The SDK reads its other variables itself.'
  }
] as const satisfies readonly Setting[]

/** Read by the CLI where it calls a broker; `serve` lets them pass. */
export const clientNames = ['SALLYPORT_URL', 'SALLYPORT_TOKEN'] as const

type Name = (typeof settings)[number]['name']

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
  problems.push(...crossChecks(values), ...unknownNames(env))
  if (problems.length > 0) return { ok: false, problems }
  return { ok: true, config: makeConfig(values) }
}

/** Whether a host name or address can only be reached from this host. */
export const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || host === '[::1]' || /^127(\.[0-9]{1,3}){3}$/.test(host)

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
      return isTrustworthyUrl(given) && !given.includes('?')
    case 'SALLYPORT_OIDC_JWKS_URL':
      return isTrustworthyUrl(given)
    case 'AWS_ENDPOINT_URL':
      return URL.canParse(given) && /^https?:$/.test(new URL(given).protocol)
    default:
      return true
  }
}

/** https, or http on this host; neither a user nor a fragment in it. */
const isTrustworthyUrl = (given: string): boolean => {
  if (!URL.canParse(given) || given.includes('#') || given !== given.trim()) return false
  const url = new URL(given)
  if (url.username !== '' || url.password !== '') return false
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname))
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
  return problems
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
    oidc: Object.freeze({
      issuer: set('SALLYPORT_OIDC_ISSUER'),
      audience: set('SALLYPORT_OIDC_AUDIENCE'),
      jwksUrl: values.get('SALLYPORT_OIDC_JWKS_URL') ?? null
    }),
    brokerRoleArn: set('SALLYPORT_BROKER_ROLE_ARN'),
    logLevel: logLevel ?? 'info',
    awsEndpointUrl: values.get('AWS_ENDPOINT_URL') ?? null
  })
}
