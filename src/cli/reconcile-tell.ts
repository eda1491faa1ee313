/**
 * `reconcile --tell`: what was found, to the broker, which opens and closes findings with ledger
 * entries. In slices of time, each of them all that was first seen in it, so that the broker can
 * tell what is gone. Sent again it changes nothing.
 */
import { setTimeout as wait } from 'node:timers/promises'
import { mostDays } from '../broker/reconciled.ts'
import type { Target } from '../elevation/target.ts'
import { workgroupArn } from '../iam/arns.ts'
import type { KeyUseDay } from '../reconcile/key-use.ts'
import type { Reconciled, UseFinding } from '../reconcile/match.ts'
import { type Answer, type Api, type Refused, text } from './api.ts'

export type Told = {
  readonly ok: true
  readonly opened: number
  readonly closed: number
  readonly open: number
}

export type Telling = {
  readonly result: Reconciled
  readonly targets: readonly Target[]
  /** every file was read to its end: only then is anything known to be gone */
  readonly isWhole: boolean
  readonly days: readonly KeyUseDay[]
}

/** The counts of all slices, or the first refusal; what was told before it stays told. */
export const tellBroker = async (
  broker: Pick<Api, 'post'>,
  { result, targets, isWhole, days }: Telling
): Promise<Told | Refused> => {
  const covered = isWhole ? result.covered.filter(isNamed) : []
  const told = { opened: 0, closed: 0, open: 0 }
  for (const slice of slicesOf(result.findings)) {
    const uses = slice.uses.map((one) => reported(one, targets))
    const answer = await patiently(() =>
      broker.post('/v1/posture/reconciled', {
        uses,
        covered: covered.slice(0, 1000),
        from: slice.from,
        to: slice.to
      })
    )
    if (!answer.ok) return answer
    told.opened += numberIn(answer, 'opened')
    told.closed += numberIn(answer, 'closed')
    told.open = numberIn(answer, 'open')
  }
  for (let from = 0; from < days.length; from += mostDays) {
    const part = days.slice(from, from + mostDays)
    const answer = await broker.post('/v1/posture/key-use', { days: part })
    if (!answer.ok) return answer
  }
  return { ok: true, ...told }
}

const isNamed = ({ account, region }: Pick<UseFinding, 'account' | 'region'>): boolean =>
  /^[0-9]{12}$/.test(account) && /^[a-z0-9-]{1,32}$/.test(region)

type Slice = { readonly uses: readonly UseFinding[]; readonly from: string; readonly to: string }

/** so many uses at once, well below what a body may have */
const most = 200
const begin = '0000-01-01T00:00:00.000Z'
const end = '9999-12-31T23:59:59.999Z'

/** All of time, cut between uses of different moments; what is found comes sorted by its first. */
const slicesOf = (findings: readonly UseFinding[]): readonly Slice[] => {
  const slices: Slice[] = []
  let uses: UseFinding[] = []
  let from = begin
  for (const one of findings) {
    if (uses.length >= most && uses.at(-1)?.first !== one.first) {
      slices.push({ uses, from, to: one.first })
      uses = []
      from = one.first
    }
    uses.push(one)
  }
  return [...slices, { uses, from, to: end }]
}

/** As the API takes it: a query's workgroup by its ARN, names no longer than they may be. */
const reported = (one: UseFinding, targets: readonly Target[]) => {
  const { id, code, target, elevation, kind, first, last, events } = one
  const of = targets.find((known) => known.id === target)
  const resource = kind === 'query' && of !== undefined ? workgroupArn(of) : one.resource
  const [actor, shows] = [cut(one.actor), cut(one.shows)]
  const { account, region } = isNamed(one) ? one : nowhere
  const when = { first, last, events }
  return { id, code, target, elevation, kind, actor, resource, account, region, ...when, shows }
}

/** A record that does not say where it is from: nothing is ever known to cover it. */
const nowhere = { account: '', region: '' }

const cut = (name: string): string => Array.from(name.toWellFormed()).slice(0, 512).join('')

const tries = 30
const pauseMs = 2000

/** While the account is looked at, the broker says `conflict`. */
const patiently = async (send: () => Promise<Answer>): Promise<Answer> => {
  for (let n = 1; ; n++) {
    const answer = await send()
    if (answer.ok || n === tries || text(answer.problem['code']) !== 'conflict') return answer
    await wait(pauseMs)
  }
}

const numberIn = ({ body }: Answer & { readonly ok: true }, name: string): number =>
  Number(text(body[name]))
