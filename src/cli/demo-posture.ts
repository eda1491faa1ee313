/**
 * The demo's posture part: somebody in the account turns the encryption of results off, the broker
 * hears of it and looks, and whoever is on call is refused with the change that mends it. The mend
 * is made as it was told, and the same ask is let through.
 */
import { AthenaClient, UpdateWorkGroupCommand } from '@aws-sdk/client-athena'
import { randomUUID } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import type { Sandbox } from '../sandbox/main.ts'
import { type Answer, type Api, type Json, objectOf, text } from './api.ts'
import { type Step, allowed, failed, refusedBy } from './demo-step.ts'

export type PostureScene = {
  readonly sandbox: Sandbox
  readonly as: Readonly<Record<'dave' | 'oscar', Api>>
  readonly signal: AbortSignal
}

const target = 'payments-pii'
const ask = {
  target,
  duration: '10m',
  reason: 'Payouts are stuck since midnight',
  ticket: 'INC-7',
  tables: ['payments.payments']
}

/** Plays it; ends early where nothing was found. */
export async function* postureStory({ sandbox, as, signal }: PostureScene): AsyncGenerator<Step> {
  const { dave, oscar } = as
  const { endpoint, region, keys } = sandbox
  const athena = new AthenaClient({ endpoint, region, credentials: keys.admin })
  try {
    const update = (updates: object) =>
      athena.send(new UpdateWorkGroupCommand({ WorkGroup: target, ConfigurationUpdates: updates }))
    const off = { EncryptionConfiguration: { EncryptionOption: 'SSE_S3' } }
    await update({ ResultConfigurationUpdates: off })
    const told = await oscar.post('/v1/posture/events', eventOf(sandbox))
    yield found(await lookedAt(oscar, signal, told))
    const refused = await dave.post('/v1/elevations', ask)
    const mend = mendIn(refused)
    yield refusal(refused, mend)
    if (mend === null) return
    await update(mend)
    const mended = await lookedAt(oscar, signal, await oscar.post('/v1/posture/scan'))
    yield closed(mended)
  } finally {
    athena.destroy()
  }
  const asked = await dave.post('/v1/elevations', ask)
  yield allowed('posture-accepted', 'the same ask of dave is approved by its rule at once', asked)
  if (asked.ok) await dave.post(`/v1/elevations/${text(asked.body['id'])}/cancel`)
}

/** As EventBridge sends it for a call of the Athena API that CloudTrail saw. */
const eventOf = ({ account, region }: Sandbox): Json => ({
  version: '0',
  id: randomUUID(),
  source: 'aws.athena',
  account,
  time: `${new Date().toISOString().slice(0, 19)}Z`,
  region,
  'detail-type': 'AWS API Call via CloudTrail',
  resources: [],
  detail: { eventSource: 'athena.amazonaws.com', eventName: 'UpdateWorkGroup' }
})

const deadlineMs = 15_000

/** The findings on the target once a snapshot was begun after it was wanted. */
const lookedAt = async (oscar: Api, signal: AbortSignal, wanted: Answer): Promise<Answer> => {
  if (!wanted.ok) return wanted
  const since = Date.parse(text(wanted.body['wantedAt']))
  const until = Date.now() + deadlineMs
  for (;;) {
    const answer = await oscar.get(`/v1/posture/findings?target=${target}`)
    const isNew = answer.ok && Date.parse(text(answer.body['at'])) >= since
    if (!answer.ok || isNew || Date.now() > until) return answer
    await wait(100, undefined, { signal })
  }
}

const findingsIn = (answer: Answer): readonly Json[] => {
  const all = answer.ok ? answer.body['findings'] : []
  return Array.isArray(all) ? all.map(objectOf) : []
}

const found = (answer: Answer): Step => {
  const told = `somebody turns the encryption of ${target}’s results off, and the broker sees it`
  if (!answer.ok) return failed('posture-found', told, answer.problem)
  const codes = findingsIn(answer).map((one) => text(one['code']))
  const lines = findingsIn(answer).map(
    (one) => `${text(one['severity'])}: ${text(one['code'])}, ${text(one['shows'])}`
  )
  const ok = codes.includes('workgroup_results_sse_s3')
  return { step: 'posture-found', ok, told, lines, data: { findings: codes } }
}

const refusal = (answer: Answer, mend: object | null): Step => {
  const told = 'dave, who is on call, is refused, with the finding and what mends it'
  const refused = refusedBy('posture-refused', told, answer, 'policy_denied')
  const reasons = reasonsIn(answer)
  const ok = refused.ok && mend !== null
  const lines = [...refused.lines, ...reasons]
  return { ...refused, ok, lines, data: { ...refused.data, reasons } }
}

const reasonsIn = (answer: Answer): readonly string[] => {
  const reasons = answer.ok ? [] : answer.problem['reasons']
  return (Array.isArray(reasons) ? reasons.map(objectOf) : [])
    .filter((reason) => reason['condition'] === 'posture')
    .map((reason) => text(reason['message']))
}

const mendForm = /aws athena update-work-group .*--configuration-updates '([^']+)'/

/** What the told command line would change: the JSON in its quotes. */
const mendIn = (answer: Answer): object | null => {
  for (const reason of reasonsIn(answer)) {
    const [, updates] = mendForm.exec(reason) ?? []
    if (updates !== undefined) return objectOf(JSON.parse(updates))
  }
  return null
}

const closed = (answer: Answer): Step => {
  const told = 'somebody runs that very command; the next look finds nothing on the target any more'
  if (!answer.ok) return failed('posture-mended', told, answer.problem)
  const codes = findingsIn(answer).map((one) => text(one['code']))
  const lines = [`findings on ${target}: ${codes.length}`]
  return { step: 'posture-mended', ok: codes.length === 0, told, lines, data: { findings: codes } }
}
