/** `policy test`: the tests beside a policy, each held against the decision it expects. */
import { type TestResult, runTests } from '../policy/run-tests.ts'
import { type ExitCode, exits } from './exit.ts'
import { counted } from './policy-check.ts'
import { policyIn } from './policy-loaded.ts'
import { type Terminal, paint, wrap } from './terminal.ts'

/** Exit 0 where all pass, 1 where one fails or there is none, 78 where the policy is not valid. */
export const policyTest = async (to: Terminal, dir: string): Promise<ExitCode> => {
  const policy = await policyIn(to, dir)
  if (policy === null) return exits.config
  const results = runTests(policy)
  if (results.length === 0) {
    to.err(`there are no tests in ${dir}; a policy without any is not tested (tests/*.yaml)`)
    return exits.refused
  }
  for (const result of results) tell(to, result)
  const passed = results.filter(({ ok }) => ok).length
  const isFine = passed === results.length
  if (!to.json) {
    const all = counted(results.length, 'test')
    const summary = isFine ? `${all}, all pass` : `${all}, ${results.length - passed} failed`
    to.out(paint(to, isFine ? 'green' : 'red', summary))
  }
  return isFine ? exits.done : exits.refused
}

const tell = (to: Terminal, result: TestResult): void => {
  if (to.json) {
    to.out(JSON.stringify(result))
    return
  }
  const { ok, file, line, name, wrong, reasons } = result
  const print = (text: string, indent: string): void => {
    for (const one of wrap(text, 98 - indent.length)) to.out(`${indent}${one}`)
  }
  const [first = '', ...rest] = wrap(`${file}:${line}  ${name}`, 90)
  to.out(`${paint(to, ok ? 'green' : 'red', ok ? 'pass' : 'FAIL')}  ${first}`)
  for (const text of rest) to.out(`      ${text}`)
  for (const part of wrong) {
    const isPart = part === 'unmet' ? 'to have among the unmet' : part
    const [wanted, got] = [show(result.expected[part]), show(result.got[part])]
    print(`expected ${isPart} ${wanted}, got ${got}`, '      ')
  }
  if (ok) return
  for (const { outcome, rule, condition, message } of reasons) {
    print(`${outcome} ${condition}${rule === null ? '' : ` (${rule})`}: ${message}`, '        ')
  }
}

const show = (value: string | readonly string[] | null): string => {
  if (value === null) return 'none'
  if (typeof value === 'string') return value
  return value.length === 0 ? 'nobody' : value.join(', ')
}
