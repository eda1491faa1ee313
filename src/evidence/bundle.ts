/**
 * Compiled modules as one script that needs no loader: each becomes a function of what it imports,
 * in the order in which they need each other. Only what TypeScript's compiler writes is understood;
 * refused: imports of anything but files beside, cycles, and export forms that do not occur here.
 */

/** Reads a compiled module by its path from the root, such as `evidence/check.js`. */
export type ReadModule = (path: string) => string

/** The script of the module at `entry` and all that it imports. */
export const bundle = (entry: string, read: ReadModule): string => {
  const order: string[] = []
  const under = new Set<string>()
  const parts: string[] = []
  const add = (path: string): void => {
    if (order.includes(path)) return
    if (under.has(path)) throw new Error(`${path} imports itself by way of others`)
    under.add(path)
    const source = withoutMap(read(path))
    for (const [, , from] of source.matchAll(imported)) add(pathOf(path, from ?? ''))
    for (const [, , from] of source.matchAll(passedOn)) add(pathOf(path, from ?? ''))
    parts.push(moduleOf(path, source, (other) => order.indexOf(other), order.length))
    order.push(path)
  }
  add(entry)
  return `'use strict';\n(() => {\n${parts.join('\n')}\n})()\n`
}

const imported = /^import \{([^}]*)\} from '([^']+)';?$/gm
const passedOn = /^export \{([^}]*)\} from '([^']+)';?$/gm
const declared = /^export (const|async function|function|class) ([A-Za-z0-9_$]+)/gm

const withoutMap = (source: string): string =>
  source.replaceAll(/^\/\/# sourceMappingURL=.*$/gm, '')

const pathOf = (from: string, specifier: string): string => {
  if (!specifier.startsWith('.')) throw new Error(`${from} imports ${specifier}, which is no file`)
  const path = from.split('/').slice(0, -1)
  for (const part of specifier.replace(/\.tsx?$/, '.js').split('/')) {
    if (part === '..') path.pop()
    else if (part !== '.') path.push(part)
  }
  return path.join('/')
}

type Numbered = (path: string) => number

const moduleOf = (path: string, source: string, numberOf: Numbered, number: number): string => {
  const names = [...source.matchAll(declared)].map(([, , name]) => name ?? '')
  const again: string[] = []
  const body = source
    .replaceAll(
      imported,
      (_, list: string, from: string) =>
        `const {${list.replaceAll(' as ', ': ')}} = m${numberOf(pathOf(path, from))}`
    )
    .replaceAll(passedOn, (_, list: string, from: string) => {
      for (const name of list.split(',').map((one) => one.trim())) {
        again.push(`${name}: m${numberOf(pathOf(path, from))}.${name}`)
      }
      return ''
    })
    .replaceAll(declared, (whole) => whole.slice('export '.length))
    .replaceAll(/^export \{\};?$/gm, '')
  if (/^(import|export)\b/m.test(body))
    throw new Error(`${path} has an import or export of another form`)
  return `// ${path}\nconst m${number} = (() => {\n${body}\nreturn {${[...names, ...again].join(', ')}}\n})()`
}
