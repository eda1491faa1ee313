/**
 * Every test file as `npm run check` compiled it, two at a time, each in a process of its own
 * without tap's loaders, which make every import several times as slow. Named files alone:
 * `npx tap test/suite.mjs --test-arg=NAME`. As it is written: `npx tap test/NAME.test.ts`.
 */
import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'

const root = join(import.meta.dirname, '..')
const compiled = (path) => join(root, '.build', path.replace(/\.tsx?$/, '.js'))

/** These take longest and begin first, so that none of them is left alone at the end. */
const slowest = [
  'cli',
  'console-browser',
  'postgres',
  'bootstrap',
  'cli-policy',
  'policy',
  'posture-collect',
  'ledger-restore'
]

const changedAt = (path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0
const sources = ['src', 'test'].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true })
    .filter((file) => /\.tsx?$/.test(file))
    .map((file) => join(folder, file))
)
const stale = sources.filter((file) => changedAt(compiled(file)) < changedAt(join(root, file)))
if (stale.length > 0) throw new Error(`npm run check comes first: ${stale.join(', ')}`)

/** Where a file is synced in no time: nothing here is about a power cut. */
const memory = () => {
  try {
    const { bavail, bsize } = statfsSync('/dev/shm')
    return bavail * bsize > 2 ** 31 ? '/dev/shm' : tmpdir()
  } catch {
    return tmpdir()
  }
}
const scratch = mkdtempSync(join(memory(), 'sallyport-tests-'))
// PostgreSQL runs as another user
chmodSync(scratch, 0o711)
process.once('exit', () => rmSync(scratch, { recursive: true, force: true }))
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1))

const wanted = process.argv.slice(2)
const names = sources
  .flatMap((file) => /^test\/(.+)\.test\.ts$/.exec(file)?.[1] ?? [])
  .filter((name) => wanted.length === 0 || wanted.includes(name))
const rank = (name) => (slowest.includes(name) ? slowest.indexOf(name) : slowest.length)
const seconds = 300
const env = {
  ...process.env,
  TMPDIR: scratch,
  TAP_TIMEOUT: String(seconds),
  // the SDK tells each process that this Node grows old
  AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true'
}
t.jobs = 2
t.setTimeout(names.length * seconds * 1000)
for (const name of names.toSorted((a, b) => rank(a) - rank(b))) {
  // tap hands its loader to every process it starts in NODE_OPTIONS
  t.spawn('env', ['-u', 'NODE_OPTIONS', process.execPath, compiled(`test/${name}.test.ts`)], {
    name: `test/${name}.test.ts`,
    buffered: true,
    timeout: seconds * 1000,
    env
  })
}
