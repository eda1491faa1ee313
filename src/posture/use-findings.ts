/**
 * What `reconcile` found as findings beside those of the rules: what CloudTrail tells of a target
 * that the ledger does not, or the other way round. It was done and cannot be mended; what is to be
 * looked at is said instead. The same use told of again, of more or fewer logs, is one finding.
 */
import type { UseCode } from '../policy/finding-codes.ts'
import type { Finding, SeenUse, Severity, Waived } from './finding.ts'
import { line, remark } from './mend.ts'

/** As a run of `reconcile` tells of it. */
export type ReportedUse = Omit<SeenUse, 'id'> & {
  readonly id: string
  readonly code: UseCode
  readonly target: string
  readonly kind: 'query' | 'decrypt' | 'session' | 'grant'
  /** who: an ARN, an id, the name of a session */
  readonly actor: string
  /** ARN of a workgroup, key or role */
  readonly resource: string
  /** `eventID` of the first event, or the name of a grant or session */
  readonly shows: string
}

export type UseRow = { readonly severity: Severity; readonly title: string; readonly why: string }

/** What each code says, as the rules' own table does. */
export const useRows: Readonly<Record<UseCode, UseRow>> = {
  use_unmatched: {
    severity: 'high',
    title: 'A target was used without an elevation',
    why: 'Somebody who reaches it by another way needs nobody’s approval.'
  },
  use_after_end: {
    severity: 'critical',
    title: 'A session was used after its end',
    why: 'AWS itself was to end it: its policy, its grant or a clock is not what it should be.'
  },
  query_not_validated: {
    severity: 'high',
    title: 'A query ran that no guardrail saw',
    why: 'In brokered mode every query goes through the guard; this one went round it.'
  },
  grant_unused: {
    severity: 'low',
    title: 'A grant was never used',
    why: 'Whoever asks for more tables than they read is given more than they need.'
  },
  session_unused: {
    severity: 'low',
    title: 'An elevation was never used',
    why: 'Access that was approved, issued and not needed was open all the same.'
  }
}

/** The finding under this id. `known` = as it was told of before: it keeps the wider view. */
export const useFinding = (
  reported: ReportedUse,
  of: {
    readonly id: string
    readonly owner: string | null
    readonly waiver: Waived | null
    readonly known: Finding | null
  }
): Finding => {
  const { code, target, kind, actor, resource, shows } = reported
  const known = of.known?.use
  const isLater = known !== undefined && known.first <= reported.first
  const use: SeenUse = {
    id: reported.id,
    elevation: reported.elevation,
    account: reported.account,
    region: reported.region,
    first: isLater ? known.first : reported.first,
    last: known !== undefined && known.last > reported.last ? known.last : reported.last,
    events: Math.max(known?.events ?? 0, reported.events)
  }
  const isFirstKnown = isLater && of.known !== null && known.first < reported.first
  const words = isFirstKnown ? of.known : null
  return {
    id: of.id,
    code,
    kind: 'use',
    ...useRows[code],
    resource,
    targets: [target],
    shows: words?.shows ?? `${kind} by ${actor} from ${use.first} on: ${shows}`,
    mend: words?.mend ?? lookAt(reported),
    owner: of.owner,
    waiver: of.waiver,
    use
  }
}

const lookAt = ({ elevation, shows, region }: ReportedUse): Finding['mend'] => {
  const look =
    elevation === null
      ? line(
          'aws',
          'cloudtrail',
          'lookup-events',
          '--region',
          region === '' ? 'us-east-1' : region,
          '--lookup-attributes',
          `AttributeKey=EventId,AttributeValue=${shows}`
        )
      : line('sallyport', 'status', elevation)
  const done = remark('What was done is not undone by a template; close the way it took.')
  const cli = [look, 'sallyport posture sidedoors facts.json']
  return { cli, cloudformation: done, terraform: done }
}
