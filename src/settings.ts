/**
 * Every variable of the environment that is read, as one table: name, schema, default, and what it
 * is for. config.ts reads by it, and the README's table is checked against it.
 */
import { Type, type TSchema } from 'typebox'

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
const slackToken = (prefix: string) => Type.String({ pattern: `^${prefix}-[A-Za-z0-9-]{10,250}$` })
// printable ASCII without a comma
const signingSecret = '[!-+.-~-]{20,200}'
const databaseForm =
  'a postgres:// URL with host and database, and with sslmode=verify-full (or, in words, ' +
  'sslmode=disable) where the host is not this one'
export const levels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const

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
    doc: 'Port of `/livez`, `/readyz` and `/metrics`.'
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
    doc: 'Folder of the embedded store, and of the keys that are not set elsewhere.'
  },
  {
    name: 'SALLYPORT_LEDGER_ORIGIN',
    otherwise: { text: 'sallyport.local/ledger' },
    schema: Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9._~/-]{0,252}$' }),
    form: 'a host name and a path without a scheme, such as sallyport.acme.example/ledger',
    doc: 'Name of the ledger, first line of every checkpoint. It never changes.'
  },
  {
    name: 'SALLYPORT_LEDGER_KEY_FILE',
    otherwise: 'nothing',
    schema: text,
    form: 'a path',
    doc:
      'The key that checkpoints are signed with; else `ledger.key` in the data folder. ' +
      'Made where absent.'
  },
  {
    name: 'SALLYPORT_ANCHOR_FILE',
    otherwise: 'nothing',
    schema: text,
    form: 'a path outside SALLYPORT_DATA_DIR',
    doc:
      'Checkpoints are appended here, on another disk at best; ' +
      'the broker starts only where its ledger has them all.'
  },
  {
    name: 'SALLYPORT_PERSONAL_KMS_KEY',
    otherwise: 'nothing',
    schema: Type.String({
      pattern: '^arn:aws(-cn|-us-gov)?:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]{1,64}$'
    }),
    form: 'the ARN of a KMS key',
    doc: "KMS key that locks people's keys; else `personal.key` in the data folder, made where absent."
  },
  {
    name: 'SALLYPORT_WITNESS_URL',
    otherwise: 'nothing',
    schema: text,
    form: 'an https URL without query, fragment or user (http only for this host)',
    doc: 'A witness (`sallyport witness`, C2SP tlog-witness) that cosigns every checkpoint.'
  },
  {
    name: 'SALLYPORT_WITNESS_VKEY',
    otherwise: 'nothing',
    schema: Type.String({
      pattern: '^[^+\\s]{1,253}\\+[0-9a-f]{8}\\+[A-Za-z0-9+/]{43}[A-Za-z0-9+/=]$'
    }),
    form: 'the key that the witness prints, NAME+ID+BASE64',
    doc: "The witness's key; both or none."
  },
  {
    name: 'SALLYPORT_DATABASE_URL',
    otherwise: 'nothing',
    schema: text,
    form: databaseForm,
    doc:
      'PostgreSQL 15 or newer in place of the embedded store, for several replicas: ' +
      '`postgres://…`, with `sslmode=verify-full` beyond this host.',
    secret: true
  },
  {
    name: 'SALLYPORT_DATABASE_OWNER_URL',
    otherwise: 'nothing',
    schema: text,
    form: databaseForm,
    doc:
      "Role that makes and owns the tables, used at the start alone; SALLYPORT_DATABASE_URL's " +
      'then may only add to the ledger.',
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
    name: 'SALLYPORT_SLACK_BOT_TOKEN',
    otherwise: 'nothing',
    schema: slackToken('xoxb'),
    form: 'a bot token (xoxb-…)',
    doc: "The app's bot token. Slack is off while no `SALLYPORT_SLACK_` variable is set.",
    secret: true
  },
  {
    name: 'SALLYPORT_SLACK_SIGNING_SECRET',
    otherwise: 'nothing',
    schema: Type.String({ pattern: `^${signingSecret}(,${signingSecret})?$` }),
    form: 'one signing secret of at least 20 characters, or two separated by a comma',
    doc: "The app's signing secret; two, separated by a comma, during a rotation.",
    secret: true
  },
  {
    name: 'SALLYPORT_SLACK_APP_TOKEN',
    otherwise: 'nothing',
    schema: slackToken('xapp'),
    form: 'an app-level token (xapp-…)',
    doc: 'Socket Mode instead of a public URL: an app-level token with `connections:write`.',
    secret: true
  },
  {
    name: 'SALLYPORT_SLACK_TEAM',
    otherwise: 'nothing',
    schema: Type.String({ pattern: '^T[A-Z0-9]{2,20}$' }),
    form: 'the id of a Slack workspace, such as T0123ABC',
    doc: 'The one workspace whose accounts are believed.'
  },
  {
    name: 'SALLYPORT_SLACK_MATCH_EMAIL',
    otherwise: 'nothing',
    schema: Type.Literal('yes'),
    form: '`yes`, or absent',
    doc: '`yes` lets a confirmed e-mail stand in for a mapping in `people.yaml` that is not there.'
  },
  {
    name: 'SALLYPORT_SLACK_API_URL',
    otherwise: 'nothing',
    schema: text,
    form: 'an https URL without query, fragment or user (http only for this host)',
    doc: "Another Slack Web API, such as an emulator's."
  },
  {
    name: 'SALLYPORT_SLACK_LEDGER_CHANNEL',
    otherwise: 'nothing',
    schema: Type.String({ pattern: '^[CG][A-Z0-9]{2,20}$' }),
    form: 'the id of a channel, such as C0123ABC',
    doc: 'Checkpoints are posted here too, at most one an hour; invite the app.'
  },
  {
    name: 'SALLYPORT_CONSOLE_URL',
    otherwise: 'nothing',
    schema: text,
    form: 'an https URL without query, fragment or user (http only for this host)',
    doc:
      'Where people find the console, ending in `/console`: ' +
      'Slack sends them there whose rule is not decided in Slack.'
  },
  {
    name: 'SALLYPORT_CONSOLE_CLIENT_ID',
    otherwise: 'nothing',
    schema: text,
    form: 'the id of an OpenID Connect client',
    doc:
      'Turns the console on: its client at SALLYPORT_OIDC_ISSUER, ' +
      'with `SALLYPORT_CONSOLE_URL/sign-in/callback` as its redirect URI.'
  },
  {
    name: 'SALLYPORT_CONSOLE_CLIENT_SECRET',
    otherwise: 'nothing',
    schema: text,
    form: 'the secret of that client',
    doc: "The client's secret; without it, it is a public client under PKCE.",
    secret: true
  },
  {
    name: 'SALLYPORT_CONSOLE_MORE_ISSUERS',
    otherwise: 'nothing',
    schema: text,
    form: 'ISSUER CLIENT_ID or ISSUER CLIENT_ID SECRET, several separated by commas',
    doc:
      'Other issuers that sign people in to the console: `ISSUER CLIENT_ID [SECRET]`, comma-separated. ' +
      'Their people have `ISSUER#SUB` among their `subjects`.',
    secret: true
  },
  {
    name: 'SALLYPORT_POSTURE_INTERVAL',
    otherwise: { text: '15m' },
    schema: Type.String({ pattern: '^(off|[1-9][0-9]{0,4}[smh])$' }),
    form: 'a length from 10s to 24h, such as 15m, or off',
    doc:
      'How often workgroups, keys, roles and buckets are looked at; `off`: never, ' +
      'and rules that ask for it deny.'
  },
  {
    name: 'SALLYPORT_LOG_SINKS',
    otherwise: 'nothing',
    schema: text,
    form:
      'different places separated by commas: stdout, file:/PATH, ' +
      'https URLs without fragment or user (http only for 127.0.0.1)',
    doc: 'Ledger entries also go here, as OCSF: `stdout`, `file:/PATH`, `https://…`, comma-separated.',
    secret: true
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

export type Name = (typeof settings)[number]['name']
