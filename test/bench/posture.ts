/** How long an account of 1,000 workgroups, 500 keys and 100 roles is judged. */
import { judge } from '../../src/posture/judge.ts'
import { many, sceneWith } from '../posture-scene.ts'
import { type Figure, median, rounded } from './figures.ts'

const rounds = 5

/** The first round, as a command has it, and the median of more. */
export const postureFigures = async (): Promise<readonly Figure[]> => {
  const facts = many(1000, 500, 100)
  const scene = sceneWith()
  const took = Array.from({ length: rounds }, () => {
    const began = performance.now()
    judge(facts, scene)
    return performance.now() - began
  })
  const [first = Number.NaN] = took
  return [
    {
      figure: 'posture_judge_1000_workgroups_500_keys',
      value: rounded(first, 0),
      unit: 'ms',
      target: '<= 2000, the first time',
      ok: first <= 2000,
      beside: { medianMs: rounded(median(took), 0), findings: judge(facts, scene).length }
    }
  ]
}
