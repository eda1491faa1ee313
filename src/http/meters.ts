/**
 * What is counted and timed as it happens, for `/metrics`: one set per broker, on a registry of its
 * own. The alert rules that read these names are docker/alerts.yaml.
 */
import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks'
import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import { type MetricSource, metricsPage } from './metrics.ts'

/** One ledger entry that was written; `verb` and `code` of a refused attempt. */
export type WrittenEntry = {
  readonly type: string
  readonly verb: string | null
  readonly code: string | null
}

export type Meters = {
  /** seconds from the request to end an elevation until AWS refused its session */
  readonly revocation: { readonly observe: (seconds: number) => void }
  /** seconds from `notAfter` until the broker began to remove what was issued */
  readonly expiryLateness: { readonly observe: (seconds: number) => void }
  readonly answered: (of: {
    readonly method: string
    /** the pattern, never the path; null = no route */
    readonly route: string | null
    readonly status: number
    readonly seconds: number
  }) => void
  readonly written: (entry: WrittenEntry) => void
  readonly appendFailed: () => void
  /** how one AWS call ended: `ok`, or the kind of its error */
  readonly awsCalled: (action: string, outcome: string) => void
  readonly workFailed: () => void
  /** the text of the page */
  readonly page: (sources: readonly MetricSource[]) => Promise<string>
  readonly stop: () => void
}

const delayResolutionMs = 10

/** Counts from zero. `stop` ends the watch over the event loop. */
export const makeMeters = (): Meters => {
  const registry = new Registry()
  const registers = [registry]
  const delay = monitorEventLoopDelay({ resolution: delayResolutionMs })
  delay.enable()
  processGauges(registry, delay)
  const counter = (name: string, help: string, labelNames: readonly string[] = []) =>
    new Counter({ name, help, labelNames, registers })
  const histogram = (name: string, help: string, buckets: number[]) =>
    new Histogram({ name, help, buckets, registers })

  const requests = counter('sallyport_http_requests_total', 'Requests of the API answered.', [
    'method',
    'route',
    'status'
  ])
  const answers = histogram(
    'sallyport_http_request_seconds',
    'From the first byte of a request until its answer was sent.',
    [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
  )
  const entries = counter('sallyport_ledger_entries_total', 'Ledger entries written, by type.', [
    'type'
  ])
  const decisions = counter(
    'sallyport_decisions_total',
    'Asks and what was decided about them, and refused attempts.',
    ['outcome']
  )
  const refused = counter('sallyport_attempts_refused_total', 'Refused attempts.', ['verb', 'code'])
  const single = {
    selfApproval: counter(
      'sallyport_self_approval_denied_total',
      "Attempts to approve or deny an ask of one's own."
    ),
    'breakglass.used': counter('sallyport_breakglass_total', 'Break-glass elevations.'),
    'policy.refused': counter(
      'sallyport_policy_reload_failures_total',
      'Edits of the policy folder that were refused.'
    ),
    'elevation.stuck': counter('sallyport_stuck_total', 'Endings that became stuck.'),
    orphan: counter(
      'sallyport_orphans_found_total',
      'Grants found that belong to no open elevation, and revoked.'
    )
  }
  const appendFailures = counter(
    'sallyport_ledger_append_failures_total',
    'Changes that could not be written to the store with their ledger entries.'
  )
  const awsCalls = counter('sallyport_aws_calls_total', 'AWS calls by how they ended.', [
    'action',
    'outcome'
  ])
  const throttles = counter(
    'sallyport_aws_throttles_total',
    'AWS calls that were throttled until their last try.'
  )
  const workFaults = counter('sallyport_work_failures_total', 'Rounds of work that failed in part.')
  const unsigned = counter(
    'sallyport_slack_signature_failures_total',
    "Requests to the Slack route without a signature of Slack's that is not too old."
  )
  return {
    revocation: histogram(
      'sallyport_revocation_seconds',
      'From the request to end an elevation until AWS refused its session.',
      [0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 900]
    ),
    expiryLateness: histogram(
      'sallyport_expiry_lateness_seconds',
      'From the end of a window until the broker began to remove what was issued.',
      [0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 300]
    ),
    answered: ({ method, route, status, seconds }) => {
      requests.inc({ method, route: route ?? 'none', status: String(status) })
      answers.observe(seconds)
      if (status === 401 && route?.startsWith('/slack') === true) unsigned.inc()
    },
    written: ({ type, verb, code }) => {
      entries.inc({ type })
      const outcome = outcomes.get(type)
      if (outcome !== undefined) decisions.inc({ outcome })
      if (type === 'attempt.refused')
        refused.inc({ verb: verb ?? 'unknown', code: code ?? 'unknown' })
      if (code === 'self_approval') single.selfApproval.inc()
      if (isSingle(type)) single[type].inc()
      if (type.includes('orphan')) single.orphan.inc()
    },
    appendFailed: () => appendFailures.inc(),
    awsCalled: (action, outcome) => {
      awsCalls.inc({ action, outcome })
      if (outcome === 'throttled') throttles.inc()
    },
    workFailed: () => workFaults.inc(),
    page: (sources) => metricsPage(registry, sources),
    stop: () => void delay.disable()
  }
}

/** What an entry says of a decision. */
const outcomes: ReadonlyMap<string, string> = new Map([
  ['elevation.requested', 'asked'],
  ['elevation.approved', 'approved'],
  ['elevation.denied', 'denied'],
  ['elevation.cancelled', 'cancelled'],
  ['elevation.lapsed', 'lapsed'],
  ['session.issued', 'issued'],
  ['issue.failed', 'failed'],
  ['attempt.refused', 'refused'],
  ['query.allowed', 'query_allowed'],
  ['query.refused', 'query_refused']
])

const singles = ['breakglass.used', 'policy.refused', 'elevation.stuck'] as const

const isSingle = (type: string): type is (typeof singles)[number] =>
  singles.some((one) => one === type)

const processGauges = (registry: Registry, delay: IntervalHistogram): void => {
  const registers = [registry]
  const delays: Gauge<'quantile'> = new Gauge({
    name: 'sallyport_event_loop_delay_seconds',
    help: 'How late the event loop was since the last scrape.',
    labelNames: ['quantile'],
    registers,
    collect: () => {
      const late = (nanoseconds: number): number =>
        Math.max(0, nanoseconds / 1e9 - delayResolutionMs / 1000)
      const isMeasured = delay.count > 0
      delays.set({ quantile: '0.5' }, isMeasured ? late(delay.percentile(50)) : 0)
      delays.set({ quantile: '0.99' }, isMeasured ? late(delay.percentile(99)) : 0)
      delays.set({ quantile: '1' }, isMeasured ? late(delay.max) : 0)
      delay.reset()
    }
  })
  const memory: Gauge = new Gauge({
    name: 'sallyport_resident_memory_bytes',
    help: 'Resident memory of the process.',
    registers,
    collect: () => memory.set(process.memoryUsage.rss())
  })
}
