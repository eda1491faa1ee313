/**
 * The rows of the seeded tables as JSON lines, and their columns as Glue has them: an insurer's
 * customers, claims and payments. The same rows at every start; all of it made, none of it copied.
 */
import type { GlueColumn } from './glue-state.ts'
import { makeDate, makeDice, makeName, makePerson, makeTime, pad } from './seed-people.ts'

export type SeedTable = {
  readonly database: string
  readonly table: string
  readonly description: string
  readonly columns: readonly GlueColumn[]
  /** each part becomes one object */
  readonly parts: readonly string[]
}

type Row = Readonly<Record<string, string | null>>

const CUSTOMERS = 3000
const CLAIMS = 6000
const PAYMENTS = 5000
const ROWS_PER_PART = 3000

/** customers and claims in `claims`, payments in `payments`. */
export function seedTables(): readonly SeedTable[] {
  return [customers(), claims(), payments()]
}

function customers(): SeedTable {
  const dice = makeDice(11)
  return {
    database: 'claims',
    table: 'customers',
    description: 'People who hold a policy',
    columns: columns('customer_id full_name email ssn', 'dob:date city state created_at:timestamp'),
    parts: parts(CUSTOMERS, (count) => {
      const { name, ...person } = makePerson(dice, count)
      return {
        customer_id: customerId(count),
        full_name: name,
        ...person,
        dob: makeDate(dice, 1940, 2006),
        created_at: `${makeDate(dice, 2015, 2026)} ${makeTime(dice)}`
      }
    })
  }
}

function claims(): SeedTable {
  const dice = makeDice(23)
  return {
    database: 'claims',
    table: 'claims',
    description: 'What customers ask to be paid for',
    columns: columns(
      'claim_id customer_id kind amount:decimal(12,2)',
      'opened_on:date status adjuster'
    ),
    parts: parts(CLAIMS, (count) => {
      const status = dice.pick(['open', 'open', 'settled', 'settled', 'settled', 'rejected'])
      return {
        claim_id: claimId(count),
        customer_id: customerId(dice.between(1, CUSTOMERS)),
        kind: dice.pick(['motor', 'motor', 'home', 'travel', 'liability', 'legal']),
        amount: money(dice.between(5_000, 4_000_000)),
        opened_on: makeDate(dice, 2022, 2026),
        status,
        // nobody looks at a claim that was opened last
        adjuster: status === 'open' && dice.between(0, 3) === 0 ? null : makeName(dice)
      }
    })
  }
}

function payments(): SeedTable {
  const dice = makeDice(37)
  return {
    database: 'payments',
    table: 'payments',
    description: 'What was paid for claims',
    columns: columns(
      'payment_id claim_id payee account_last4',
      'amount:decimal(12,2) currency paid_on:date method'
    ),
    parts: parts(PAYMENTS, (count) => ({
      payment_id: `PAY${pad(count, 6)}`,
      claim_id: claimId(dice.between(1, CLAIMS)),
      payee: makeName(dice),
      account_last4: pad(dice.between(0, 9999), 4),
      amount: money(dice.between(5_000, 2_500_000)),
      currency: dice.pick(['EUR', 'EUR', 'EUR', 'USD']),
      paid_on: makeDate(dice, 2022, 2026),
      method: dice.pick(['transfer', 'transfer', 'cheque'])
    }))
  }
}

/** `name` is a string column, `name:type` another. */
function columns(...words: readonly string[]): readonly GlueColumn[] {
  return words
    .join(' ')
    .split(' ')
    .map((word) => {
      const [name = '', type = 'string'] = word.split(':')
      return { name, type }
    })
}

/** Rows 1 to `count` as JSON lines, a part at a time. */
function parts(count: number, row: (count: number) => Row): readonly string[] {
  const lines = Array.from({ length: count }, (_, at) => JSON.stringify(row(at + 1)))
  return Array.from({ length: Math.ceil(count / ROWS_PER_PART) }, (_, at) =>
    lines.slice(at * ROWS_PER_PART, (at + 1) * ROWS_PER_PART).join('\n')
  )
}

function customerId(count: number): string {
  return `C${pad(count, 6)}`
}

function claimId(count: number): string {
  return `CLM${pad(count, 6)}`
}

function money(cents: number): string {
  return `${Math.floor(cents / 100)}.${pad(cents % 100, 2)}`
}
