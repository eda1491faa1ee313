/**
 * The cases of iam-cases.ts through the sandbox over HTTP with the real SDK: same roles, session
 * policy, key policies and grants, same allow or deny as the evaluator. What a case says as
 * condition keys is made to happen: "through Athena" is a query whose table or result lies there.
 * A refusal counts only where the case's own action was refused, under its own encryption context;
 * those that cannot come that far are listed with the reason.
 */
import t from 'tap'
import type { PolicyDocument } from '../src/iam/policy-document.ts'
import { clientsFor } from './fixtures-sandbox.ts'
import { anything, openRole, sessionOf } from './fixtures-wire.ts'
import { brokerCases, brokerRoleArn, now, sessionCases } from './iam-cases.ts'
import type { Case } from './iam-cases.ts'
import {
  createStack,
  getItem,
  passRole,
  perform,
  QueryDenied,
  sendSigned
} from './sandbox-perform.ts'
import { atTime, setStage } from './sandbox-stage.ts'
import type { Stage } from './sandbox-stage.ts'

const refusals = new Set([
  'AccessDenied',
  'AccessDeniedException',
  'ExpiredToken',
  'ExpiredTokenException'
])

const unknownOperations = new Set([
  'UnknownOperationException',
  'UnsupportedOperationException',
  'InvalidAction',
  'NotImplemented'
])

/** What came back: authorised or not, or an operation that is not even known. */
type Outcome = 'allow' | 'deny' | 'unknown operation'

async function outcomeOf(one: Case, call: Promise<unknown>): Promise<Outcome> {
  try {
    await call
    return 'allow'
  } catch (error) {
    if (!(error instanceof Error)) throw error
    if (refusals.has(error.name) || error instanceof QueryDenied) {
      noteHop(one, error.message)
      return 'deny'
    }
    // what is no valid call at all makes no grant either
    if (error.name === 'ValidationException' && one.createGrant !== undefined) return 'deny'
    if (unknownOperations.has(error.name)) {
      return /does not speak/.test(error.message) ? 'allow' : 'unknown operation'
    }
    if (error.name === 'NoSuchUpload') return 'allow'
    throw error
  }
}

/** Remembers a case that another permission on the way refused, before its own was asked for. */
function noteHop(one: Case, message: string): void {
  const asked = /not authorized to perform: ([a-z0-9]+:\w+)/i.exec(message)?.[1]
  if (asked === undefined || asked === one.action || one.at !== now) return
  seen.add(`refused on the way, at ${asked}: ${nameOf(one)}`)
}

function nameOf(one: Case): string {
  return `${one.action} ${one.name.replace(/ at \d{4}-.*/, '')}`
}

const all = [...sessionCases, ...brokerCases]
const seen = new Set<string>()
let contexts = 0

/** Whether KMS was last asked under the very context the case says. */
function sameContext(stage: Stage, one: Case): boolean {
  const wanted = one.context['kms:EncryptionContext:aws:s3:arn']
  const name = one.action.replace('kms:', '')
  const last = stage.world.events.all().findLast(({ eventName }) => eventName === name)
  const shown = JSON.stringify(last?.requestParameters?.['encryptionContext'] ?? null)
  contexts += 1
  return shown === JSON.stringify({ 'aws:s3:arn': wanted })
}

for (const grants of ['none', 'live', 'other session', 'unbound'] as const) {
  const rows = all.filter((one) => one.grants === grants)
  await t.test(`with grants: ${grants}, the sandbox answers as the evaluator does`, async (t) => {
    const stage = await setStage(grants)
    for (const one of rows) {
      stage.time.now = Number(one.at)
      const clients = one.at === now ? stage : atTime(stage, Number(one.at))
      const outcome = await outcomeOf(one, perform(clients, one))
      if (clients !== stage) clients.session.destroy()
      t.equal(outcome, one.expect, one.name)
      const isAsked = one.at === now && one.context['kms:ViaService']?.includes('s3.') === true
      if (isAsked && one.action !== 'kms:Encrypt') t.ok(sameContext(stage, one), one.name)
    }
    stage.session.destroy()
    stage.broker.destroy()
    await stage.sandbox.close()
  })
}

/** Refused before their own action is asked for, on AWS as well: the case, where, and why. */
const notFullyTried: readonly (readonly [name: string, at: string, why: string])[] = [
  [
    's3:GetObject reads data through another service',
    'cloudformation:CreateStack',
    'The role denies what it does not list, CloudFormation included, and a stack has no policy ' +
      'of its own to let the session in: none of its calls reaches S3 through CloudFormation.'
  ],
  [
    'kms:Decrypt decrypts through DynamoDB',
    'dynamodb:GetItem',
    'The role denies DynamoDB explicitly, which no policy of a table lifts: DynamoDB never asks ' +
      'KMS on behalf of the session.'
  ],
  [
    'kms:Decrypt decrypts through DynamoDB, grant bound to nothing',
    'dynamodb:GetItem',
    'The same, under a grant that would not have stopped it.'
  ],
  [
    'iam:PassRole passes a role',
    'athena:UpdateWorkGroup',
    'iam:PassRole is asked within a call that takes a role, after the permission for that call; ' +
      'the session may make no call that takes one.'
  ]
]

