/** `policy schema`: the JSON Schemas of the policy documents as files, for editors and review. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { policySchemas } from '../policy/json-schema.ts'
import { type ExitCode, exits } from './exit.ts'
import type { Terminal } from './terminal.ts'

/** Exit 0 when all are written, 2 where the directory cannot be written to. */
export const policySchema = async (to: Terminal, dir: string): Promise<ExitCode> => {
  const written: string[] = []
  try {
    await mkdir(dir, { recursive: true })
    for (const [name, schema] of policySchemas()) {
      await writeFile(join(dir, name), `${JSON.stringify(schema, null, 2)}\n`)
      written.push(name)
    }
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : null
    if (code === null) throw cause
    to.err(`cannot write to ${dir} (${code})`)
    return exits.usage
  }
  if (to.json) to.out(JSON.stringify({ written }))
  else for (const name of written) to.out(join(dir, name))
  return exits.done
}
