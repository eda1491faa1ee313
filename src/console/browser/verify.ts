/**
 * The ledger, verified where it is read: every file is fetched from the broker, every entry hashed
 * and read strictly, the root compared with the signed one. The same code as the command line's.
 */
import { textOf } from '../../ledger/bytes.ts'
import type { Fault } from '../../ledger/fault.ts'
import { type VerifierKey, parseVerifierKey } from '../../ledger/note.ts'
import { type Verified, verifyExport } from '../../ledger/verify.ts'
import { webPrimitives } from '../../ledger/web-primitives.ts'
import { readAhead } from './ahead.ts'
import type { Element, Page, Happened } from './dom.ts'

declare const document: Page
declare const crypto: { readonly subtle: Parameters<typeof webPrimitives>[0] }
declare const performance: { readonly now: () => number }
declare const fetch: (
  path: string,
  options: { readonly signal: AbortSignal }
) => Promise<{
  readonly ok: boolean
  readonly status: number
  readonly headers: { readonly get: (name: string) => string | null }
  readonly arrayBuffer: () => Promise<ArrayBuffer>
}>
declare const setTimeout: (run: () => void, milliseconds: number) => void

const by = webPrimitives(crypto.subtle)
const result = document.querySelector('#result')
const progress = document.querySelector('#progress')
const form = document.querySelector('#verify')
const input = document.querySelector('#key')
const button = document.querySelector('#verify button')
const stop = document.querySelector('#stop')

const say = (tone: 'good' | 'bad' | 'warn' | 'plain', ...lines: readonly string[]): void => {
  const note = document.createElement('div')
  note.className = tone === 'plain' ? 'quiet' : `note ${tone}`
  note.append(
    ...lines.map((line): Element => {
      const made = document.createElement('p')
      made.textContent = line
      return made
    })
  )
  result?.replaceChildren(note)
}

const mostTries = 100

/** The bytes; waits where the broker says that it was too much at once. */
const getter =
  (signal: AbortSignal) =>
  async (path: string): Promise<Uint8Array | 'missing'> => {
    for (let tries = 1; ; tries++) {
      const answer = await fetch(`/console/ledger/files/${path}`, { signal })
      if (answer.ok) return new Uint8Array(await answer.arrayBuffer())
      if (answer.status === 404) return 'missing'
      if ((answer.status !== 429 && answer.status !== 503) || tries >= mostTries) {
        throw new Error(`The broker answered ${answer.status}.`)
      }
      const seconds = Number(answer.headers.get('retry-after') ?? '5')
      await new Promise<void>((resolve) =>
        setTimeout(resolve, 1000 * Math.min(60, Math.max(1, seconds)))
      )
      signal.throwIfAborted()
    }
  }

type Get = ReturnType<typeof getter>

const keyOf = async (typed: string, get: Get): Promise<VerifierKey | null> => {
  if (typed !== '') return parseVerifierKey(typed, by)
  const bytes = await get('key')
  return bytes === 'missing' ? null : parseVerifierKey((textOf(bytes) ?? '').trim(), by)
}

let done = 0n

/** Shows how far it is, and about how long the rest takes at the pace so far. */
const showing = (since: number) => (now: bigint, size: bigint): void => {
  done = now
  progress?.removeAttribute('hidden')
  progress?.setAttribute('max', String(size))
  progress?.setAttribute('value', String(now))
  const seconds = ((performance.now() - since) / 1000) * (Number(size) / Number(now) - 1)
  const left = seconds < 5 ? '' : `, about ${Math.round(seconds)} s left`
  say('plain', `${now} of ${size} entries${left}`)
}

const placeOf = ({ entries, path }: Fault): string => {
  if (entries === null) return path ?? 'The ledger'
  const { first, last } = entries
  return first === last ? `Entry ${first}` : `Entries ${first} to ${last}`
}

const tell = (verified: Verified, isPinned: boolean): void => {
  if (!verified.ok) {
    const { code, detail } = verified.fault
    say('bad', `The ledger does not verify. ${placeOf(verified.fault)}: ${detail} (${code})`)
    return
  }
  const { head, keyChanges } = verified
  const changes =
    keyChanges === 0 ? '' : ` The key changed ${keyChanges} times, each signed by both.`
  say(
    isPinned ? 'good' : 'warn',
    `All ${head.size} entries hash to the root that ${isPinned ? 'the key that you gave' : 'the key of the broker'} signed.${changes}`,
    isPinned
      ? 'Compare with a checkpoint kept elsewhere to see that nothing was cut off: the command beside does.'
      : 'The key came from the broker: this shows that the ledger agrees with itself. Give the key as you know it.'
  )
}

const run = async (signal: AbortSignal): Promise<void> => {
  const typed = input !== null && 'value' in input ? String(input.value).trim() : ''
  say('plain', 'Fetching the checkpoint…')
  const get = getter(signal)
  const key = await keyOf(typed, get)
  if (key === null) {
    say('bad', 'It is no verifier key: NAME+ID+BASE64, on one line.')
    return
  }
  const reader = readAhead(get)
  const told = showing(performance.now())
  const asked = { reader, keys: [key], strict: true, progress: told }
  tell(await verifyExport(asked, by), typed !== '')
}

const isRunning = (is: boolean): void => {
  if (is) button?.setAttribute('disabled', '')
  else button?.removeAttribute('disabled')
  if (is) stop?.removeAttribute('hidden')
  else stop?.setAttribute('hidden', '')
  if (!is) progress?.setAttribute('hidden', '')
}

let stopping = new AbortController()

const start = (event: Happened): void => {
  event.preventDefault()
  stopping = new AbortController()
  const { signal } = stopping
  done = 0n
  isRunning(true)
  run(signal)
    .catch((cause: unknown) => {
      if (signal.aborted) {
        say('warn', `Stopped after ${done} entries. That shows nothing of the rest.`)
        return
      }
      say('bad', `It could not be done. ${cause instanceof Error ? cause.message : ''}`)
    })
    .finally(() => isRunning(false))
}

form?.addEventListener('submit', start)
stop?.addEventListener('click', () => stopping.abort())
