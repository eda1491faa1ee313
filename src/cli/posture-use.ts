/** The use of keys that `posture report` is given beside a snapshot. */
import { readFile, stat } from 'node:fs/promises'
import { type KeyUse, maxUseBytes, parseUse } from '../posture/use-file.ts'
import { type Terminal, plain } from './terminal.ts'

/** The rows of a file; `bad` after what is wrong with it was told on stderr, which is exit 2. */
export const useIn = async (to: Terminal, file: string): Promise<readonly KeyUse[] | 'bad'> => {
  const text = await textOf(file)
  if (text === null) {
    to.err(plain(`${file} cannot be read, or is larger than ${maxUseBytes} bytes`))
    return 'bad'
  }
  const read = parseUse(text)
  if (read.ok) return read.use
  to.err(plain(`${file}#${read.place}: ${read.message}`))
  return 'bad'
}

const textOf = async (file: string): Promise<string | null> => {
  try {
    const { size } = await stat(file)
    return size > maxUseBytes ? null : await readFile(file, 'utf8')
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause) return null
    throw cause
  }
}
