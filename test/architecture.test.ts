/** The house: which folder may import which. The table is README's picture as data. */
import { readFileSync, readdirSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import t from 'tap'
import { root } from './place.ts'

const src = join(root, 'src')

/** Place → places it may import from, and packages. `node:` alone means every built-in. */
const house: Readonly<Record<string, { readonly places: readonly string[]; readonly packages: readonly string[] }>> = {
  elevation: { places: [], packages: [] },
  policy: { places: ['elevation'], packages: ['typebox', 'yaml', 'node:crypto'] },
  iam: { places: ['elevation'], packages: [] },
  posture: { places: ['elevation', 'policy', 'iam'], packages: ['typebox', 'node:crypto'] },
  reconcile: { places: ['elevation', 'iam', 'ledger'], packages: ['node:'] },
  ledger: { places: [], packages: ['node:crypto'] },
  sql: { places: [], packages: [] },
  bootstrap: { places: ['elevation', 'iam'], packages: ['yaml'] },
  'ports.ts': { places: ['elevation', 'iam', 'ledger'], packages: [] },
  'ports-orphans.ts': { places: ['ports.ts'], packages: [] },
  'ports-queries.ts': { places: ['elevation', 'ledger', 'policy', 'ports.ts'], packages: [] },
  'ports-endings.ts': { places: ['elevation', 'iam', 'ledger', 'ports.ts'], packages: [] },
  'ports-system.ts': { places: ['elevation'], packages: [] },
  'ports-search.ts': { places: ['elevation', 'ports.ts'], packages: [] },
  'ports-posture.ts': { places: ['elevation', 'ledger', 'ports.ts', 'posture'], packages: [] },
  evidence: { places: ['elevation', 'ledger'], packages: [] },
  'ports-console.ts': { places: ['elevation'], packages: [] },
  broker: { places: ['elevation', 'policy', 'iam', 'posture', 'ledger', 'evidence', 'ports.ts', 'ports-endings.ts', 'ports-orphans.ts', 'ports-posture.ts', 'ports-queries.ts', 'ports-search.ts'], packages: [] },
  aws: { places: ['elevation', 'iam', 'posture', 'ports.ts', 'ports-endings.ts', 'ports-orphans.ts', 'ports-queries.ts'], packages: ['@aws-sdk', 'node:stream', 'node:timers/promises'] },
  store: { places: ['elevation', 'ledger', 'posture', 'ports.ts', 'ports-console.ts', 'ports-endings.ts', 'ports-posture.ts', 'ports-queries.ts', 'ports-search.ts'], packages: ['@photostructure/sqlite', 'pg', 'typebox', 'node:'] },
  sinks: { places: ['ledger'], packages: ['pino', 'node:'] },
  http: {
    places: ['elevation', 'broker', 'ports.ts', 'ports-queries.ts', 'ports-search.ts'],
    packages: ['fastify', '@fastify', 'jose', 'prom-client', 'typebox', 'pino', 'node:']
  },
  slack: {
    places: ['elevation', 'policy', 'broker', 'ports.ts', 'ports-posture.ts'],
    packages: ['@slack/bolt', '@slack/web-api', '@slack/types', 'fastify', 'pino', 'typebox', 'node:']
  },
  console: {
    places: ['elevation', 'broker', 'policy', 'posture', 'ledger', 'evidence', 'ports.ts', 'ports-console.ts', 'ports-posture.ts', 'ports-queries.ts', 'ports-search.ts', 'ports-system.ts'],
    packages: ['@fastify/cookie', '@fastify/formbody', 'fastify', 'openid-client', 'pino', 'preact', 'preact-render-to-string', 'typebox', 'node:']
  },
  cli: {
    places: ['elevation', 'policy', 'iam', 'aws', 'bootstrap', 'posture', 'reconcile', 'ledger', 'evidence', 'sql', 'broker', 'sandbox', 'slack', 'start', 'policy-folder.ts', 'config.ts', 'config-secrets.ts', 'main.ts', 'system.ts'],
    packages: ['commander', 'openid-client', 'pino', '@aws-sdk', 'node:']
  },
  sandbox: {
    places: ['elevation', 'iam'],
    packages: ['@smithy/signature-v4', '@duckdb/node-api', 'jose', 'typebox', 'node:']
  },
  'policy-folder.ts': { places: ['policy'], packages: ['node:'] },
  'policy-watch.ts': { places: ['elevation', 'policy', 'policy-folder.ts'], packages: [] },
  'settings.ts': { places: [], packages: ['typebox'] },
  'config.ts': { places: ['settings.ts', 'config-console.ts'], packages: ['typebox'] },
  'config-console.ts': { places: ['settings.ts'], packages: [] },
  'config-secrets.ts': { places: ['settings.ts'], packages: ['node:fs'] },
  'system.ts': { places: ['elevation', 'ports.ts'], packages: ['node:crypto'] },
  'worker.ts': { places: ['broker', 'ports.ts'], packages: [] },
  start: {
    places: ['elevation', 'policy', 'posture', 'ledger', 'sql', 'ports.ts', 'ports-endings.ts', 'ports-orphans.ts', 'ports-posture.ts', 'ports-queries.ts', 'ports-search.ts', 'ports-system.ts', 'broker', 'store', 'sinks', 'http', 'policy-folder.ts', 'policy-watch.ts', 'config.ts'],
    packages: ['pino', 'node:']
  },
  'edges.ts': {
    places: ['broker', 'store', 'slack', 'console', 'config.ts'],
    packages: ['fastify', 'pino']
  },
  'main.ts': {
    places: ['elevation', 'policy', 'iam', 'ledger', 'ports.ts', 'ports-queries.ts', 'broker', 'aws', 'store', 'http', 'edges.ts', 'start', 'policy-watch.ts', 'config.ts', 'system.ts', 'worker.ts'],
    packages: ['pino', 'jose', 'node:']
  }
}

const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((name) => /\.tsx?$/.test(name))

const importsOf = (text: string): readonly string[] =>
  [...text.matchAll(/(?:^|\n)\s*(?:import|export)\b[^'"`;]*?from\s*'([^']+)'|\bimport\(\s*'([^']+)'\s*\)|(?:^|\n)import\s*'([^']+)'/g)].flatMap(
    (match) => match[1] ?? match[2] ?? match[3] ?? []
  )

const isAllowedPlace = (from: string, specifier: string, places: readonly string[]): boolean => {
  const target = relative(src, resolve(src, dirname(from), specifier))
  const [place = ''] = target.split('/')
  return place === from.split('/')[0] || places.includes(place)
}

t.test('every import is one the house allows', async (t) => {
  t.ok(files.length > 50, `saw ${files.length} files`)
  let count = 0
  for (const name of files) {
    const place = name.split('/')[0] ?? ''
    const allowed = house[place]
    t.ok(allowed, `${place} has a line in the house`)
    for (const specifier of importsOf(readFileSync(join(src, name), 'utf8'))) {
      count++
      const isFine = specifier.startsWith('.')
        ? isAllowedPlace(name, specifier, allowed?.places ?? [])
        : (allowed?.packages ?? []).some((one) =>
            one === 'node:' ? specifier.startsWith('node:') : specifier === one || specifier.startsWith(`${one}/`)
          )
      if (!isFine) t.fail(`${name} imports ${specifier}`)
    }
  }
  t.ok(count > 200, `saw ${count} imports`)
})

t.test('no file is longer than 350 lines, and half have at most 130', async (t) => {
  const lengths = files
    .map((name) => [name, readFileSync(join(src, name), 'utf8').split('\n').length - 1] as const)
    .toSorted((a, b) => a[1] - b[1])
  t.same(lengths.filter(([, lines]) => lines > 350), [])
  t.ok((lengths[Math.floor(lengths.length / 2)]?.[1] ?? 0) <= 130)
})

t.test('the core takes neither clock nor chance nor environment', async (t) => {
  const core = /^(elevation|policy|iam|ledger|broker|http)\//
  for (const name of files.filter((file) => core.test(file))) {
    const text = readFileSync(join(src, name), 'utf8')
    t.notMatch(text, /Date\.now\(|new Date\(\)|randomUUID\(|randomBytes\(|Math\.random|setTimeout\(|process\.env/, name)
  }
})

t.test('a broker that nobody asks has loaded no client for scans and queries, and no rules', async (t) => {
  const loaded = new Set<string>()
  const load = (name: string): void => {
    if (loaded.has(name)) return
    loaded.add(name)
    if (!name.endsWith('.ts') && !name.endsWith('.tsx')) return
    const text = readFileSync(join(src, name), 'utf8')
    for (const [, specifier = ''] of text.matchAll(/(?:^|\n)(?:import|export)\s(?!type\b)[^'"`;]*?from\s*'([^']+)'/g)) {
      load(specifier.startsWith('.') ? relative(src, resolve(src, dirname(name), specifier)) : specifier)
    }
  }
  load('main.ts')
  t.ok(loaded.has('start/posture.ts') && loaded.has('@aws-sdk/client-kms'), `saw ${loaded.size}`)
  const later = ['aws/posture.ts', 'posture/judge.ts', 'posture/side-doors.ts', 'broker/posture-watch.ts', '@aws-sdk/client-s3', '@aws-sdk/client-athena', '@aws-sdk/client-glue']
  t.same(later.filter((name) => loaded.has(name)), [])
})

t.test('a test asks place.ts where it lies, since it runs from two folders', async (t) => {
  const names = readdirSync(join(root, 'test')).filter((name) => /\.tsx?$/.test(name) && name !== 'place.ts')
  const knowing = names.filter((name) => readFileSync(join(root, 'test', name), 'utf8').match(/import\.meta/) !== null)
  t.strictSame(knowing, [])
})