t.test('only these cases were refused before their own action was asked for', (t) => {
  const listed = notFullyTried.map(([name, at]) => `refused on the way, at ${at}: ${name}`)
  t.same([...seen].toSorted(), listed.toSorted())
  t.equal(contexts, 15, 'contexts that KMS was asked under')
  t.end()
})

type Refused = { readonly name: string; readonly text: string }

const answerTo = async (call: Promise<unknown>): Promise<Refused> =>
  call.then(
    () => ({ name: 'ok', text: '' }),
    (error: Refused) => error
  )

const allow = (...Action: readonly string[]): PolicyDocument => {
  return { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action, Resource: '*' }] }
}

t.test('a service that is not simulated refuses in its own protocol, or says so', async (t) => {
  const stage = await setStage('none')
  const role = openRole(stage.world, 'allowed', [anything])
  const able = clientsFor(stage.sandbox, sessionOf(stage.world, role, 'able'), stage.time.now)
  t.teardown(async () => {
    for (const clients of [stage.session, stage.broker, able]) clients.destroy()
    await stage.sandbox.close()
  })
  const item = await answerTo(getItem(stage, stage.session))
  t.equal(item.name, 'AccessDeniedException')
  t.match(JSON.parse(item.text), {
    message: /perform: dynamodb:GetItem with an explicit deny in an identity-based policy/
  })
  const object = 'arn:aws:s3:::acme-claims/curated/a'
  const stack = await answerTo(createStack(stage, stage.session, object))
  t.equal(stack.name, 'AccessDenied')
  const namespace = 'http://cloudformation.amazonaws.com/doc/2010-05-15/'
  t.ok(stack.text.startsWith(`<ErrorResponse xmlns="${namespace}"><Error>`))
  t.match(stack.text, '<Type>Sender</Type>')
  for (const call of [getItem(stage, able), createStack(stage, able, object)]) {
    const { name, text } = await answerTo(call)
    t.equal(name, 'UnknownService')
    t.match(text, /The sandbox does not speak (dynamodb:GetItem|cloudformation:CreateStack)\./)
  }
  t.match(
    stage.world.events.all().filter(({ eventSource }) => eventSource === 'dynamodb.amazonaws.com'),
    [{ eventName: 'GetItem', errorCode: 'AccessDenied' }, { errorCode: 'UnknownService' }]
  )
  const headers = { 'content-type': 'application/json' }
  const rest = sendSigned(stage, able, { service: 'lambda', headers, body: '{}' })
  t.equal((await answerTo(rest)).name, 'UnknownService', 'REST calls do not name their operation')
  for (const target of ['constructor', 'A.__proto__', 'A.B.C', `A.${'B'.repeat(200)}`]) {
    const named = { ...headers, 'x-amz-target': target }
    const odd = sendSigned(stage, able, { service: 'dynamodb', headers: named, body: '{}' })
    t.equal((await answerTo(odd)).name, 'UnknownService', target)
  }
  const forged = { ...stage, session: clientsFor(stage.sandbox, sessionOf(stage.world, role, 'x')) }
  const key = await forged.session.kms.config.credentials()
  const wrong = clientsFor(stage.sandbox, { ...key, secretAccessKey: 'x' }, stage.time.now)
  t.equal((await answerTo(getItem(stage, wrong))).name, 'InvalidSignatureException')
  for (const clients of [forged.session, wrong]) clients.destroy()
})

t.test('a role is passed only by who may pass it', async (t) => {
  const stage = await setStage('none')
  const as = (name: string, policy: PolicyDocument) => {
    const role = openRole(stage.world, name, [policy])
    return clientsFor(stage.sandbox, sessionOf(stage.world, role, name), stage.time.now)
  }
  const changes = as('changes', allow('athena:UpdateWorkGroup'))
  const passes = as('passes', allow('athena:UpdateWorkGroup', 'iam:PassRole'))
  t.teardown(async () => {
    for (const clients of [stage.session, stage.broker, changes, passes]) clients.destroy()
    await stage.sandbox.close()
  })
  await t.rejects(passRole(changes, brokerRoleArn), {
    name: 'AccessDeniedException',
    message: `not authorized to perform: iam:PassRole on resource: ${brokerRoleArn}`
  })
  await t.rejects(passRole(passes, brokerRoleArn), { name: 'UnknownOperationException' })
})
