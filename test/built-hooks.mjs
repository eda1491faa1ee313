/**
 * Loads what `npm run check` compiled in place of each TypeScript file, so that no test process
 * starts a compiler; a file that changed since then is transpiled here, without its types.
 */
import { readFileSync, statSync } from 'node:fs'
import { join, relative, resolve as absolute } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const root = absolute(import.meta.dirname, '..')

/** What is compiled names `./x.js`, as it is called once it is built. */
export const resolve = (specifier, context, next) => {
  const { parentURL } = context
  if (specifier.startsWith('.') && specifier.endsWith('.js') && isTypeScript(parentURL)) {
    for (const ending of ['.ts', '.tsx']) {
      const source = new URL(`${specifier.slice(0, -3)}${ending}`, parentURL)
      if (changedAt(fileURLToPath(source)) > 0) return { url: source.href, format: 'module', shortCircuit: true }
    }
  }
  return next(specifier, context)
}

export const load = async (url, context, next) => {
  if (!url.startsWith('file:') || !isTypeScript(url)) return next(url, context)
  const path = fileURLToPath(url)
  return { format: 'module', source: builtOf(path) ?? (await transpiled(path)), shortCircuit: true }
}

const isTypeScript = (url) => /\.tsx?$/.test(url ?? '')

const builtOf = (path) => {
  const built = join(root, '.build', `${relative(root, path).replace(/\.tsx?$/, '')}.js`)
  if (changedAt(built) < changedAt(path)) return null
  const map = { ...JSON.parse(readFileSync(`${built}.map`, 'utf8')), sources: [pathToFileURL(path).href] }
  const inline = Buffer.from(JSON.stringify(map)).toString('base64')
  return `${readFileSync(built, 'utf8')}\n//# sourceMappingURL=data:application/json;base64,${inline}`
}

const transpiled = async (path) => {
  const { default: typescript } = await import('typescript')
  const { JsxEmit, ModuleKind, ScriptTarget, transpileModule } = typescript
  const compilerOptions = {
    target: ScriptTarget.ES2023,
    module: ModuleKind.ESNext,
    verbatimModuleSyntax: true,
    jsx: JsxEmit.ReactJSX,
    jsxImportSource: 'preact',
    inlineSourceMap: true
  }
  return transpileModule(readFileSync(path, 'utf8'), { fileName: path, compilerOptions }).outputText
}

const changedAt = (path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0
