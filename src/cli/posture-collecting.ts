/**
 * `posture collect`: asks AWS what workgroups, keys, buckets, tables and principals are like, with
 * the caller's own credentials and only by reading, and writes it as one dated snapshot. What could
 * not be read is told and is in the snapshot too.
 */
import { lstatSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { collectFacts } from '../aws/posture.ts'
import type { Timing } from '../aws/posture-budget.ts'
import type { Facts, Gap } from '../posture/facts.ts'
import { type ExitCode, exits } from './exit.ts'
import { counted } from './policy-check.ts'
import { policyIn } from './policy-loaded.ts'
import { type Terminal, paint, plain } from './terminal.ts'

export type CollectOptions = {
  readonly policies: string
  readonly out?: string
  /** epoch milliseconds */
  readonly now: number
  readonly env: Readonly<Record<string, string | undefined>>
  /** absent = the machine's clock */
  readonly timing?: Timing
}

/**
 * Exit 0 with a whole snapshot, 1 with gaps (at most 20 are listed), 69 where AWS does not answer,
 * 78 where the policy is not valid or AWS does not accept the credentials, 130 when interrupted.
 */
export const postureCollect = async (to: Terminal, options: CollectOptions): Promise<ExitCode> => {
  const { out } = options
  if (out !== undefined && lstatSync(out, { throwIfNoEntry: false })?.isFile() === false) {
    to.err(`${plain(out)} is no plain file. Name another.`)
    return exits.usage
  }
  const policy = await policyIn(to, options.policies)
  if (policy === null) return exits.config
  const stop = new AbortController()
  const interrupt = (): void => stop.abort()
  process.once('SIGINT', interrupt)
  const line = progressLine(to)
  try {
    const endpoint = options.env['AWS_ENDPOINT_URL']
    const collected = await collectFacts(endpoint === undefined ? {} : { endpoint }, {
      targets: [...policy.targets.values()],
      at: options.now,
      signal: stop.signal,
      progress: line.show,
      ...(options.timing === undefined ? {} : { timing: options.timing })
    })
    line.clear()
    if (collected.ok) return written(to, collected.facts, out)
    return failed(to, collected)
  } finally {
    line.clear()
    process.removeListener('SIGINT', interrupt)
  }
}

const mostGaps = 20

const written = (to: Terminal, facts: Facts, out: string | undefined): ExitCode => {
  const text = `${JSON.stringify(facts, null, 2)}\n`
  if (out === undefined) to.out(text.trimEnd())
  else if (!writeWhole(out, text)) {
    to.err(`${plain(out)} cannot be written.`)
    return exits.usage
  }
  const { gaps } = facts
  if (to.json) {
    for (const gap of gaps.slice(0, mostGaps)) to.err(JSON.stringify(gap))
  } else {
    if (out !== undefined) to.err(summary(facts, out))
    for (const gap of gaps.slice(0, mostGaps)) to.err(`  - ${plain(gapText(gap))}`)
    if (gaps.length > mostGaps) to.err(`  and ${gaps.length - mostGaps} more`)
  }
  return gaps.length === 0 ? exits.done : exits.refused
}

/** There whole or not at all, and for its owner alone: it tells what to attack. */
const writeWhole = (out: string, text: string): boolean => {
  const part = `${out}.part`
  try {
    rmSync(part, { force: true })
    writeFileSync(part, text, { flag: 'wx', mode: 0o600, flush: true })
    renameSync(part, out)
    return true
  } catch {
    return false
  }
}

const summary = (facts: Facts, out: string): string => {
  const counts = [
    counted(facts.workgroups.length, 'workgroup'),
    counted(facts.keys.length, 'key'),
    counted(facts.buckets.length, 'bucket'),
    counted(facts.tables.length, 'table'),
    counted(facts.principals.length, 'principal'),
    counted(facts.gaps.length, 'gap')
  ]
  return `${plain(out)}: ${counts.join(', ')}`
}

const gapText = ({ call, resource, code, message }: Gap): string =>
  [call, ...(resource === null ? [] : [resource]), `${code}: ${message}`].join('  ')

type Failed =
  | { readonly code: 'unreachable' | 'nobody'; readonly name: string }
  | { readonly code: 'stopped' }

const failed = (to: Terminal, failure: Failed): ExitCode => {
  const tell = (code: string, text: string): void =>
    to.err(to.json ? JSON.stringify({ code, detail: text }) : `${paint(to, 'red', text)} (${code})`)
  switch (failure.code) {
    case 'stopped':
      tell('stopped', 'Stopped. Nothing was written.')
      return exits.interrupted
    case 'nobody':
      tell(plain(failure.name), 'AWS does not accept these credentials, or there are none.')
      return exits.config
    case 'unreachable':
      tell(plain(failure.name), 'AWS does not answer.')
      return exits.unavailable
  }
}

type Shown = { readonly service: string; readonly done: number; readonly total: number | null }

/** Drawn over itself on stderr, for a terminal only. */
const progressLine = (to: Terminal) => {
  const isShown = !to.json && process.stderr.isTTY
  const counts = new Map<string, string>()
  let isDrawn = false
  return {
    show: ({ service, done, total }: Shown): void => {
      if (!isShown) return
      counts.set(service, `${service} ${done}${total === null ? '' : `/${total}`}`)
      process.stderr.write(`\r\u001b[K${[...counts.values()].join('  ')}`)
      isDrawn = true
    },
    clear: (): void => {
      if (isDrawn) process.stderr.write('\r\u001b[K')
      isDrawn = false
    }
  }
}
