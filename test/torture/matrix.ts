/**
 * The fault matrix: each fault with what shows that it does no harm. A script's figure is that of its
 * section in results.json; a test is named by its sentence, which has to be in its file. `--tests` runs
 * each of these files once, too; without it a test is only known to be there. Fails where a sentence
 * is gone, a test fails, or a section is not ok or was not run.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { type Figures, readResults } from './results.ts'
import { note, root, say } from './run.ts'

const { values } = parseArgs({ options: { tests: { type: 'boolean', default: false } } })

type Shown =
  /** figures of these names of a section */
  | { readonly section: string; readonly figure: string; readonly shows: readonly string[]; readonly isOfMillion?: true }
  | { readonly file: string; readonly sentence: string }

const section = (name: string, figure: string, ...shows: string[]) => ({ section: name, figure, shows })
const test = (file: string, sentence: string): Shown => ({ file: `${file}.test.ts`, sentence })
const bothEngines = (figure: string, ...shows: string[]): readonly Shown[] =>
  ['crash sqlite', 'crash postgres'].map((name) => section(name, figure, ...shows))

const faults: readonly (readonly [id: string, fault: string, shown: readonly Shown[]])[] = [
  ['F1', 'SIGKILL at each named point', bothEngines('crash_point', 'kills', 'orphans', 'lost', 'faults', 'slow', 'steadyMsMax')],
  ['F2', 'SIGKILL at random under load', [...bothEngines('random_kills', 'kills', 'lost', 'faults', 'orphans'), section('kill', 'kills', 'rounds', 'lost', 'faults')]],
  ['F3', 'AWS throttles every second call', [test('faults', 'F3: every second CreateGrant is throttled')]],
  ['F4', 'AWS fails, then works', [test('faults', 'F4: the first call of each service fails on its side')]],
  ['F5', 'AWS hangs', [test('sandbox-faults', 'a call that hangs is never answered and never done'), section('partition', 'partition', 'rounds', 'takeoverMsMax', 'orphans')]],
  ['F6', 'Grants made, AssumeRole denied', [test('faults', 'F6: the grants are there and AssumeRole is denied: they go, and it has failed')]],
  ['F7', 'CreateGrant done, answer lost', [test('faults', 'F7: CreateGrant is done and its answer is lost')]],
  ['F8', 'CreateGrant lands a minute late', [test('faults', 'F8: a CreateGrant that lands a minute later is removed before it is called over'), section('zombie', 'zombie', 'grantsLandedLate', 'lateGrantsRemovedMsMax', 'orphans')]],
  ['F9', 'RevokeGrant fails for long', [test('broker', 'an ending survives every failure of every call, and ends only when all is gone'), test('elevation', 'an ending is tried for ever, at most a minute apart, and is said to be stuck once')]],
  ['F10', 'Slack down, slow, or sending twice', [test('slack', '19: Slack may be down in every way: nothing is decided, nothing is lost, others go on'), test('slack-use', 'a slow store delays no answer: the form is drawn again with what came of it'), test('slack-delivery', 'whatever Slack does wrong, each message arrives, once, in order')]],
  ['F11', 'Connection to the database lost, also at commit', [test('postgres', 'a connection that is lost on the way'), test('postgres', 'after the commit: it may have been made, and was')]],
  ['F12', 'Disk full', [test('store', 'a full disk refuses what does not fit, keeps what was told, and recovers'), test('ledger-seal', 'while the store fails nothing is decided, and within a second')]],
  ['F13', 'Damaged file, torn log, power cut', [test('store', 'a folder or file that cannot be trusted is refused, with what to do'), test('store', 'a log cut short opens, without a gap'), section('power-cut', 'power_cuts', 'rounds', 'acknowledged', 'lost', 'faults')]],
  ['F14', 'Clocks that jump', [test('operations', 'a clock that jumps ahead ends nothing, and what is over ends when it is right again'), test('operations', 'a clock that jumps back gives nobody a second more')]],
  ['F15', 'Replica parted from the database', [section('partition', 'partition', 'rounds', 'takeoverMsMax', 'peerWritableMsMax', 'readyAgainMsMax', 'issuedWhileParted'), section('partition real lease', 'partition_60s', 'rounds', 'takeoverMsMax', 'issuedWhileParted')]],
  ['F16', 'SIGSTOP past the lease, SIGCONT', [section('zombie', 'zombie', 'rounds', 'stoppedSeconds', 'takenOver', 'committedAfter', 'deliveredAfter'), section('zombie real lease', 'zombie_60s', 'rounds', 'takenOver', 'takeoverMsMax', 'committedAfter', 'orphans'), test('recovery', 'F16: a process that slept past its lease makes nothing any more')]],
  ['F17', 'Event loop blocked past the lease', [section('zombie', 'zombie', 'stoppedSeconds', 'leaseSeconds', 'committedAfter')]],
  ['F18', 'Too many large bodies', [section('clients', 'large_bodies', 'bodies', 'residentMaxMiB', 'isServing'), test('http', 'a bad body reaches no verb and leaves one entry of a known person'), section('expiry sqlite', 'expiry_memory', 'active', 'fullMiB', 'growthMiB')]],
  ['F19', 'Slow clients', [section('clients', 'slow_clients', 'sockets', 'cutOff', 'ratio'), test('http', 'what is not quite HTTP gets a problem too, and every wait has an end')]],
  ['F20', 'A million rows', ['expiry sqlite', 'expiry postgres'].map((name) => ({ ...section(name, 'expiry_poll', 'active', 'pollMs', 'listP50Ms', 'emptyListP50Ms'), isOfMillion: true }))],
  ['F21', 'A log or sink that blocks', [test('sinks', 'an approval is answered while a sink hangs, and its entry is in the log lines')]],
  ['F22', 'SIGTERM under load', [section('rolling', 'rolling_restart', 'restarts', 'requests', 'failed', 'stopMsMax'), test('http', 'while it closes, it says so')]],
  ['F23', 'Replicas that migrate together', [test('postgres', 'replicas that start together on an empty database make its tables once'), section('rolling', 'rolling_restart', 'restarts', 'failed')]],
  ['F24', 'Policy broken while it runs', [test('policy-watch', 'a broken edit keeps the last good policy, and is told once per content')]],
  ['F25', 'Issuer down', [test('http-tokens', 'keys once known serve an hour of outage, but do not make other tokens good')]]
]

