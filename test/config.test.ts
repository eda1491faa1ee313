/** The environment: defaults, every problem at once, and nothing secret printed back. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { inspect } from 'node:util'
import t from 'tap'
import { takeSecrets } from '../src/config-secrets.ts'
import { readConfig } from '../src/config.ts'
import { settings } from '../src/settings.ts'
import { root } from './place.ts'

const least = {
  SALLYPORT_OIDC_ISSUER: 'https://idp.example',
  SALLYPORT_BROKER_ROLE_ARN: 'arn:aws:iam::123456789012:role/sallyport'
}

const problemsOf = (env: Record<string, string | undefined>): readonly string[] => {
  const read = readConfig({ ...least, ...env })
  return read.ok ? [] : read.problems
}

t.test('what is not set has the default of the table, and the result is frozen', async (t) => {
  const read = readConfig({ ...least, PATH: '/bin' })
  t.strictSame(read, {
    ok: true,
    config: {
      host: '127.0.0.1',
      port: 8080,
      opsPort: 8081,
      dataDir: '.sallyport',
      policies: 'policies',
      database: null,
      oidc: { issuer: 'https://idp.example', audience: 'sallyport', jwksUrl: null },
      brokerRoleArn: 'arn:aws:iam::123456789012:role/sallyport',
      logLevel: 'info',
      sinks: [],
      awsEndpointUrl: null,
      slack: null,
      consoleUrl: null,
      console: null,
      postureIntervalMs: 900_000,
      personalKmsKey: null,
      ledger: { origin: 'sallyport.local/ledger', keyFile: null, anchorFile: null, witness: null }
    }
  })
  t.ok(read.ok && Object.isFrozen(read.config) && Object.isFrozen(read.config.oidc))
})

t.test('every setting can be set', async (t) => {
  const read = readConfig({
    SALLYPORT_HOST: '0.0.0.0',
    SALLYPORT_PORT: '0',
    SALLYPORT_OPS_PORT: '0',
    SALLYPORT_BEHIND_TLS_PROXY: 'yes',
    SALLYPORT_DATA_DIR: '/var/lib/sallyport',
    SALLYPORT_POLICIES: '/etc/sallyport',
    SALLYPORT_OIDC_ISSUER: 'http://127.0.0.1:9000',
    SALLYPORT_OIDC_AUDIENCE: 'broker',
    SALLYPORT_OIDC_JWKS_URL: 'https://idp.example/keys?v=2',
    SALLYPORT_BROKER_ROLE_ARN: 'arn:aws-us-gov:iam::123456789012:role/team/sallyport',
    SALLYPORT_LOG_LEVEL: 'debug',
    AWS_ENDPOINT_URL: 'http://127.0.0.1:4566',
    SALLYPORT_URL: 'http://127.0.0.1:8080',
    SALLYPORT_TOKEN: 'of the command line'
  })
  t.match(read, {
    ok: true,
    config: { host: '0.0.0.0', port: 0, oidc: { audience: 'broker' }, logLevel: 'debug' }
  })
})

const slack = {
  SALLYPORT_SLACK_BOT_TOKEN: 'xoxb-1234567890-s3cr3t',
  SALLYPORT_SLACK_SIGNING_SECRET: '8f742231b10e8888abcd99yyyzzz85a5',
  SALLYPORT_SLACK_TEAM: 'T0ACME'
}

t.test('Slack is one object whose secrets are not printed, or it is off', async (t) => {
  const read = readConfig({
    ...least,
    ...slack,
    SALLYPORT_SLACK_SIGNING_SECRET: `${'a'.repeat(20)},${'b'.repeat(32)}`,
    SALLYPORT_SLACK_APP_TOKEN: 'xapp-1-A0B-s3cr3t-token',
    SALLYPORT_SLACK_MATCH_EMAIL: 'yes',
    SALLYPORT_SLACK_API_URL: 'http://127.0.0.1:4003/api',
    SALLYPORT_CONSOLE_URL: 'https://sallyport.acme.example/'
  })
  if (!read.ok || read.config.slack === null) throw new Error('Slack is not on')
  const { slack: on, consoleUrl } = read.config
  t.equal(on.botToken(), slack.SALLYPORT_SLACK_BOT_TOKEN)
  t.strictSame(on.signingSecrets.map((secret) => secret()), ['a'.repeat(20), 'b'.repeat(32)])
  t.equal(on.appToken?.(), 'xapp-1-A0B-s3cr3t-token')
  t.equal(on.apiUrl, 'http://127.0.0.1:4003/api/')
  t.equal(consoleUrl, 'https://sallyport.acme.example')
  t.ok(on.matchEmail)
  t.notMatch(JSON.stringify(read) + inspect(read, { depth: 9 }), /s3cr3t|aaaaa|bbbbb/)
  const plain = readConfig({ ...least, ...slack })
  t.match(plain, { config: { slack: { appToken: null, apiUrl: 'https://slack.com/api/' } } })
})

t.test('a Slack that is half there is every variable it lacks', async (t) => {
  const named = (env: Record<string, string>) =>
    problemsOf(env).map((problem) => problem.split(' ')[0]?.replace('SALLYPORT_SLACK_', ''))
  const { SALLYPORT_SLACK_TEAM: _, ...teamless } = slack
  t.strictSame(named({ SALLYPORT_SLACK_TEAM: 'T0ACME' }), ['BOT_TOKEN', 'SIGNING_SECRET'])
  t.strictSame(named({ SALLYPORT_SLACK_MATCH_EMAIL: 'yes' }), ['BOT_TOKEN', 'SIGNING_SECRET', 'TEAM'])
  t.strictSame(named({ SALLYPORT_SLACK_APP_TOKEN: 'xapp-1-A0B-token00' }), ['BOT_TOKEN', 'TEAM'])
  t.strictSame(named(teamless), ['TEAM'])
  t.strictSame(problemsOf(slack), [])
  t.strictSame(problemsOf({ SALLYPORT_CONSOLE_URL: 'https://console.example' }), [], 'not Slack')
})

t.test('a Slack value out of its form refuses to start, and no secret is printed', async (t) => {
  const short = ['', ' ', 's3cr3t12', 's3cr3t'.repeat(3), ' '.repeat(32), `s3cr3t${'\u00e4'.repeat(20)}`]
  const long = 's3cr3t'.repeat(5)
  const cases: readonly (readonly [string, readonly string[]])[] = [
    ['BOT_TOKEN', ['', 'xoxp-1234567890-s3cr3t', 'xoxb-s3cr3t', 'xoxb-s3cr3t s3cr3t s3cr3t']],
    ['SIGNING_SECRET', [...short, `${long},`, `,${long}`, `${long},s3cr3t`, `${long},${long},${long}`]],
    ['APP_TOKEN', ['', 'xoxb-1234567890-s3cr3t', 'xapp-s3cr3t']],
    ['TEAM', ['', 't0acme', 'E0ACME', 'T0/U1', 'T0ACME,T1']],
    ['MATCH_EMAIL', ['', 'true', 'no']],
    ['API_URL', ['', 'http://slack.com/api/', 'https://u:p@slack.com/api/', 'https://slack.com/?a']]
  ]
  for (const [name, values] of cases) {
    for (const value of values) {
      const problems = problemsOf({ ...slack, [`SALLYPORT_SLACK_${name}`]: value })
      t.equal(problems.length, 1, `${name}=${value}`)
      t.match(problems[0], `SALLYPORT_SLACK_${name}`)
      t.notMatch(problems[0], /s3cr3t/)
    }
  }
  t.equal(problemsOf({ SALLYPORT_CONSOLE_URL: 'http://console.example' }).length, 1)
})

t.test('all problems come at once', async (t) => {
  const read = readConfig({
    SALLYPORT_HOST: '0.0.0.0',
    SALLYPORT_PORT: '65536',
    SALLYPORT_LOG_LEVEL: 'loud',
    SALLYPORT_POLICY: 'x',
    AWS_ENDPOINT_URL: 'nowhere'
  })
  t.notOk(read.ok)
  const text = read.ok ? '' : read.problems.join('\n')
  for (const name of [
    'SALLYPORT_HOST',
    'SALLYPORT_PORT',
    'SALLYPORT_LOG_LEVEL',
    'SALLYPORT_OIDC_ISSUER',
    'SALLYPORT_BROKER_ROLE_ARN',
    'AWS_ENDPOINT_URL',
    'did you mean SALLYPORT_POLICIES'
  ]) {
    t.match(text, name)
  }
})

t.test('a value out of its form is one problem that names it', async (t) => {
  const notRoles = ['role/*', 'user/x'].map((end) => `arn:aws:iam::123456789012:${end}`)
  const issuers = [
    '',
    'idp',
    'http://idp.example',
    'https://u:p@idp.example',
    'https://idp.example?x',
    'https://idp.example#x',
    'http://localhost.evil.example',
    'ftp://127.0.0.1',
    ' https://idp.example'
  ]
  const cases: readonly (readonly [string, readonly string[]])[] = [
    ['SALLYPORT_HOST', ['', 'a b', 'http://x', '0.0.0.0', '::', 'localhost.example', '128.0.0.1']],
    ['SALLYPORT_PORT', ['', '-1', '080', '65536', '8080.0', '1e3', ' 1']],
    ['SALLYPORT_OPS_PORT', ['x', '8080']],
    ['SALLYPORT_BEHIND_TLS_PROXY', ['', 'true', 'YES', 'no']],
    ['SALLYPORT_DATA_DIR', ['', 'a\nb']],
    ['SALLYPORT_OIDC_ISSUER', issuers],
    ['SALLYPORT_OIDC_JWKS_URL', ['', 'http://idp.example/keys', 'https://u@idp.example/keys']],
    ['SALLYPORT_BROKER_ROLE_ARN', ['', 'sallyport', 'arn:aws:iam::1:role/x', ...notRoles]],
    ['SALLYPORT_LOG_LEVEL', ['', 'INFO', 'all']],
    ['AWS_ENDPOINT_URL', ['', 'localhost:4566', 'file:///etc']]
  ]
  for (const [name, values] of cases) {
    for (const value of values) {
      const problems = problemsOf({ [name]: value })
      t.equal(problems.length, 1, `${name}=${value}`)
      t.match(problems[0], name)
    }
  }
})

t.test('a database beyond this host is spoken to in the clear only where that is said', async (t) => {
  const fine = [
    'postgres://u:s3cr3t@127.0.0.1/x',
    'postgresql://u@localhost:5433/x',
    'postgres://u@%2Fvar%2Frun%2Fpostgresql/x',
    'postgres://u:s3cr3t@db/x?sslmode=verify-full',
    'postgres://u:s3cr3t@db/x?sslmode=verify-full&sslrootcert=/ca.pem',
    'postgres://u:s3cr3t@db/x?sslmode=disable'
  ]
  for (const url of fine) {
    const result = readConfig({ ...least, SALLYPORT_DATABASE_URL: url })
    if (!result.ok) throw new Error(result.problems.join())
    t.equal(result.config.database?.url(), url)
    t.equal(result.config.database?.ownerUrl, null)
    t.notMatch(JSON.stringify(result.config), /s3cr3t/)
  }
  const wrong = [
    'postgres://u:s3cr3t@db/x',
    'postgres://u:s3cr3t@db/x?sslmode=require',
    'postgres://u:s3cr3t@db/x?sslmode=no-verify',
    'postgres://u:s3cr3t@db/x?sslmode=disable&sslmode=verify-full',
    'postgres://u:s3cr3t@db/x?ssl=true',
    'postgres://u:s3cr3t@127.0.0.1/x?host=db',
    'postgres://u:s3cr3t@127.0.0.1',
    'mysql://u:s3cr3t@127.0.0.1/x',
    's3cr3t'
  ]
  for (const url of wrong) {
    const [problem = '', ...more] = problemsOf({ SALLYPORT_DATABASE_URL: url })
    t.strictSame(more, [])
    t.match(problem, /^SALLYPORT_DATABASE_URL must be a postgres:/, url)
    t.notMatch(problem, /s3cr3t/)
  }
  const owner = problemsOf({ SALLYPORT_DATABASE_OWNER_URL: 'postgres://o@127.0.0.1/x' })
  t.match(owner, [/SALLYPORT_DATABASE_URL is missing/])
})

t.test('abuse 129: secrets come from files too, and none stays in the environment', async (t) => {
  const folder = t.testdir({ token: 'xoxb-1234567890-from-a-file\n', long: 'x'.repeat(4097), places: {} })
  const file = 'SALLYPORT_SLACK_BOT_TOKEN_FILE'
  const env = {
    SALLYPORT_HOST: '127.0.0.1',
    SALLYPORT_DATABASE_URL: 'postgres://sallyport:secret@localhost/sallyport',
    [file]: `${folder}/token`
  }
  const taken = takeSecrets(env)
  t.strictSame(taken, {
    env: {
      SALLYPORT_HOST: '127.0.0.1',
      SALLYPORT_DATABASE_URL: 'postgres://sallyport:secret@localhost/sallyport',
      SALLYPORT_SLACK_BOT_TOKEN: 'xoxb-1234567890-from-a-file'
    },
    problems: []
  })
  t.strictSame(Object.keys(env), ['SALLYPORT_HOST', file], 'the environment has no secret any more')
  for (const path of ['none', 'long', 'places']) {
    const { problems } = takeSecrets({ [file]: `${folder}/${path}` })
    t.match(problems, [/^SALLYPORT_SLACK_BOT_TOKEN_FILE must be/], path)
  }
  const twice = takeSecrets({ SALLYPORT_SLACK_BOT_TOKEN: 'xoxb-1234567890-typed', [file]: `${folder}/token` })
  t.match(twice.problems, [/both set/])
  t.notMatch(twice.problems, /xoxb-/)
  const open = takeSecrets({ SALLYPORT_LEDGER_KEY_FILE: '/etc/key', SALLYPORT_HOST_FILE: '/etc/host' })
  t.strictSame(open, { env: { SALLYPORT_LEDGER_KEY_FILE: '/etc/key', SALLYPORT_HOST_FILE: '/etc/host' }, problems: [] })
  t.match(readConfig({ ...least, ...open.env }), { ok: false, problems: [/SALLYPORT_HOST_FILE is not a setting/] })
})

t.test('an unknown name is a problem; the nearest is told, its value is not', async (t) => {
  const cases = [
    ['SALLYPORT_PROT', 'SALLYPORT_PORT'],
    ['SALLYPORT_OIDC_ISUER', 'SALLYPORT_OIDC_ISSUER'],
    ['SALLYPORT_LOGLEVEL', 'SALLYPORT_LOG_LEVEL']
  ] as const
  for (const [given, meant] of cases) {
    t.strictSame(problemsOf({ [given]: 's3cr3t' }), [
      `${given} is not a setting; did you mean ${meant}?`
    ])
  }
  t.strictSame(problemsOf({ SALLYPORT_SOMETHING_ELSE_ENTIRELY: 'x' }), [
    'SALLYPORT_SOMETHING_ELSE_ENTIRELY is not a setting'
  ])
  t.strictSame(problemsOf({ SALLYPORTX: 'x', AWS_REGION: 'eu-west-1' }), [])
})

t.test("README's table has every setting with its default and its sentence", async (t) => {
  const readme = join(root, 'README.md')
  const lines = readFileSync(readme, 'utf8').split('\n')
  for (const { name, otherwise, doc } of settings) {
    const row = lines.find((line) => line.startsWith(`| \`${name}\` |`)) ?? ''
    const fallback = typeof otherwise === 'object' ? `\`${otherwise.text}\`` : ''
    t.ok(row.includes(doc) && row.includes(fallback), `${name} is in the table as it is`)
    if (otherwise === 'required') t.match(row, /required/)
  }
})
