/** One broker as a process of its own: started, told where to stop itself, sent signals, waited for. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { Point } from '../../src/broker/points.ts'
import { objectOf, text } from '../../src/cli/api.ts'
import { note, root, scriptOf } from './run.ts'

export type Replica = {
  /**
   * Starts it, killed at `crashAt` where one is given; resolves when it serves. Where the machine is so
   * busy that its store does not answer in time it is started again, as whoever runs it does.
   */
  readonly start: (crashAt?: Point) => Promise<void>
  /** From here on the signal is sent to itself at that point, once. */
  readonly arm: (point: Point, how?: 'SIGKILL' | 'SIGSTOP') => Promise<void>
  readonly signal: (signal: NodeJS.Signals) => void
  readonly isRunning: () => boolean
  /** True when it ended within so many milliseconds. */
  readonly gone: (withinMs: number) => Promise<boolean>
  /** Resolves when it was stopped by SIGSTOP; false: not within so many milliseconds. */
  readonly stopped: (withinMs: number) => Promise<boolean>
  readonly pid: () => number
  /** process.memoryUsage() of its main thread, in bytes. */
  readonly memory: () => Promise<Readonly<Record<string, unknown>>>
  readonly url: () => string
  readonly opsUrl: () => string
}

const mostTries = 4
/** Bundled as the product is, where it was after it was compiled: it starts in half the time. */
const brokerScript = (): string => {
  const compiled = scriptOf('broker')
  const bundled = join(root, '.build/run/broker.js')
  const madeAt = (path: string): number => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0
  return madeAt(bundled) > madeAt(compiled) ? bundled : compiled
}
/** docker/Dockerfile */
const asInImage = {
  flags: ['--max-old-space-size=512', '--max-semi-space-size=16'],
  env: { MALLOC_ARENA_MAX: '2' }
} as const
/** where brokers keep what was compiled, so that the next starts sooner */
const compileCache = { NODE_COMPILE_CACHE: join(root, '.build/compile-cache') }

/** Not started yet. `env` is asked at each start. */
export const makeReplica = (env: () => Readonly<Record<string, string>>): Replica => {
  let child: ChildProcess | null = null
  let urls = { url: '', opsUrl: '' }
  // one that was stopped hears of nothing else
  process.once('exit', () => void child?.kill('SIGKILL'))

  const running = (): ChildProcess => {
    if (child === null) throw new Error('no broker runs')
    return child
  }
  return {
    start: async (crashAt) => {
      const armed = crashAt === undefined ? {} : { SALLYPORT_CRASH_AT: crashAt }
      for (let tries = 1; ; tries++) {
        const flags = [...process.execArgv, ...asInImage.flags, brokerScript()]
        const started = spawn(process.execPath, flags, {
          cwd: root,
          env: { ...process.env, ...asInImage.env, ...compileCache, ...env(), ...armed },
          stdio: ['ignore', 'inherit', 'inherit', 'ipc']
        })
        child = started
        const said = await heard(started, 'url').catch((cause: unknown) => {
          if (tries === mostTries) throw cause
          return null
        })
        if (said !== null) {
          urls = { url: text(said['url']), opsUrl: text(said['opsUrl']) }
          return
        }
        note('a broker did not start, and is started again')
        await wait(1000)
      }
    },
    arm: async (point, how = 'SIGKILL') => {
      const armed = heard(running(), 'armed')
      running().send({ point, how })
      await armed
    },
    signal: (signal) => void child?.kill(signal),
    isRunning: () => child !== null && isAlive(child),
    gone: async (withinMs) => {
      const dying = child
      if (dying === null) return true
      const timer = new AbortController()
      const isGone = await Promise.race([
        isAlive(dying) ? once(dying, 'exit').then(() => true) : true,
        wait(withinMs, false, { signal: timer.signal }).catch(() => false)
      ])
      timer.abort()
      if (isGone) child = null
      return isGone
    },
    stopped: async (withinMs) => {
      const deadline = Date.now() + withinMs
      while (Date.now() < deadline) {
        // the state is the third field, after a name that may hold anything (proc(5))
        const stat = readFileSync(`/proc/${running().pid ?? 0}/stat`, 'utf8')
        if (stat.slice(stat.lastIndexOf(')') + 2).startsWith('T')) return true
        await wait(10)
      }
      return false
    },
    pid: () => running().pid ?? 0,
    memory: async () => {
      const said = heard(running(), 'memory')
      running().send({ memory: true })
      return objectOf((await said)['memory'])
    },
    url: () => urls.url,
    opsUrl: () => urls.opsUrl
  }
}

const isAlive = (one: ChildProcess): boolean => one.exitCode === null && one.signalCode === null

const heard = async (from: ChildProcess, name: string) => {
  for (;;) {
    const answer = await Promise.race([
      once(from, 'message').then(([message]: readonly unknown[]) => objectOf(message)),
      once(from, 'exit').then(() => null)
    ])
    if (answer === null) throw new Error('the broker ended before it had answered')
    if (name in answer) return answer
  }
}
