/**
 * Power cuts on SQLite, without root: `strace` writes down every write and sync of a process that
 * appends to a ledger, cuts are made at random events, and what an unsynced disk may have lost is
 * lost by chance (trace.ts). Each folder is opened by the store as at any start. One JSON line in the
 * end; exit 1 where anything acknowledged is lost. Needs `strace`. Argument: a seed.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openStore } from '../../src/store/open.ts'
import { entryOf, keyA, publicOf, uuid } from '../ledger-scene.ts'
import { note, say, scriptOf } from './run.ts'
import { type Acknowledged, type Soundness, soundness } from './soundness.ts'
import { type Cut, type FileEvent, type Survival, eventsOf, filesAfter } from './trace.ts'

const runs = 3
const cutsOfRun = 8
const entries = 700
const names = ['sallyport.db', 'sallyport.db-wal']
const survivals: readonly Survival[] = ['nothing', 'whole writes', 'sectors', 'everything']
const seed = Number(process.argv[2] ?? Math.floor(Math.random() * 2 ** 32))

/** Mulberry32: the same cuts for the same seed and trace. */
const chanceOf = (start: number) => {
  let state = start
  return (): number => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
const chance = chanceOf(seed)
const folder = mkdtempSync(join(tmpdir(), 'sallyport-power-cut-'))

/** Everything a writer did to its files and to the file in which it acknowledged. */
const traced = (run: number): readonly FileEvent[] => {
  const data = join(folder, `run-${run}`, 'data')
  const trace = join(folder, `run-${run}`, 'trace')
  const told = join(folder, `run-${run}`, 'acknowledged')
  mkdirSync(join(folder, `run-${run}`))
  const calls = 'trace=write,writev,pwrite64,pwritev,fsync,fdatasync,ftruncate,fallocate,unlink,rename'
  const paths = [told, data, ...names.map((name) => join(data, name))].flatMap((path) => ['-P', path])
  const node = [process.execPath, ...process.execArgv, scriptOf('writer'), data, told, String(entries)]
  const strace = ['-f', '-y', '-xx', '-s', '1000000', '-e', calls, ...paths, '-o', trace]
  const ran = spawnSync('strace', [...strace, ...node], { stdio: ['ignore', 'ignore', 'inherit'] })
  if (ran.error) throw new Error('strace cannot be run; install it (apt-get install strace)')
  if (ran.status !== 0) throw new Error(`the writer ended with ${ran.status}`)
  return eventsOf(readFileSync(trace, 'utf8')).filter(({ file }) => [...names, 'data', 'acknowledged'].includes(file))
}

/** A line of the file of acknowledgements that had begun to be written before the cut. */
const toldBefore = (events: readonly FileEvent[], cut: number): readonly Acknowledged[] =>
  events.slice(0, cut).flatMap((event) => {
    if (event.kind !== 'write' || event.file !== 'acknowledged') return []
    const [index = 0, n = 0] = Buffer.from(event.bytes).toString().split(' ').map(Number)
    return [{ index, isSealed: true, is: { id: uuid(n) } }]
  })

type Found = Soundness & { readonly acknowledged: number }

const look = async (events: readonly FileEvent[], cut: Cut): Promise<Found> => {
  const left = join(folder, 'left')
  rmSync(left, { recursive: true, force: true })
  filesAfter(events, cut, { folder: left, names })
  const told = toldBefore(events, cut.at)
  try {
    const store = await openStore({ folder: left, timeoutMilliseconds: 60_000 })
    const found = await soundness(store, publicOf(keyA), told)
    // and it goes on from there
    await store.append([entryOf(entries + 1)])
    await store.close()
    return { ...found, acknowledged: told.length }
  } catch (cause) {
    const fault = cause instanceof Error ? cause.message : 'unknown'
    return { entries: 0, signed: 0, lost: told.map(({ index }) => index), fault, acknowledged: told.length }
  }
}

let rounds = 0
let lost = 0
let faults = 0
let acknowledged = 0
let noticed = 0
try {
  for (let run = 0; run < runs; run++) {
    const events = traced(run)
    const first = events.findIndex(({ file }) => file === 'acknowledged')
    const control = { at: events.length, survival: 'nothing', heedsSyncs: false, chance } as const
    if ((await look(events, control)).lost.length > 0) noticed += 1
    for (let n = 0; n < cutsOfRun; n++) {
      const at = first + Math.floor(chance() * (events.length - first))
      const survival = survivals[n % survivals.length] ?? 'nothing'
      const found = await look(events, { at, survival, heedsSyncs: true, chance })
      rounds += 1
      lost += found.lost.length
      acknowledged += found.acknowledged
      if (found.fault !== null) faults += 1
      note(`power-cut: ${rounds} at event ${at} of ${events.length}, ${survival} survives, ${found.acknowledged} acknowledged, ${found.lost.length} lost, ${found.fault ?? 'no fault'}`)
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}
const ok = lost === 0 && faults === 0 && noticed === runs
say({ figure: 'power_cuts', rounds, acknowledged, lost, faults, controls: runs, controlsNoticed: noticed, seed, ok })
process.exitCode = ok ? 0 : 1
