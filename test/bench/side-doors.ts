/**
 * How long it takes to find side doors: of the seeded account the first time, of 200 principals and
 * 100 tables, and of twenty administrators whose every permission hangs on what is not known.
 */
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

const document = (statement: object): string => JSON.stringify({ Version: '2012-10-17', Statement: [statement] })

const admins = (role: PrincipalFacts): readonly PrincipalFacts[] => {
  const account = role.arn.split(':')[4] ?? ''
  const mfa = { Bool: { 'aws:MultiFactorAuthPresent': 'true' } }
  const text = document({ Effect: 'Allow', Action: '*', Resource: '*', Condition: mfa })
  const trust = document({ Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${account}:root` }, Action: 'sts:AssumeRole' })
  return Array.from({ length: 20 }, (_, n) => ({
    ...role,
    arn: `arn:aws:iam::${account}:role/admin-${n}`,
    id: `AROAADMIN${String(n).padStart(12, '0')}`,
    boundary: null,
    trust,
    policies: [{ name: 'admin', from: 'attached', text }]
  }))
}

const milliseconds = (run: () => unknown): number => {
  const began = process.cpuUsage()
  run()
  return rounded(process.cpuUsage(began).user / 1000, 0)
}

export const sideDoorSearch = async (): Promise<readonly Figure[]> => {
  const vector: { readonly facts: Facts; readonly targets: readonly Target[] } = JSON.parse(readFileSync(file, 'utf8'))
  const { principals } = vector.facts
  const targets = vector.targets.map((target) => ({
    ...target,
    data: target.data.map((set) => ({
      ...set,
      tables: Array.from({ length: 25 }, (_, n) => set.tables[n] ?? `more_${n}`)
    }))
  }))
  const first = milliseconds(() => sideDoors(vector.facts, vector.targets))
  const many = { ...vector.facts, principals: copies(principals) }
  sideDoors(many, targets)
  const value = milliseconds(() => sideDoors(many, targets))
  const [role] = principals.filter(({ kind }) => kind === 'role')
  const undecided = role === undefined ? [] : admins(role)
  const open = { ...vector.facts, principals: [...principals, ...undecided] }
  const admin = milliseconds(() => sideDoors(open, vector.targets))
  return [
    { figure: 'side_doors_first', value: first, unit: 'ms for 40 principals, the first time', target: '< 2000', ok: first < 2000 },
    { figure: 'side_doors', value, unit: 'ms for 200 × 100', target: '< 2000', ok: value < 2000 },
    { figure: 'side_doors_admins', value: admin, unit: 'ms with 20 undecided administrators', target: '< 3000', ok: admin < 3000 }
  ]
}
