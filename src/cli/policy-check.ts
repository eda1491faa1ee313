/** `policy check`: every issue of a policies folder at once, which is its answer, on stdout. */
import type { PolicyIssue } from '../policy/policy.ts'
import { loadFolder } from '../policy-folder.ts'
import { type ExitCode, exits } from './exit.ts'
import { type Terminal, paint, wrap } from './terminal.ts'

/** Exit 0 where the policy can be in force, with warnings or without; 1 where it has errors. */
export const policyCheck = async (to: Terminal, dir: string): Promise<ExitCode> => {
  const loaded = await loadFolder(dir)
  const { ok, issues } = loaded
  if (to.json) {
    to.out(JSON.stringify({ ok, issues, ...(loaded.ok ? { digest: loaded.policy.digest } : {}) }))
    return ok ? exits.done : exits.refused
  }
  for (const issue of issues) printIssue(to, issue)
  if (loaded.ok) {
    const { people, targets, rules, denies, tests, digest } = loaded.policy
    const counts = [
      counted(people.size, 'person', 'people'),
      counted(targets.size, 'target'),
      counted(rules.length, 'rule'),
      counted(denies.length, 'deny', 'denies'),
      counted(tests.length, 'test')
    ]
    to.out(counts.join(', '))
    to.out(paint(to, 'dim', digest))
  }
  const errors = issues.filter(isError).length
  const summary = [counted(errors, 'error'), counted(issues.length - errors, 'warning')].join(', ')
  to.out(paint(to, ok ? 'green' : 'red', summary))
  return ok ? exits.done : exits.refused
}

/** `1 rule`, `3 rules` */
export const counted = (count: number, one: string, many = `${one}s`): string =>
  `${count} ${count === 1 ? one : many}`

const isError = ({ severity }: PolicyIssue): boolean => severity === 'error'

const printIssue = (to: Terminal, issue: PolicyIssue): void => {
  const { severity, file, line, path, code, message } = issue
  const where = line > 0 ? `${file}:${line}` : file
  const colour = severity === 'error' ? 'red' : 'yellow'
  const place = [where, path, code].filter((part) => part !== '').join('  ')
  for (const [n, text] of wrap(`${severity}  ${place}`, 98).entries()) {
    to.out(n === 0 ? text.replace(severity, paint(to, colour, severity)) : `  ${text}`)
  }
  for (const text of wrap(message, 94)) to.out(`    ${text}`)
}
