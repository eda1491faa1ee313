/**
 * The cases of iam-cases.ts through the sandbox over HTTP with the real SDK: same roles, session
 * policy, key policies and grants, same allow or deny as the evaluator. What a case says as
 * condition keys is made to happen: "through Athena" is a query whose table or result lies there.
 * Cases that no SDK call can express are listed by name, and so are those that meet an operation
 * that the sandbox does not know at all.
 */
import t from 'tap'
import { brokerCases, now, sessionCases } from './iam-cases.ts'
import type { Case } from './iam-cases.ts'
import { inexpressible, perform, QueryDenied } from './sandbox-perform.ts'
import { atTime, setStage } from './sandbox-stage.ts'

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

for (const grants of ['none', 'live', 'other session', 'unbound'] as const) {
  const rows = all.filter((one) => one.grants === grants)
  await t.test(`with grants: ${grants}, the sandbox answers as the evaluator does`, async (t) => {
    const stage = await setStage(grants)
    for (const one of rows) {
      const why = inexpressible(one)
      if (why !== null) {
        seen.add(`${why}: ${nameOf(one)}`)
        continue
      }
      stage.time.now = Number(one.at)
      const clients = one.at === now ? stage : atTime(stage, Number(one.at))
      const outcome = await outcomeOf(one, perform(clients, one))
      if (clients !== stage) clients.session.destroy()
      t.equal(outcome, one.expect, one.name)
    }
    stage.session.destroy()
    stage.broker.destroy()
    await stage.sandbox.close()
  })
}

const notFullyTried = [
  'a permission, not an operation: iam:PassRole passes a role',
  'refused on the way, at s3:ListBucket: kms:Decrypt decrypts for a look-alike bucket',
  'refused on the way, at s3:ListBucket: '
    + 'kms:Decrypt decrypts for a look-alike bucket, grant bound to nothing',
  'refused on the way, at s3:ListBucket: kms:Decrypt decrypts for an object of a look-alike',
  'refused on the way, at s3:ListBucket: '
    + 'kms:Decrypt decrypts for an object of a look-alike, grant bound to nothing',
  'refused on the way, at s3:ListBucket: '
    + 'kms:Decrypt decrypts under the same key for another bucket',
  'refused on the way, at s3:ListBucket: '
    + 'kms:Decrypt decrypts under the same key for another bucket, grant bound to nothing',
  'refused on the way, at s3:ListBucket: s3:GetObject reads a look-alike bucket',
  'refused on the way, at s3:ListBucket: s3:GetObject reads another target’s bucket',
  'refused on the way, at s3:PutObject: '
    + 'kms:GenerateDataKey makes a data key for the data bucket',
  'the SDK has no such operation: '
    + 'athena:GetQueryResultsStream streams results of the workgroup',
  'the sandbox has no CloudFormation: s3:GetObject reads data through another service',
  'the sandbox has no DynamoDB: kms:Decrypt decrypts through DynamoDB',
  'the sandbox has no DynamoDB: kms:Decrypt decrypts through DynamoDB, grant bound to nothing'
]

t.test('only these cases were not, or not fully, tried', (t) => {
  t.same([...seen].toSorted(), notFullyTried.toSorted())
  t.end()
})
