/** The command line as it is installed (dist), in processes of its own: exit codes, words, signals. */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as wait } from 'node:timers/promises'
import { KMSClient, ListGrantsCommand } from '@aws-sdk/client-kms'
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts'
import t from 'tap'
import { problemKinds } from '../src/broker/refusals.ts'
import { objectOf, text } from '../src/cli/api.ts'
import { builtCli, root } from './place.ts'

if (!existsSync(builtCli)) throw new Error('npm run build comes first')

type Env = Readonly<Record<string, string>>
type Ran = { readonly code: number | null; readonly out: string; readonly err: string }

const folder = mkdtempSync(join(tmpdir(), 'sallyport-cli-'))
const children = new Set<ChildProcess>()
t.teardown(() => {
  for (const child of children) child.kill('SIGKILL')
  rmSync(folder, { recursive: true })
})

const start = (args: readonly string[], env: Env = {}): ChildProcess => {
  const child = spawn(process.execPath, [builtCli, ...args], {
    cwd: root,
    env: { PATH: process.env['PATH'] ?? '', TMPDIR: folder, ...env },
    stdio: ['ignore', 'pipe', 'pipe']
  })
  children.add(child)
  child.once('exit', () => children.delete(child))
  return child
}

const ended = (child: ChildProcess): Promise<number | null> =>
  new Promise((done) => child.once('close', (code) => done(code)))

const run = async (args: readonly string[], env: Env = {}): Promise<Ran> => {
  const child = start(args, env)
  const parts = { out: '', err: '' }
  child.stdout?.on('data', (part: Buffer) => (parts.out += part.toString()))
  child.stderr?.on('data', (part: Buffer) => (parts.err += part.toString()))
  const code = await ended(child)
  return { code, ...parts }
}

/** The first line of stdout as JSON that `wanted` accepts. */
const line = async (
  child: ChildProcess,
  wanted: (found: Readonly<Record<string, unknown>>) => boolean = () => true
): Promise<Readonly<Record<string, unknown>>> => {
  if (!child.stdout) throw new Error('no stdout')
  for await (const one of createInterface({ input: child.stdout })) {
    const found = objectOf(JSON.parse(one))
    if (wanted(found)) return found
  }
  throw new Error('it ended without that line')
}

const ulid = '01JD6QZ5S0ABCDEFGHJKMNPQRS'
const policyOf = ['session-policy', '--target', 'claims-pii', '--elevation', ulid]
const until = ['--not-after', '2026-11-21T10:15:00Z']

t.test('every way of using it wrongly has its exit code and a word on stderr', async (t) => {
  const token = { SALLYPORT_TOKEN: 'x' }
  const rows: readonly (readonly [string, readonly string[], Env, number])[] = [
    ['no command', [], {}, 2],
    ['an unknown command', ['nope'], {}, 2],
    ['a required option is missing', ['request', '--target', 'x'], {}, 2],
    ['an unknown option', ['status', '--colour'], {}, 2],
    ['a port that is none', ['sandbox', '--port', '99999'], {}, 2],
    ['no token', ['status'], {}, 78],
    ['no broker there', ['status'], { ...token, SALLYPORT_URL: 'http://127.0.0.1:1' }, 69],
    ['a URL that is none', ['status'], { ...token, SALLYPORT_URL: 'nonsense' }, 69],
    ['no configuration', ['serve'], {}, 78],
    ['bad configuration', ['serve'], { SALLYPORT_PORT: 'x', SALLYPORT_PROT: '1' }, 78],
    ['an unknown target', [...policyOf.with(2, 'nope'), ...until], {}, 1],
    ['a table of no target', [...policyOf, ...until, '--tables', 'claims.nope'], {}, 1],
    ['an end that is none', [...policyOf, '--not-after', 'tomorrow'], {}, 2],
    ['an elevation that is none', [...policyOf.with(4, 'x'), ...until], {}, 2],
    ['no policies there', [...policyOf, ...until, '--policies', '/nonexistent'], {}, 78]
  ]
  const said = new Map<string, string>()
  for (const [sentence, args, env, expected] of rows) {
    const { code, out, err } = await run(args, env)
    said.set(sentence, err)
    t.equal(code, expected, sentence)
    t.equal(out, '')
    t.not(err, '')
    t.notMatch(err, /\n\s+at /, 'no stack trace')
  }
  for (const name of ['PORT', 'PROT', 'OIDC_ISSUER', 'BROKER_ROLE_ARN']) {
    t.match(said.get('bad configuration'), `SALLYPORT_${name}`, 'told all at once')
  }
})

