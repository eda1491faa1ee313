/**
 * The demo's story, step by step. A step is ok when what had to be allowed was, and what had to be
 * refused was refused; it carries the real answers.
 */
import { KMSClient, ListGrantsCommand } from '@aws-sdk/client-kms'
import { setTimeout as wait } from 'node:timers/promises'
import type { Statement } from '../iam/policy-document.ts'
import type { Sandbox } from '../sandbox/main.ts'
import { type Answer, type Api, type FileApi, type QueryApi, objectOf, text } from './api.ts'
import { type AwsLogin, type Outcome, decrypt, query } from './demo-analyst.ts'
import { ledgerStory } from './demo-ledger.ts'
import { postureStory } from './demo-posture.ts'
import { queryStory } from './demo-queries.ts'
import { type Step, allowed, failed, refusedBy } from './demo-step.ts'

type Person = 'alice' | 'bob' | 'carol' | 'dave' | 'eve' | 'erin' | 'oscar'

export type Scene = {
  readonly sandbox: Sandbox
  /** the API as each person calls it */
  readonly as: Readonly<Record<Person, FileApi & QueryApi>>
  /** where the ledger is exported to */
  readonly folder: string
  readonly signal: AbortSignal
}

export const windowSeconds = 12

const ask = {
  target: 'claims-pii',
  duration: `${windowSeconds}s`,
  reason: 'Suspected claims ring, following up the tip of Monday',
  ticket: 'CLM-20417',
  tables: ['claims.customers']
}
const honest =
  'SELECT state, count(*) AS customers FROM claims.customers GROUP BY state ORDER BY 2 DESC LIMIT 3'

/** Plays the story; ends early only if asking itself fails. */
export async function* story(scene: Scene): AsyncGenerator<Step> {
  const { alice, bob, eve, erin } = scene.as
  const greedy = { ...ask, duration: '9h', reason: 'curious', ticket: 'none' }
  yield explained(await alice.post('/v1/elevations', greedy))
  const asked = await alice.post('/v1/elevations', ask)
  const id = asked.ok ? text(asked.body['id']) : ''
  yield allowed(
    'ask',
    `alice asks for ${ask.target}, ${ask.tables.join()}, for ${ask.duration}`,
    asked
  )
  if (!asked.ok) return
  const path = `/v1/elevations/${id}`
  yield refusedBy(
    'self-approval',
    'alice tries to approve it herself',
    await alice.post(`${path}/approve`),
    'self_approval'
  )
  yield refusedBy(
    'stranger',
    'eve, who has no rights, tries to approve it',
    await eve.post(`${path}/approve`),
    'unknown_elevation'
  )
  yield allowed('approve', 'bob of the privacy group approves', await bob.post(`${path}/approve`))
  const vended = await alice.post(`${path}/credentials`)
  yield issued(vended)
  if (!vended.ok) return
  const earlier = await erin.bytes('/v1/ledger/checkpoint')
  const notAfter = Date.parse(text(vended.body['notAfter']))
  const { sandbox } = scene
  const { endpoint, region } = sandbox
  const login: AwsLogin = {
    endpoint,
    region,
    credentials: {
      accessKeyId: text(vended.body['AccessKeyId']),
      secretAccessKey: text(vended.body['SecretAccessKey']),
      sessionToken: text(vended.body['SessionToken'])
    }
  }
  yield sessionPolicyOf(sandbox, login.credentials.accessKeyId)
  yield grants(sandbox, id)
  const rows = await query(login, 'claims-pii', honest)
  yield rowsOf(rows)
  yield denied(
    'other-workgroup',
    'the same session tries another workgroup',
    await query(login, 'payments-pii', 'SELECT 1'),
    'AccessDeniedException'
  )
  yield denied(
    'other-table',
    'the same session tries a table that was not asked for',
    await query(login, 'claims-pii', 'SELECT * FROM claims.claims LIMIT 1'),
    'FAILED'
  )
  const stolen = stolenKey(sandbox)
  yield denied(
    'direct-decrypt',
    'the same session asks KMS itself to decrypt a stolen data key',
    await decrypt(login, { ciphertext: stolen, context: {} }),
    'AccessDeniedException'
  )
  yield denied(
    'context-trick',
    'and again, naming the encryption context that its grant allows',
    await decrypt(login, {
      ciphertext: stolen,
      context: { 'aws:s3:arn': 'arn:aws:s3:::acme-claims' }
    }),
    'AccessDeniedException'
  )
  yield* queryStory(scene)
  yield* postureStory(scene)
  await wait(Math.max(0, notAfter - Date.now()) + 50, undefined, { signal: scene.signal })
  yield denied(
    'after-the-end',
    'the window is over: AWS refuses the very same credentials',
    await query(login, 'claims-pii', honest),
    'AccessDeniedException'
  )
  yield await gone(scene, id)
  const { entry, ...told } = await ledger(erin, id)
  yield told
  if (entry === null || !earlier.ok) return
  yield* ledgerStory({ auditor: erin, folder: scene.folder, entry, earlier: earlier.bytes })
}