/** Which test or script shows that an abuse case, by its number in the threat list, comes to nothing. */
const abuses: readonly (readonly [number: number, abuse: string, shown: readonly Shown[]])[] = [
  [70, 'A session name that is cut or injected', [test('iam', 'AssumeRole always carries the session policy and ends with the window'), test('iam-evaluate', 'only the broker assumes the role, under the name and tags of an elevation')]],
  [71, 'JSON in a name that enters a policy', [test('iam', 'no name with a wildcard, variable, control or non-ASCII character enters a policy')]],
  [72, 'A policy that is too large', [test('iam', 'a session policy fits in 2,048 characters or names its longest statements')]],
  [73, 'One of AssumeRole and CreateGrant fails', [test('broker', 'whatever call fails, in either way, nothing is delivered and nothing is left')]],
  [74, 'CreateGrant times out and succeeded', [test('aws', 'a repeated CreateGrant is the same grant, and every page is looked through'), test('faults', 'F7: CreateGrant is done and its answer is lost')]],
  [75, 'CreateGrant lands after the revoke', [test('broker', 'a grant that lands after its issuer was revoked is found by the sweep'), section('zombie', 'zombie', 'grantsLandedLate', 'orphans')]],
  [76, 'kill -9 between any two instructions', [test('broker', 'a process that dies between two calls leaves nothing behind'), ...bothEngines('crash_point', 'kills', 'orphans', 'lost')]],
  [77, 'Revoke at every step of issuing', [test('ending', 'abuse 77: a lock that is set at any moment of issuing keeps the credentials inside')]],
  [78, 'Two replicas claim the same', [section('claims', 'double_claims', 'claims', 'doubles', 'doubleGrants')]],
  [79, 'An owner that slept commits', [test('recovery', 'F16: a process that slept past its lease makes nothing any more'), section('zombie', 'zombie', 'rounds', 'committedAfter')]],
  [80, 'A grant that is good outside Athena and S3', [test('iam', 'each key and bucket gets one Decrypt grant to the session'), test('sandbox-kms', 'the broker may make only Decrypt grants for JIT sessions that it can retire')]],
  [81, 'A grant to the role and not the session', [test('iam', 'each key and bucket gets one Decrypt grant to the session')]],
  [82, 'A workgroup of another account', [test('iam', 'partition, Region, account and keys must belong together')]],
  [83, 'Regions and partitions mixed', [test('iam', 'partition, Region, account and keys must belong together')]],
  [84, 'A token in a log or an error', [test('aws', 'every error has its kind, and nothing of it but name and request id goes on'), test('http', 'a log line never has a token, reason, query or id from outside')]],
  [85, 'Credentials asked for twice', [test('broker', 'one elevation from ask to end leaves every step in the ledger and nothing in AWS')]],
  [87, 'A query started a second before the end', [test('queries-live', 'the end of the window stops what runs'), test('queries', 'the end of a window stops its own queries by their ids')]],
  [88, "Other people's results", [test('http', "queries are the requester's alone: for anybody else there is no such elevation"), test('queries', 'rows are the requester’s, by page, from any replica, and only so many')]],
  [89, 'Reused results', [test('queries', 'what may run is written down first, and Athena gets the very text')]],
  [90, 'Another output location', [test('sandbox-athena', 'an enforced workgroup ignores the client’s settings, another does not'), test('posture-gate', 'a target out of line is refused with the finding and its mend, at the ask, the vote and the start')]],
  [91, 'EXECUTE and prepared statements', [test('sql-check', 'what must not pass is refused, and what is honest is allowed')]],
  [92, 'DDL, external functions, federated catalogs', [test('sql-check', 'what must not pass is refused, and what is honest is allowed')]],
  [93, 'The quota of grants on a key', [test('posture', 'every code is of a rule, every rule has a code, and each is shown both ways')]],
  [94, 'A page of ListGrants is missing', [test('aws', 'a repeated CreateGrant is the same grant, and every page is looked through')]],
  [95, 'ListGrants does not show a grant yet', [test('faults', 'F8: a CreateGrant that lands a minute later is removed before it is called over')]],
  [123, 'Ten thousand asks of one person', [test('broker', 'abuse 63, 64: caps hold, also for asks and starts at the same instant'), test('http', 'a person and the strangers of an address are limited apart')]],
  [124, 'A flood of events from Slack', [test('slack-use', 'who is not acknowledged in time gets 503 before Slack hangs up'), section('clients', 'slow_clients', 'sockets', 'ratio')]],
  [125, 'Thousands of windows end at once', [test('ending', 'abuse 125, 126: few end at a time'), section('expiry sqlite', 'expiry_storm', 'inOneSecond', 'livezP99Ms')]],
  [126, 'A row that breaks its worker', [test('ending', 'abuse 125, 126: few end at a time')]],
  [127, 'A clock that jumps an hour', [test('operations', 'a clock that jumps ahead ends nothing, and what is over ends when it is right again'), test('operations', 'a clock that jumps back gives nobody a second more')]],
  [128, 'SIGUSR1 opens the inspector', [test('cli', 'abuse 128')]],
  [129, 'Secrets in the environment', [test('config', 'abuse 129: secrets come from files too, and none stays in the environment')]],
  [131, 'The kill switch', [test('ending', 'abuse 131: the kill switch stops every verb on every replica with its commit, and ends all'), test('postgres-replicas', 'abuse 131: a lock that one sets the other obeys at once, and what is open ends')]],
  [132, 'Plain HTTP beyond this host', [test('config', 'a value out of its form is one problem that names it')]]
]

