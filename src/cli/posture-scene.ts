/**
 * What `posture judge` and `posture report` read: snapshots, the policy, who the broker is, when.
 */
import { readFile, stat } from 'node:fs/promises'
import { type Instant, instant } from '../elevation/ids.ts'
import type { Facts } from '../posture/facts.ts'
import { maxFactsBytes, parseFacts } from '../posture/facts-file.ts'
import { type Scene, sceneOf } from '../posture/scene.ts'
import { type ExitCode, exits } from './exit.ts'
import { policyIn } from './policy-loaded.ts'
import { type Terminal, plain } from './terminal.ts'

export type SceneOptions = {
  readonly policies: string
  readonly brokerRole?: string
  readonly at?: string
  /** epoch milliseconds */
  readonly now: number
}

/** The scene, or the exit code after what is wrong was told on stderr. */
export const sceneFrom = async (to: Terminal, options: SceneOptions): Promise<Scene | ExitCode> => {
  const now = momentOf(options)
  if (now === null) {
    to.err('--at is UTC like 2026-11-21T10:15:00Z')
    return exits.usage
  }
  const broker = options.brokerRole ?? null
  if (broker !== null && !/^arn:[a-z-]+:iam::[0-9]{12}:role\/[A-Za-z0-9+=,.@_/-]+$/.test(broker)) {
    to.err('--broker-role is the ARN of an IAM role')
    return exits.usage
  }
  const policy = await policyIn(to, options.policies)
  return policy === null ? exits.config : sceneOf(policy, { broker, now })
}

/** The facts of a file; null after what is wrong with it was told on stderr, which is exit 2. */
export const factsIn = async (to: Terminal, file: string): Promise<Facts | null> => {
  const text = await textOf(file)
  if (text === null) {
    to.err(plain(`${file} cannot be read, or is larger than ${maxFactsBytes} bytes`))
    return null
  }
  const read = parseFacts(text)
  if (read.ok) return read.facts
  for (const { place, message } of read.issues) to.err(plain(`${file}#${place}: ${message}`))
  return null
}

const textOf = async (file: string): Promise<string | null> => {
  try {
    const { size } = await stat(file)
    return size > maxFactsBytes ? null : await readFile(file, 'utf8')
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause) return null
    throw cause
  }
}

const momentOf = ({ at, now }: SceneOptions): Instant | null => {
  if (at === undefined) return instant(now)
  const isForm = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{3})?Z$/.test(at)
  const moment = isForm ? new Date(at) : null
  return moment?.toJSON()?.startsWith(at.slice(0, 19)) ? instant(moment.getTime()) : null
}
