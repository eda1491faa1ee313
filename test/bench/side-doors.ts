/** How long it takes to find the side doors of 200 principals and 100 tables. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Target } from '../../src/elevation/target.ts'
import type { Facts, PrincipalFacts } from '../../src/posture/facts.ts'
import { sideDoors } from '../../src/posture/side-doors.ts'
import { type Figure, rounded } from './figures.ts'

const file = join(process.cwd(), 'test/vectors/posture/side-doors.json')

/** Five copies of the forty, each under names of its own. */
const copies = (principals: readonly PrincipalFacts[]): readonly PrincipalFacts[] =>
  [0, 1, 2, 3, 4].flatMap((n) =>
    principals.map((one): PrincipalFacts => JSON.parse(
      JSON.stringify(one)
        .replaceAll(':role/', `:role/c${n}-`)
        .replaceAll(':user/', `:user/c${n}-`)
        .replaceAll('EXAMPLE', `EXAMPLE${n}`)
    ))
  )

export const sideDoorSearch = async (): Promise<readonly Figure[]> => {
  const vector: { readonly facts: Facts; readonly targets: readonly Target[] } = JSON.parse(readFileSync(file, 'utf8'))
  const facts = { ...vector.facts, principals: copies(vector.facts.principals) }
  const targets = vector.targets.map((target) => ({
    ...target,
    data: target.data.map((set) => ({
      ...set,
      tables: Array.from({ length: 25 }, (_, n) => set.tables[n] ?? `more_${n}`)
    }))
  }))
  sideDoors(facts, targets)
  const began = process.cpuUsage()
  sideDoors(facts, targets)
  const value = rounded((process.cpuUsage(began).user) / 1000, 0)
  return [{ figure: 'side_doors', value, unit: 'ms for 200 × 100', target: '< 2000', ok: value < 2000 }]
}