/** What is shown by no test, and why. */
const unshown: readonly (readonly [number: number, why: string])[] = [
  [86, 'credentials used from another host: the session policy has no aws:SourceIp, which would make the broker’s own probe look like an end; a role’s boundary may'],
  [130, 'a dependency that was tampered with: exact versions, hashes in the lock, no install scripts (npm ci), npm run sbom']
]

const folder = join(root, 'test')
const sources = new Map(readdirSync(folder).filter((name) => name.endsWith('.test.ts')).map((name) => [name, readFileSync(join(folder, name), 'utf8')]))
const results = readResults()
const loader = `--import=${pathToFileURL(join(folder, 'built.mjs')).href}`

/** Its TAP. */
const tapOf = async (file: string): Promise<string> => {
  note(`matrix: ${file}`)
  const child = spawn(process.execPath, [loader, join(folder, file)], {
    cwd: root,
    env: { ...process.env, TAP_TIMEOUT: '240' },
    stdio: ['ignore', 'pipe', 'ignore']
  })
  let tap = ''
  child.stdout.on('data', (chunk) => {
    tap += String(chunk)
  })
  await once(child, 'close')
  return tap
}

/** `ok` null: nobody looked. */
type Told = { readonly by: string; readonly figure: string; readonly ok: boolean | null }

