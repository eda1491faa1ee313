/**
 * `reconcile --use`: the use of keys by month and cost center beside what was found, for people and
 * for spreadsheets. Cost centers are tags of AWS resources, which anybody there may have written.
 */
import { csvCell } from '../posture/report-csv.ts'
import { type KeyUse, listPrice } from '../reconcile/key-use.ts'
import { factsIn } from './posture-scene.ts'
import { type Terminal, table } from './terminal.ts'

/** USD per 10,000 requests; null where the text is no such amount. Absent is the list price. */
export const priceOf = (text: string | undefined): number | null => {
  if (text === undefined) return listPrice
  return /^\d{1,4}(?:\.\d{1,6})?$/.test(text) ? Number(text) : null
}

/** `cost-center` tags by ARN of a facts file; null after what is wrong with it was told. */
export const costCentersIn = async (
  to: Terminal,
  file: string | undefined
): Promise<ReadonlyMap<string, string> | null> => {
  if (file === undefined) return new Map()
  const facts = await factsIn(to, file)
  if (facts === null) return null
  return new Map(
    [...facts.keys, ...facts.workgroups].flatMap(({ arn, tags }) => {
      const center = tags['cost-center'] ?? ''
      return center === '' ? [] : [[arn, center] as const]
    })
  )
}

/** At most 100 columns: keys are shortened, as names are that are too long. */
export const tellUse = (to: Terminal, rows: readonly KeyUse[]): void => {
  const header = ['month', 'cost center', 'targets', 'key', 'requests', 'per object', 'USD']
  table(
    to,
    [...header, 'elevations'],
    rows.map((one) => [
      one.month,
      short(one.costCenter),
      short(one.targets.join(' ')),
      one.key.slice(one.key.lastIndexOf('/') + 1),
      String(one.requests),
      String(one.withoutBucketKey),
      one.cost.toFixed(4),
      String(one.elevations)
    ])
  )
  const requests = rows.reduce((sum, one) => sum + one.requests, 0)
  const cost = rows.reduce((sum, one) => sum + one.cost, 0)
  to.out(`${requests} requests to keys, about ${cost.toFixed(4)} USD; per object = no Bucket Key`)
}

const columns: readonly (readonly [name: string, cell: (one: KeyUse) => string])[] = [
  ['month', ({ month }) => month],
  ['costCenter', ({ costCenter }) => costCenter],
  ['costCenterFrom', ({ costCenterFrom }) => costCenterFrom],
  ['targets', ({ targets }) => targets.join(' ')],
  ['key', ({ key }) => key],
  ['requests', ({ requests }) => String(requests)],
  ['decrypts', ({ decrypts }) => String(decrypts)],
  ['dataKeys', ({ dataKeys }) => String(dataKeys)],
  ['withoutBucketKey', ({ withoutBucketKey }) => String(withoutBucketKey)],
  ['cost', ({ cost }) => cost.toFixed(6)],
  ['elevations', ({ elevations }) => String(elevations)]
]

/** A header and a row per month and key, each line with CRLF but the last (RFC 4180). */
export const useCsv = (rows: readonly KeyUse[]): string =>
  [columns.map(([name]) => name), ...rows.map((one) => columns.map(([, cell]) => cell(one)))]
    .map((cells) => cells.map(csvCell).join(','))
    .join('\r\n')

const widest = 14

const short = (text: string): string =>
  text.length > widest ? `${text.slice(0, widest - 1)}…` : text