t.test('session-policy prints exactly what AWS would be sent', async (t) => {
  const { code, out } = await run([...policyOf, ...until, '--tables', 'claims.customers', '--json'])
  t.equal(code, 0)
  const { assumeRole, grants, policyCharacters } = JSON.parse(out)
  t.equal(assumeRole.Policy.length, policyCharacters)
  t.match(assumeRole, {
    RoleArn: 'arn:aws:iam::123456789012:role/sallyport-claims',
    RoleSessionName: `jit-${ulid}`
  })
  t.ok(assumeRole.DurationSeconds >= 900 && assumeRole.DurationSeconds <= 3600)
  t.match(JSON.parse(assumeRole.Policy).Statement.at(-1), {
    Effect: 'Deny',
    Action: '*',
    Condition: { DateGreaterThanEquals: { 'aws:CurrentTime': '2026-11-21T10:15:00Z' } }
  })
  t.same(
    grants.map((grant: Record<string, unknown>) => [grant['Name'], grant['Operations']]),
    [[`jit/${ulid}/data`, ['Decrypt']], [`jit/${ulid}/results`, ['Decrypt']]]
  )
})

t.test('a taken port, a folder in use and Ctrl-C end with a clear word and leave nothing', async (t) => {
  const taken = createServer().listen(0, '127.0.0.1')
  await new Promise((done) => taken.once('listening', done))
  const address = taken.address()
  const port = typeof address === 'object' && address ? String(address.port) : ''
  for (const command of [['sandbox'], ['demo', '--once']]) {
    const { code, err } = await run([...command, '--port', port])
    t.equal(code, 69)
    t.match(err, port)
  }
  taken.close()
  const keep = join(folder, 'keep')
  const first = start(['demo', '--once', '--json', '--keep', keep])
  await line(first, (step) => step['step'] === 'approve')
  const second = await run(['demo', '--once', '--keep', keep])
  t.equal(second.code, 69)
  t.match(second.err, 'another process has this data folder open')
  first.kill('SIGINT')
  t.equal(await ended(first), 130)
  const third = start(['demo', '--json'])
  await line(third, (step) => step['step'] === 'query')
  third.kill('SIGINT')
  t.equal(await ended(third), 130)
  t.same(readdirSync(folder), ['keep'], 'the folder of the demo is gone')
})