const ofSection = ({ section: name, figure, shows, isOfMillion }: Extract<Shown, { section: string }>): Told => {
  const by = `torture ${name}`
  const rows = results[name]?.figures.filter((one) => one['figure'] === figure) ?? []
  if (rows.length === 0) return { by, figure: 'not run', ok: false }
  const isEnough = !isOfMillion || rows.every(({ active }) => Number(active) >= 1_000_000)
  const shown = shows.map((key) => `${key} ${valueOf(rows, key)}`).join(', ')
  return { by, figure: isEnough ? shown : `${shown}: too few`, ok: isEnough && rows.every(({ ok }) => ok === true) }
}

/** Over many rows: the highest of a maximum or a minimum, else the sum. */
const valueOf = (rows: readonly Figures[], key: string): string => {
  const [first] = rows
  if (rows.length === 1 || first === undefined) return JSON.stringify(first?.[key] ?? 'none').replaceAll('"', '')
  const all = rows.map((row) => Number(row[key] ?? 0))
  return String(key.endsWith('Max') ? Math.max(...all) : all.reduce((sum, one) => sum + one, 0))
}

const taps = new Map<string, string>()

const ofTest = async ({ file, sentence }: Extract<Shown, { file: string }>): Promise<Told> => {
  const by = `${file}: ${sentence}`
  if (!(sources.get(file)?.replaceAll("\\'", "'").includes(sentence) ?? false)) return { by, figure: 'there is no such test', ok: false }
  if (!values.tests) return { by, figure: 'is there, not run here', ok: null }
  const tap = taps.get(file) ?? (await tapOf(file))
  taps.set(file, tap)
  const line = tap.split('\n').find((one) => /^ *(not )?ok \d+ - /.test(one) && one.replaceAll('\\', '').includes(sentence))
  if (line === undefined) return { by, figure: 'did not run', ok: false }
  const isFine = line.trimStart().startsWith('ok') && !line.includes('# SKIP')
  return { by, figure: `${isFine ? 'passes' : 'FAILS'}, ${/# time=(.*?)(?: \{)?$/.exec(line)?.[1] ?? 'time unknown'}`, ok: isFine }
}

let ok = true
for (const [id, fault, shown] of faults) {
  for (const one of shown) {
    const told = 'file' in one ? await ofTest(one) : ofSection(one)
    if (told.ok === false) ok = false
    say({ figure: 'fault', id, fault, shownBy: told.by, of: told.figure, ok: told.ok ?? 'not run here' })
  }
}
for (const [number, abuse, shown] of abuses) {
  for (const one of shown) {
    const told = 'file' in one ? await ofTest(one) : ofSection(one)
    if (told.ok === false) ok = false
    say({ figure: 'abuse', number, abuse, shownBy: told.by, of: told.figure, ok: told.ok ?? 'not run here' })
  }
}
for (const [number, why] of unshown) say({ figure: 'abuse_unshown', number, why })
process.exitCode = ok ? 0 : 1