/** A refusal of the policy with every reason, each saying what would meet it. */
const explained = (answer: Answer): Step => {
  const step = 'policy-denied'
  const told = 'alice first asks for too long, without a proper reason or ticket'
  const refused = refusedBy(step, told, answer, 'policy_denied')
  const reasons = answer.ok ? [] : answer.problem['reasons']
  const found = Array.isArray(reasons) ? reasons.map(objectOf) : []
  const unmet = found.map((reason) => text(reason['condition']))
  const lines = found.map((reason) => `- ${text(reason['condition'])}: ${text(reason['message'])}`)
  const ok = refused.ok && ['duration', 'reason', 'ticket'].every((one) => unmet.includes(one))
  return { ...refused, ok, lines: [...refused.lines, ...lines], data: { ...refused.data, unmet } }
}

const issued = (answer: Answer): Step => {
  const told = 'alice starts the window and gets an STS session of her own'
  if (!answer.ok) return failed('issue', told, answer.problem)
  const { AccessKeyId, Expiration, notAfter } = answer.body
  const lines = [`${text(AccessKeyId)}, refused by AWS from ${text(notAfter)} on`]
  return { step: 'issue', ok: true, told, lines, data: { AccessKeyId, Expiration, notAfter } }
}

/** What AWS holds of the session: the very policy it was sent. */
const sessionPolicyOf = (sandbox: Sandbox, accessKeyId: string): Step => {
  const sent = sandbox.world.sessions.get(accessKeyId)?.policy
  const told =
    'the session policy AWS was sent: one workgroup, one table, its data, its keys, its end'
  if (!sent) return failed('session-policy', told, { title: 'AWS was sent no session policy' })
  const lines = sent.document.Statement.map(inOneLine)
  const data = { characters: sent.text.length, sessionPolicy: JSON.parse(sent.text) }
  return { step: 'session-policy', ok: sent.text.length <= 2048, told, lines, data }
}

/** `Allow s3:GetObject,… on acme-claims/curated/* if aws:CalledVia` with ARNs cut to their ends. */
const inOneLine = ({ Effect, Action, Resource, Condition }: Statement): string => {
  const [action = '', ...others] = [Action ?? []].flat()
  const on = [Resource ?? []].flat().map((arn) => arn.split(':').slice(5).join(':') || arn)
  const when = Object.entries(Condition ?? {}).flatMap(([operator, keys]) =>
    Object.entries(keys).map(([key, value]) => {
      if (operator === 'Null') return ''
      const values = [value].flat().map((one) => one.replace('arn:aws:s3:::', ''))
      const holds = operator.startsWith('StringNot') ? 'unless' : 'if'
      const word = operator.startsWith('Date') ? 'from' : 'is'
      return ` ${holds} ${key} ${word} ${values.join(', ')}`
    })
  )
  const actions = others.length === 0 ? action : `${action} and ${others.length} more`
  const where = on.join(' ')
  return `${Effect.padEnd(5)} ${actions} on ${where}${when.join('')}`
}

/** What AWS recorded of the grants: CloudTrail's own words, from the sandbox's event log. */
const grants = (sandbox: Sandbox, id: string): Step => {
  const made = sandbox.world.events
    .all()
    .filter((event) => event.eventName === 'CreateGrant' && !event.errorCode)
    .map((event) => objectOf(event.requestParameters))
    .filter((parameters) => text(parameters['granteePrincipal']).endsWith(`jit-${id}`))
  const lines = made.map(
    (one) => `${JSON.stringify(one['operations'])}, only for ${JSON.stringify(one['constraints'])}`
  )
  const told = 'AWS recorded one KMS grant per bucket, Decrypt only, for that session alone'
  const ok =
    made.length === 2 &&
    made.every((one) => text(JSON.stringify(one['operations'])) === '["Decrypt"]')
  return { step: 'grants', ok, told, lines, data: { grants: made } }
}