t.test('the whole way by hand, over a broker that is killed in the middle', async (t) => {
  const box = await line(start(['sandbox', '--json']))
  const keys = objectOf(box['broker'])
  const [endpoint, region, issuer] = [text(box['endpoint']), text(box['region']), text(box['issuer'])]
  const credentials = {
    accessKeyId: text(keys['accessKeyId']),
    secretAccessKey: text(keys['secretAccessKey']),
    sessionToken: text(keys['sessionToken'])
  }
  const serving = {
    AWS_ENDPOINT_URL: endpoint,
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    AWS_SESSION_TOKEN: credentials.sessionToken,
    SALLYPORT_OIDC_ISSUER: issuer,
    SALLYPORT_BROKER_ROLE_ARN: 'arn:aws:iam::123456789012:role/sallyport-broker',
    SALLYPORT_DATA_DIR: join(folder, 'served'),
    SALLYPORT_PORT: '0',
    SALLYPORT_OPS_PORT: '0'
  }
  const serve = async () => {
    const child = start(['serve'], serving)
    const started = await line(child, (found) => found['event'] === 'started')
    return { child, url: text(started['url']), opsUrl: text(started['opsUrl']) }
  }
  const tokenOf = async (person: string): Promise<string> => {
    const body = new URLSearchParams({ person })
    const response = await fetch(`${issuer}/token`, { method: 'POST', body })
    return text(objectOf(await response.json())['access_token'])
  }
  const tokens = { alice: await tokenOf('alice'), bob: await tokenOf('bob') }
  let broker = await serve()
  let said = ''
  broker.child.stderr?.on('data', (part: Buffer) => (said += part.toString()))
  broker.child.kill('SIGUSR1')
  const as = (person: 'alice' | 'bob', ...args: readonly string[]): Promise<Ran> =>
    run(args, { SALLYPORT_URL: broker.url, SALLYPORT_TOKEN: tokens[person] })
  for (;;) {
    const ready = await fetch(`${broker.opsUrl}/readyz`)
    if (ready.ok) break
    t.comment(`not ready yet: ${await ready.text()}`)
    await wait(50)
  }

  const ask = ['request', '--target', 'claims-pii', '--duration', '5m', '--ticket', 'CLM-7', '--json']
  const waiting = as('alice', ...ask, '--reason', 'checking a claim by hand', '--wait')
  let found: readonly Readonly<Record<string, unknown>>[] = []
  while (found.length === 0) {
    const { out } = await as('bob', 'status', '--json')
    found = out.trim() === '' ? [] : out.trim().split('\n').map((one) => objectOf(JSON.parse(one)))
  }
  const id = text(found[0]?.['id'])
  t.equal((await as('alice', 'approve', id)).code, 1, 'not her own')
  t.equal((await as('bob', 'approve', id)).code, 0)
  const decided = await waiting
  t.equal(decided.code, 0, '--wait ends when it is decided')
  t.match(objectOf(JSON.parse(decided.out)), { id, state: 'approved' })

  const given = await as('alice', 'credentials', id)
  t.equal(given.code, 0)
  const process_ = JSON.parse(given.out)
  t.same(Object.keys(process_), ['Version', 'AccessKeyId', 'SecretAccessKey', 'SessionToken', 'Expiration'])
  const sts = new STSClient({
    endpoint,
    region,
    credentials: {
      accessKeyId: process_.AccessKeyId,
      secretAccessKey: process_.SecretAccessKey,
      sessionToken: process_.SessionToken
    }
  })
  t.match((await sts.send(new GetCallerIdentityCommand({}))).Arn, new RegExp(`/jit-${id}$`))
  sts.destroy()

  const longer = ['--duration', '30m', '--reason', 'there is more to check by hand', '--ticket', 'CLM-7', '--json']
  const extended = await as('alice', 'extend', id, ...longer)
  t.equal(extended.code, 0)
  const next = objectOf(JSON.parse(extended.out))
  t.match(next, { state: 'pending', extends: id, chain: { place: 2, secondsBefore: 300 } })
  t.match(await as('alice', 'extend', id, ...longer), { code: 1, err: /already_extended/ })
  t.equal((await as('alice', 'cancel', text(next['id']))).code, 0)
  const later = await as('alice', ...ask, '--reason', 'checking a claim by hand', '--start', '+2h')
  t.match(later, { code: 1, err: /no start may be scheduled/ }, 'the rule has no start scheduled')
  t.equal((await as('alice', ...ask, '--reason', 'checking a claim by hand', '--start', '+soon')).code, 2)

  t.notMatch(said, /Debugger/, 'abuse 128: SIGUSR1 opens no inspector')
  broker.child.kill('SIGKILL')
  await ended(broker.child)
  broker = await serve()
  t.match((await as('alice', 'status', id)).out, 'active', 'kill -9 lost nothing')
  t.match(objectOf(JSON.parse((await as('alice', 'end', id, '--json')).out)), { state: 'ending' })
  t.equal((await as('alice', 'credentials', id)).code, 1)
  const kms = new KMSClient({ endpoint, region, credentials })
  const KeyId = 'arn:aws:kms:eu-west-1:123456789012:key/1a2b3c4d-0001-4000-8000-000000000001'
  for (let left = 1; left > 0; await wait(50)) {
    left = (await kms.send(new ListGrantsCommand({ KeyId }))).Grants?.length ?? 0
  }
  kms.destroy()

  const cancelled = async (): Promise<number> => {
    const headers = { authorization: `Bearer ${tokens.alice}` }
    const url = `${broker.url}/v1/elevations/none/cancel`
    return (await fetch(url, { method: 'POST', headers })).status
  }
  t.equal(await cancelled(), 404)
  const inFlight = Array.from({ length: 20 }, cancelled)
  const stopped = Date.now()
  broker.child.kill('SIGTERM')
  t.same(await Promise.all(inFlight), inFlight.map(() => 404), 'everybody is answered')
  t.equal(await ended(broker.child), 0, 'SIGTERM ends it gracefully')
  t.ok(Date.now() - stopped < 20_000, 'within twenty seconds')
  broker = await serve()
  const erin = await tokenOf('erin')
  const ledger = await fetch(`${broker.url}/v1/ledger/entries?limit=1000`, {
    headers: { authorization: `Bearer ${erin}` }
  })
  const recorded = (await ledger.text()).match(/"verb":"cancel"/g) ?? []
  t.equal(recorded.length, 21, 'and what was answered is in the ledger')
  broker.child.kill('SIGINT')
  t.equal(await ended(broker.child), 0)
})

t.test('the README says what the code says', async (t) => {
  const readme = readFileSync(join(root, 'README.md'), 'utf8')
  t.ok(readme.split('\n').length <= 250)
  const errors = readFileSync(join(root, 'src/http/ERRORS.md'), 'utf8')
  for (const [code, { status, exit, title }] of Object.entries(problemKinds)) {
    t.ok(errors.includes(`| \`${code}\` | ${status} | ${exit} | ${title} |`), code)
  }
  const { dependencies, optionalDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
    t.match(readme, name.replace(/^@aws-sdk\/client/, ''), `${name} has its reason`)
  }
  for (const [, path = ''] of readme.matchAll(/\]\(((?:src|policies|test)\/[^)#]+)\)/g)) {
    t.ok(existsSync(join(root, path)), path)
  }
})
