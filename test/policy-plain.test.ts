/** Policies in the plain form of YAML are read without its parser, and exactly as it reads them. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { parseAllDocuments } from 'yaml'
import { strict } from '../src/policy/document.ts'
import { readPlain } from '../src/policy/plain-yaml.ts'
import { shippedPolicies as shipped } from './place.ts'
import { full } from './policy-documents.ts'
import { generatePolicyFiles } from './policy-generator.ts'

/** What the parser of all YAML reads; a text where it refuses. */
const readAll = (text: string): { readonly value: unknown } | string => {
  const documents = parseAllDocuments(text, strict)
  const [one] = documents
  if (!Array.isArray(documents) || documents.length !== 1 || !one) return 'not one document'
  const [fault] = [...one.errors, ...one.warnings]
  return fault === undefined ? { value: one.toJS() } : fault.message
}

const shippedTexts = readdirSync(shipped, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.yaml'))
  .map((name) => readFileSync(join(shipped, name), 'utf8'))
const size = { targets: 2, rules: 4, people: 8, groups: 2 }
const generated = generatePolicyFiles(size).map(({ text }) => text)
const compact = `---
a:
- b: 1 # c
  c: [x, { y: "z" }]
- d
-   e: 'f'
    g:
    - h
k: true
`
const texts = [...shippedTexts, ...generated, ...Object.values<string>(full), compact]

t.test('what policies are written in is read, as the parser of all YAML reads it', async (t) => {
  for (const text of texts) {
    const read = readPlain(text)
    if (read !== null) t.same(read, readAll(text), text.slice(0, 60))
  }
  t.ok(generated.every((text) => readPlain(text) !== null), 'all that is generated')
  t.ok(shippedTexts.filter((text) => readPlain(text) !== null).length >= 5, 'most of the example')
  t.same(readPlain(compact), {
    value: { a: [{ b: 1, c: ['x', { y: 'z' }] }, 'd', { e: 'f', g: ['h'] }], k: true }
  })
  t.same(readPlain('# für alle\na: "für alle" # é\n')?.value, { a: 'für alle' })
  t.same(readPlain('# c\n---\n\na: 1\n')?.value, { a: 1 }, 'where the document begins')
  const own = readPlain('__proto__: { a: 1 }\n')?.value
  t.strictSame(Object.entries(Object(own)), [['__proto__', { a: 1 }]], 'a key as any other')
})

const wide = (keys: number): string =>
  Array.from({ length: keys }, (_, n) => `k${n}: 1\n`).join('')

const deep = (depth: number): string =>
  `${Array.from({ length: depth + 1 }, (_, n) => ' '.repeat(n)).join('a:\n')}a: 1\n`

t.test('of anything else nothing is said, so it is refused or read elsewhere', async (t) => {
  const others = [
    '', '# nothing\n', 'a\n', '- a\n', 'a:\n', 'a: \n', 'a: # c\n', ' a: 1\n', '{ a: 1 }\n',
    'a: &b c\n', 'a: *b\n', 'a: !t c\n', 'a: !!str c\n', '<<: { a: 1 }\n', '? a\n: b\n',
    '---\n', '--- a: 1\n', '---\n---\na: 1\n', '---\n# c\n', 'a: 1\n---\nb: 2\n',
    'a: 1\n...\n', '%YAML 1.2\n---\na: 1\n',
    'a: 1\na: 2\n', 'a: { b: 1, b: 2 }\n', 'a: 1\n"a": 2\n', '"a": 1\n', '1: a\n', 'null: a\n',
    'a: |\n  b\n', 'a: >\n  b\n', 'a: b c\n', 'a: b\n  c\n', 'a: "b\n  c"\n', 'a: [b,\n  c]\n',
    'a: "\\n"\n', "a: 'it''s'\n", 'a: b: c\n', 'a: b:\n', 'a: [b: c]\n', 'a: [b, ]\n', 'a: [,]\n',
    'a: {b}\n', 'a: { b: }\n', 'a: {b:c}\n', 'a: [b\n', 'a: b]\n', 'a: [b]]\n', 'a: "b"c\n',
    'a: "b" #c\n#\nb: "c"#d\n', 'a: - b\n', '- a: 1\n', 'a:\n  - - b\n', 'a:\n  -\n    b: 1\n',
    'a:\n  b: 1\n c: 2\n', 'a:\n    b: 1\n  c: 2\n', 'a: 1\n  b: 2\n', 'a:\n  - b\n c: 1\n',
    'a:\n  - b\n  c: 1\n', 'a:\n- b\n  - c\n', 'a:\tb\n', 'a: b\t\n', '\ta: b\n', 'a: b\r\n',
    'a: \u2028b\n', 'a: b\u0000\n', '\uFEFFa: b\n', 'a: ü\n', 'a:\u00A0b\n',
    'a: null\n', 'a: Null\n', 'a: ~\n', 'a: True\n', 'a: FALSE\n', 'a: 01\n', 'a: 0x1F\n',
    'a: 0o17\n', 'a: 1.5\n', 'a: 1e3\n', 'a: -1\n', 'a: +1\n', 'a: .inf\n', 'a: 1_000\n',
    'a: 12345678901234567\n', 'a: 2026-11-18\n', 'a: @b\n', 'a: `b\n', 'a: %b\n'
  ]
  for (const text of others) t.equal(readPlain(text), null, encodeURI(text))
  t.type(readPlain(wide(2000))?.value, 'object')
  t.equal(readPlain(wide(2001)), null, 'too wide')
  const inline = wide(2001).trim().replaceAll('\n', ', ')
  t.equal(readPlain(`a: { ${inline} }`), null, 'too wide in a line')
  t.type(readPlain(deep(10))?.value, 'object')
  t.equal(readPlain(deep(5000)), null, 'too deep')
  t.equal(readPlain(`a: ${'['.repeat(500_000)}`), null, 'too deep in a line')
  t.equal(readPlain(`a: ${'{a: '.repeat(200_000)}`), null)
  t.equal(readPlain(`a: ${'a:'.repeat(500_000)}`), null)
})

const pieces = [
  ' ', '  ', '\n', '\n  ', '- ', '-', ':', ': ', '#', ' #', ',', '[', ']', '{', '}', '"', '\'', 'a',
  '0', '1', '.', 'true', 'null', '~', '|', '>', '&a', '*a', '!', '? ', '%', '---', '...', '<<', '=',
  '1e3', '0x1', '\n\n', '# c\n', '\\', '/', '_', 'key: ', 'key:\n', '- k: v\n', '\'\'', '":', 'ä',
  '\u2028', '\uFEFF', '\u00A0', '\t', '\r'
]

type Edit = { readonly at: number; readonly cut: number; readonly piece: string }

const apply = (text: string, { at, cut, piece }: Edit): string => {
  const place = at % (text.length + 1)
  return `${text.slice(0, place)}${piece}${text.slice(place + cut)}`
}

t.test('no edit of any policy is read otherwise than the parser of all YAML does', async (t) => {
  const edit = fc.record({
    at: fc.nat(),
    cut: fc.constantFrom(0, 0, 1, 3),
    piece: fc.constantFrom('', ...pieces)
  })
  let read = 0
  const isSame = (text: string): boolean => {
    const plain = readPlain(text)
    if (plain === null) return true
    read += 1
    const all = readAll(text)
    return typeof all !== 'string' && JSON.stringify(plain) === JSON.stringify(all)
  }
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...texts),
      fc.nat(),
      fc.array(edit, { maxLength: 3 }),
      async (whole, from, edits) => {
        const lines = whole.split('\n')
        const start = from % lines.length
        return isSame(edits.reduce(apply, lines.slice(start, start + 15).join('\n')))
      }
    ),
    { numRuns: 3000 }
  )
  const indent = fc.constantFrom('', ' ', '  ', '    ')
  const dash = fc.constantFrom('', '', '- ', '-  ', '- - ')
  const key = fc.constantFrom('a: ', 'b: ', 'c:', 'd:  ', 'a:', '')
  const value = fc.constantFrom(
    '1', 'x', '[a, b]', '{a: 1}', '{ a: [x] }', '"q"', '\'s\'', '', 'true', 'a:b', '[]', '{}',
    '[{a: b}, c]', '1.5', 'x # c', 'null', '[a,b]', 'x y', '1:2', 'a:', '12h', '01', '# c'
  )
  const line = fc.tuple(indent, dash, key, value).map((parts) => parts.join(''))
  await fc.assert(
    fc.asyncProperty(fc.array(line, { minLength: 1, maxLength: 4 }), async (all) => {
      return isSame(`${all.join('\n')}\n`)
    }),
    { numRuns: 3000 }
  )
  t.ok(read > 200, `${read} of them are in the plain form`)
})
