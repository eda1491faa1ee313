/** The thread that searches one snapshot for side doors, and is over then. */
import { parentPort, workerData } from 'node:worker_threads'
import type { Target } from '../elevation/target.ts'
import type { Facts } from '../posture/facts.ts'
import { sideDoors } from '../posture/side-doors.ts'

export type SideDoorSearch = { readonly facts: Facts; readonly targets: readonly Target[] }

const search = ({ facts, targets }: SideDoorSearch) => sideDoors(facts, targets)

parentPort?.postMessage(search(workerData))
