/**
 * Where things lie for a test, whether it runs as it is written or as it was compiled, which is one
 * folder deeper (.build/test).
 */
import { extname, join } from 'node:path'

const isCompiled = extname(import.meta.filename) === '.js'

/** The project's folder. */
export const root = join(import.meta.dirname, isCompiled ? '../..' : '..')

/** The example policies, as they are shipped. */
export const shippedPolicies = join(root, 'policies')

/** The command line as it is built. */
export const builtCli = join(root, 'dist/cli/main.js')

/** A script of this folder, as the path that a process is started with. */
export const scriptOf = (name: string): string =>
  join(import.meta.dirname, `${name}${extname(import.meta.filename)}`)
