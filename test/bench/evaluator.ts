/** Decisions per second of the IAM evaluator over the cases the tests use. */
import { evaluate } from '../../src/iam/evaluate.ts'
import { type Figure, rounded } from './figures.ts'

export const evaluator = async (): Promise<readonly Figure[]> => {
  const { evaluations } = await import('../iam-cases.ts')
  const cases = evaluations()
  const run = (rounds: number): number => {
    const began = performance.now()
    for (let n = 0; n < rounds; n++) for (const { request, policies } of cases) evaluate(request, policies)
    return (rounds * cases.length * 1000) / (performance.now() - began)
  }
  run(20)
  const value = rounded(run(200), 0)
  return [
    { figure: 'evaluator_decisions', value, unit: 'decisions/s', target: '>= 5000', ok: value >= 5000 }
  ]
}
