/**
 * The expectations written beside a policy, each held against the one decision function. A test
 * passes when everything it names is so; what it does not name is not looked at.
 */
import { parseDuration } from '../elevation/duration.ts'
import { instant, parseElevationId, parseTargetId } from '../elevation/ids.ts'
import type { Reason } from '../elevation/refusal.ts'
import { tablesOf } from '../elevation/target.ts'
import type { Circumstances } from './circumstances.ts'
import { type Decision, decide } from './decide.ts'
import type { Policy, PolicyTest } from './policy.ts'

/** What was decided, in the words an expectation has. */
export type Got = {
  readonly decision: PolicyTest['expect']['decision']
  /** for a denial the rule that came closest; null = there is none */
  readonly rule: string | null
  /** who would be asked, sorted; empty unless it needs approval */
  readonly approvers: readonly string[]
  /** conditions not met, each once */
  readonly unmet: readonly string[]
}

export type TestResult = {
  readonly name: string
  readonly file: string
  readonly line: number
  readonly ok: boolean
  /** the parts of the expectation that are not so */
  readonly wrong: readonly ('decision' | 'rule' | 'approvers' | 'unmet')[]
  readonly expected: PolicyTest['expect']
  readonly got: Got
  readonly reasons: readonly Reason[]
}

/** Every test of the policy, in its order. */
export const runTests = (policy: Policy): readonly TestResult[] =>
  policy.tests.map((test) => {
    const decision = decisionOf(policy, test)
    const got = gotOf(decision)
    const wrong = wrongParts(test.expect, got)
    return {
      name: test.name,
      file: test.file,
      line: test.line,
      ok: wrong.length === 0,
      wrong,
      expected: test.expect,
      got,
      reasons: decision.reasons
    }
  })

// an elevation that stands for whichever is not reviewed
const anElevation = parseElevationId('00000000000000000000000000')

const decisionOf = (policy: Policy, test: PolicyTest): Decision => {
  const { ask } = test
  const id = parseTargetId(ask.target)
  const target = id === null ? undefined : policy.targets.get(id)
  const duration = parseDuration(ask.duration)
  if (target === undefined) {
    const message = `there is no target ${JSON.stringify(ask.target)}`
    return notDecided('unknown_target', 'target', message)
  }
  if (duration === null) {
    const message = `${JSON.stringify(ask.duration)} is no length such as 45m, 2h or PT2H`
    return notDecided('policy_denied', 'duration', message)
  }
  const tables = [...new Set(ask.tables ?? tablesOf(target))].toSorted()
  const { startAt, ...said } = ask
  const start = startAt === null ? {} : { startAt }
  const asked = { ...said, ...start, target: target.id, duration, tables }
  return decide(policy, test.as, asked, circumstancesOf(test))
}

const circumstancesOf = (test: PolicyTest): Circumstances => {
  const { at, via, signIn, standing, findings } = test
  const { hasUnreviewed, ...counts } = standing
  const ago = signIn?.ago ?? null
  const resource = `target ${test.ask.target}`
  const told = { resource, shows: 'as the test says', mend: '' }
  return {
    now: at,
    posture: findings && { at, findings: findings.map((one) => ({ ...one, ...told })) },
    stage: {
      kind: 'ask',
      presence: {
        via,
        authAt: ago === null ? null : instant(Math.max(0, at - ago * 1000)),
        acr: signIn?.acr ?? null,
        amr: signIn?.amr ?? []
      },
      standing: { ...counts, unreviewed: hasUnreviewed ? anElevation : null }
    }
  }
}

const gotOf = (decision: Decision): Got => {
  switch (decision.kind) {
    case 'needs_approval':
      return {
        decision: 'needs_approval',
        rule: decision.rule,
        approvers: decision.approvers,
        unmet: []
      }
    case 'approved':
      return { decision: 'approved', rule: decision.rule, approvers: [], unmet: [] }
    case 'deny': {
      const unmet = decision.reasons.filter(({ outcome }) => outcome === 'unmet')
      const names = new Set(unmet.map(({ condition }) => condition))
      return { decision: 'deny', rule: decision.nearest, approvers: [], unmet: [...names] }
    }
  }
}

const wrongParts = (expected: PolicyTest['expect'], got: Got): TestResult['wrong'] => {
  const { decision, rule, approvers, unmet } = expected
  const isWrong = {
    decision: got.decision !== decision,
    rule: rule !== null && got.rule !== rule,
    approvers: approvers !== null && sorted(got.approvers) !== sorted(approvers),
    unmet: unmet.some((condition) => !got.unmet.includes(condition))
  }
  return (['decision', 'rule', 'approvers', 'unmet'] as const).filter((part) => isWrong[part])
}

const sorted = (names: readonly string[]): string => [...new Set(names)].toSorted().join(' ')

const notDecided = (
  code: 'unknown_target' | 'policy_denied',
  condition: string,
  message: string
): Decision => ({
  kind: 'deny',
  code,
  nearest: null,
  reasons: [{ outcome: 'unmet', rule: null, condition, message }]
})
