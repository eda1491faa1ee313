/**
 * The files pages are made of: one style sheet, one picture, and our modules for browsers as tsc
 * wrote them. Only what is listed here is served, by its exact name.
 */
import type { FastifyInstance } from 'fastify'
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { forAnybody } from './pages.ts'
import { auditStyles } from './styles-audit.ts'
import { printStyles } from './styles-print.ts'
import { pieceStyles } from './styles-pieces.ts'
import { styles } from './styles.ts'

/** Modules below the folder of what was compiled, by the name they are served under. */
const modules: Readonly<Record<string, string>> = {
  'app.js': 'console/browser/app.js',
  'drafts.js': 'console/browser/drafts.js',
  'forms.js': 'console/browser/forms.js',
  'words.js': 'console/browser/words.js'
}

/** Adds a route for each file. */
export const assetRoutes = (app: FastifyInstance): void => {
  serve(app, 'console.css', {
    type: 'text/css; charset=utf-8',
    read: () => Promise.resolve(styleSheet)
  })
  serve(app, 'icon.svg', { type: 'image/svg+xml', read: () => Promise.resolve(icon) })
  for (const [name, path] of Object.entries(modules)) {
    const read = (): Promise<string> => readFile(new URL(path, compiled), 'utf8')
    serve(app, name, { type: 'text/javascript; charset=utf-8', read })
  }
}

const styleSheet = `${styles}\n${pieceStyles}\n${auditStyles}\n${printStyles}`

/** Run from its source, the server takes what the last build wrote. */
const compiled = new URL(import.meta.url.endsWith('.ts') ? '../../dist/' : '../', import.meta.url)

type Asset = { readonly type: string; readonly read: () => Promise<string> }

const serve = (app: FastifyInstance, name: string, { type, read }: Asset): void => {
  app.get(`/assets/${name}`, forAnybody, async (request, reply) => {
    const text = await read()
    const tag = `"${createHash('sha256').update(text).digest('base64url').slice(0, 22)}"`
    reply.header('cache-control', 'no-cache').header('etag', tag)
    if (request.headers['if-none-match'] === tag) return reply.code(304).send()
    return reply.type(type).send(text)
  })
}

const icon = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24"><rect width="24" height="24" rx="5" fill="#1f4fd8"/><path d="M5 20v-8a7 7 0 0 1 14 0v8h-2.5v-8a4.5 4.5 0 0 0-9 0v8z" fill="#fff"/><path d="M9.5 20v-8a2.5 2.5 0 0 1 2-2.45V20z" fill="#fff"/></svg>`
