/** Our own modules as they were compiled, for those who hand them to a browser. */
import { readFileSync } from 'node:fs'

/** Run from its source, the program takes what the last build wrote. */
const compiled = new URL(import.meta.url.endsWith('.ts') ? '../../dist/' : '../', import.meta.url)

/** By the path from the root, such as `ledger/proof.js`. */
export const readCompiled = (path: string): string => readFileSync(new URL(path, compiled), 'utf8')
