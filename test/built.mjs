/** Before a test process and each of its threads: their TypeScript is loaded by built-hooks.mjs. */
import { register } from 'node:module'

register('./built-hooks.mjs', import.meta.url)