const rowsOf = (outcome: Outcome<readonly (readonly string[])[]>): Step => {
  const told = 'her own tools query the table she asked for'
  if (!outcome.ok) return failed('query', told, { title: outcome.refused, detail: outcome.message })
  const lines = outcome.value.map((row) =>
    row
      .map((cell) => cell.padEnd(12))
      .join('')
      .trimEnd()
  )
  return {
    step: 'query',
    ok: outcome.value.length === 4,
    told,
    lines,
    data: { rows: outcome.value }
  }
}

const denied = (step: string, told: string, outcome: Outcome<unknown>, name: string): Step => {
  if (outcome.ok) return failed(step, told, { title: 'AWS allowed it' })
  const ok = outcome.refused === name && /not authorized|denied/i.test(outcome.message)
  const { refused, message } = outcome
  const shorter = message.replace(/User: arn:\S+\/(jit-\w+)/, 'session $1')
  return { step, ok, told, lines: [`${refused}: ${shorter}`], data: { refused, message } }
}

/** The encrypted data key of one object, as somebody with a backup of the disks might hold it. */
const stolenKey = (sandbox: Sandbox): Uint8Array => {
  const [object] = sandbox.world.s3.buckets.get('acme-claims')?.objects.values() ?? []
  if (!object) throw new Error('the sandbox has no claims data')
  return object.wrappedKey
}

const goneDeadlineMs = 15_000

const gone = async ({ sandbox, as, signal }: Scene, id: string): Promise<Step> => {
  const { endpoint, region, keys } = sandbox
  const kms = new KMSClient({ endpoint, region, credentials: keys.broker })
  const until = Date.now() + goneDeadlineMs
  let state = ''
  while (state !== 'ended' && Date.now() < until) {
    await wait(200, undefined, { signal })
    const answer = await as.alice.get(`/v1/elevations/${id}`)
    state = answer.ok ? text(answer.body['state']) : ''
  }
  const left: string[] = []
  for (const key of sandbox.world.keys.values()) {
    if (key.state !== 'Enabled') continue
    const { Grants } = await kms.send(new ListGrantsCommand({ KeyId: key.arn }))
    left.push(
      ...(Grants ?? []).flatMap((grant) => (grant.Name?.startsWith(`jit/${id}/`) ? grant.Name : []))
    )
  }
  kms.destroy()
  return {
    step: 'gone',
    ok: state === 'ended' && left.length === 0,
    told: 'the grants are gone, and a later sweep of AWS found nothing',
    lines: [`${id} is ${state}; grants left: ${left.length}`],
    data: { state, grantsLeft: left }
  }
}

/** What the ledger has of it, and the index of the approval. */
const ledger = async (
  auditor: Api,
  id: string
): Promise<Step & { readonly entry: number | null }> => {
  const told = 'erin, an auditor, reads what the ledger has of it, refused attempts included'
  const read = await auditor.get(`/v1/elevations/${id}`)
  const indexes = read.ok ? read.body['ledger'] : []
  const first = Array.isArray(indexes) ? text(indexes[0]) : ''
  const answer = await auditor.get(`/v1/ledger/entries?from=${first}&limit=100`)
  if (!answer.ok) return { ...failed('ledger', told, answer.problem), entry: null }
  const found = answer.body['entries']
  const rows = (Array.isArray(found) ? found.map(objectOf) : []).map((row) => {
    const body = objectOf(row['body'])
    const { type, actor, at } = body
    const about = text(body['elevation']) || text(objectOf(body['data'])['elevation'])
    return { index: row['index'], type, actor, at, about, leaf: row['leaf'] }
  })
  const about = rows.filter((row) => row.about === id)
  const lines = about.map((row) => {
    const index = text(row.index).padStart(3)
    return `${index}  ${text(row.type).padEnd(22)}${text(row.actor).padEnd(9)}${text(row.at)}  ${text(row.leaf).slice(0, 16)}…`
  })
  const types = about.map((row) => text(row.type))
  const ok = expected.every((type) => types.includes(type)) && count(types, 'attempt.refused') === 2
  const index = about.find((row) => row.type === 'approval.recorded')?.index
  const entry = typeof index === 'number' ? index : null
  return { step: 'ledger', ok: ok && entry !== null, told, lines, data: { entries: about }, entry }
}

const expected = [
  'elevation.requested',
  'approval.recorded',
  'elevation.approved',
  'issue.intent',
  'session.issued',
  'elevation.ending',
  'elevation.ended'
]

const count = (types: readonly string[], wanted: string): number =>
  types.filter((type) => type === wanted).length
