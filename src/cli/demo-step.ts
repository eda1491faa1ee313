/** A step of the demo's stories, and the steps that many of them are made of. */
import { type Answer, type Json, text } from './api.ts'

export type Step = {
  readonly step: string
  readonly ok: boolean
  /** one sentence for people */
  readonly told: string
  /** what was answered, for people */
  readonly lines: readonly string[]
  /** what was answered, for programs */
  readonly data: Json
}

export const allowed = (step: string, told: string, answer: Answer): Step => {
  if (!answer.ok) return failed(step, told, answer.problem)
  const { id, state, notAfter } = answer.body
  const data = { elevation: id, state, ...(notAfter ? { notAfter } : {}) }
  return { step, ok: true, told, lines: [`${text(id)} is ${text(state)}`], data }
}

export const refusedBy = (step: string, told: string, answer: Answer, code: string): Step => {
  if (answer.ok) return failed(step, told, { title: 'it was allowed' })
  const { status, title } = answer.problem
  const ok = answer.problem['code'] === code
  const lines = [`refused: ${text(title)} (${text(status)} ${text(answer.problem['code'])})`]
  return { step, ok, told, lines, data: { status, code: answer.problem['code'] } }
}

export const failed = (step: string, told: string, problem: Json): Step => ({
  step,
  ok: false,
  told,
  lines: [`${text(problem['title'])} ${text(problem['detail'])}`],
  data: { problem }
})
