/**
 * Asks for a broker's health every so many milliseconds, in a thread of its own, so that nothing else
 * that this process does is in the figures; and beside it, as a control, a server in a process of its
 * own that does nothing but answer: what that takes is the machine's. `stop` gives the latencies.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'
import { Worker, isMainThread, parentPort, workerData } from 'node:worker_threads'
import { scriptOf } from './run.ts'

/** Milliseconds of each answer; an answer that is no 200 counts in `failed`. */
export type Health = {
  readonly livez: readonly number[]
  readonly readyz: readonly number[]
  readonly control: readonly number[]
  readonly failed: number
}

const everyMs = 50

/** A server that does nothing else, as a process beside the broker. */
export const startControl = async (): Promise<{ readonly url: string; readonly stop: () => void }> => {
  const answer = `const server = require('node:http').createServer((_, response) => response.end('{}'))
    server.listen(0, '127.0.0.1', () => process.send(server.address().port))
    process.once('disconnect', () => process.exit(0))`
  const child: ChildProcess = spawn(process.execPath, ['-e', answer], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  const [port]: readonly unknown[] = await once(child, 'message')
  return { url: `http://127.0.0.1:${Number(port)}`, stop: () => void child.kill('SIGKILL') }
}

/** Begins at once; what it gives ends it. */
export const watchHealth = (opsUrl: string, controlUrl: string): { readonly stop: () => Promise<Health> } => {
  const worker = new Worker(scriptOf('health'), { workerData: [opsUrl, controlUrl] })
  return {
    stop: () =>
      new Promise((resolve, reject) => {
        worker.once('message', (health: Health) => {
          worker.terminate().then(() => resolve(health), reject)
        })
        worker.once('error', reject)
        worker.postMessage('stop')
      })
  }
}

const watch = async ([opsUrl = '', controlUrl = '']: readonly string[]): Promise<void> => {
  const took: Record<'livez' | 'readyz' | 'control', number[]> = { livez: [], readyz: [], control: [] }
  let failed = 0
  const over = new AbortController()
  parentPort?.once('message', () => {
    over.abort()
  })
  const ask = async (path: keyof typeof took, url: string): Promise<void> => {
    while (!over.signal.aborted) {
      const began = performance.now()
      const isFine = await fetch(new URL(`/${path}`, url), { signal: AbortSignal.timeout(10_000) }).then(
        async (response) => {
          await response.arrayBuffer()
          return response.status === 200
        },
        () => false
      )
      took[path].push(performance.now() - began)
      if (!isFine) failed += 1
      await wait(everyMs)
    }
  }
  await Promise.all([ask('livez', opsUrl), ask('readyz', opsUrl), ask('control', controlUrl)])
  parentPort?.postMessage({ ...took, failed })
}

if (!isMainThread && parentPort !== null && Array.isArray(workerData)) await watch(workerData.map(String))
