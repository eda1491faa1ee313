/**
 * Target documents to `Target`. Refused: what the schema cannot see, above all ARNs that disagree
 * with the account and region they are written under (a key of elsewhere would be granted), S3
 * names that AWS refuses (S3 User Guide, "Bucket naming rules"), a table in two data sets, and
 * results that are written among the data.
 */
import { parseTargetId } from '../elevation/ids.ts'
import type { Results, S3Location, Target } from '../elevation/target.ts'
import type { Path, SourceDocument } from './document.ts'
import { type Place, errorAt, hint, quote, warningAt } from './issue.ts'
import { type Named, textsAt } from './names.ts'
import { type Part, checked, valueAt } from './part.ts'
import type { PolicyIssue } from './policy.ts'
import type { TargetDocument } from './target-schema.ts'

/** Every contradiction within one target document, whatever else is wrong with it. */
export const targetIssues = (document: SourceDocument): readonly PolicyIssue[] => [
  ...arnIssues(document),
  ...places(document, locationPlaces).flatMap(bucketIssues),
  ...overlapIssues(document),
  ...resultsIssues(document),
  ...tableIssues(document)
]

/** Workgroups that stand in two targets: their rules and approvers would undercut each other. */
export const sharedWorkgroups = (
  targets: readonly Part<TargetDocument>[]
): readonly PolicyIssue[] => {
  const first = new Map<string, string>()
  return targets.flatMap(({ document, value }) => {
    const workgroup = `${value.account} ${value.region} ${value.workgroup}`
    const before = first.get(workgroup)
    if (before === undefined) first.set(workgroup, value.target)
    return before === undefined || before === value.target
      ? []
      : [warningAt({ document, path: ['workgroup'] }, 'duplicate', `also target ${quote(before)}`)]
  })
}

/** A target whose document has no issues. */
export const targetOf = (value: TargetDocument): Target => ({
  id: checked(parseTargetId(value.target)),
  account: value.account,
  region: value.region,
  workgroup: value.workgroup,
  role: value.role,
  classification: value.classification,
  owner: value.owner,
  ...(value.alerts === undefined ? {} : { alerts: value.alerts }),
  data: value.data.map((set) => ({ ...set, location: checked(parseLocation(set.location)) })),
  results: checked(resultsOf(value.results)),
  columns: value.columns ?? {}
})

const locationPlaces = [
  ['data', '*', 'location'],
  ['results', 'location']
]
const keyPlaces = [
  ['data', '*', 'key'],
  ['results', 'key']
]

const places = (document: SourceDocument, patterns: readonly (readonly string[])[]) =>
  patterns.flatMap((pattern) => textsAt([document], pattern))

const arnIssues = (document: SourceDocument): readonly PolicyIssue[] => {
  const [account] = places(document, [['account']])
  const [region] = places(document, [['region']])
  const here = { account: account?.text, region: region?.text }
  return [
    ...places(document, [['role']]).flatMap((role) => disagreements(role, here)),
    ...places(document, keyPlaces).flatMap((key) => disagreements(key, here))
  ]
}

type Here = { readonly account: string | undefined; readonly region: string | undefined }

const disagreements = (named: Named, here: Here): readonly PolicyIssue[] => {
  // arn:partition:service:region:account:resource
  const [arn, partition, , region, account] = named.text.split(':')
  if (arn !== 'arn') return []
  const differs = (what: string, seen: string | undefined, wanted: string | undefined) =>
    wanted === undefined || seen === wanted || seen === ''
      ? []
      : [errorAt(named, 'bad_value', `${what} ${quote(seen)} is not the target's ${quote(wanted)}`)]
  return [
    ...differs('partition', partition, here.region && partitionOf(here.region)),
    ...differs('region', region, here.region),
    ...differs('account', account, here.account)
  ]
}

const partitionOf = (region: string): string => {
  if (region.startsWith('cn-')) return 'aws-cn'
  return region.startsWith('us-gov-') ? 'aws-us-gov' : 'aws'
}

const bucketIssues = (named: Named): readonly PolicyIssue[] => {
  const location = parseLocation(named.text)
  if (location === null) return []
  const { bucket, prefix } = location
  const isAddress = /^[0-9]+([.][0-9]+){3}$/.test(bucket)
  if (isAddress || /[.][.]|[.]-|-[.]|^xn--|^sthree-|^amzn-s3-demo-|-s3alias$|--/.test(bucket)) {
    return [errorAt(named, 'bad_value', `${quote(bucket)} cannot be the name of a bucket`)]
  }
  return /(^|\/)[.]{1,2}\//.test(prefix)
    ? [errorAt(named, 'bad_value', 'a prefix has no . or .. between slashes')]
    : []
}

const overlapIssues = (document: SourceDocument): readonly PolicyIssue[] => {
  const data = textsAt([document], ['data', '*', 'location'])
  return textsAt([document], ['results', 'location'])
    .filter(({ text }) => data.some((set) => areNested(set.text, text)))
    .map((place) => errorAt(place, 'bad_value', 'results must not lie among the data or around it'))
}

const areNested = (a: string, b: string): boolean => a.startsWith(b) || b.startsWith(a)

const resultsIssues = (document: SourceDocument): readonly PolicyIssue[] => {
  const results = valueAt(document.value, 'results')
  const has = (key: string): boolean => valueAt(results, key) !== undefined
  const at = (path: Path): Place => ({ document, path: ['results', ...path] })
  if (typeof results !== 'object' || results === null) return []
  if (has('managed')) {
    return ['location', 'bucketKey']
      .filter(has)
      .map((key) => errorAt(at([key]), 'bad_value', `managed results have no ${key} of their own`))
  }
  return ['location', 'key']
    .filter((key) => !has(key))
    .map((key) => errorAt(at([key]), 'missing', `${quote(key)} is missing (or: managed: true)`))
}

const tableIssues = (document: SourceDocument): readonly PolicyIssue[] => {
  const data = valueAt(document.value, 'data')
  const sets = Array.isArray(data) ? data.entries() : []
  const tables = [...sets].flatMap(([index, set]: [number, unknown]) => {
    const own = textsAt([{ ...document, value: set }], ['tables', '*'])
    const database = String(valueAt(set, 'database'))
    return own.map(({ path, text }) => ({
      document,
      path: ['data', index, ...path],
      text: `${database}.${text}`,
      set: index
    }))
  })
  const first = new Map(tables.toReversed().map(({ text, set }) => [text, set]))
  const twice = tables.filter(({ text, set }) => first.get(text) !== set)
  const columns = valueAt(document.value, 'columns')
  const listed = typeof columns === 'object' && columns !== null ? Object.keys(columns) : []
  return [
    ...twice.map((t) => errorAt(t, 'duplicate', `${quote(t.text)} is in an earlier data set too`)),
    ...listed
      .filter((name) => !first.has(name))
      .map((name) => {
        const place = { document, path: ['columns', name] }
        const message = `${quote(name)} is no table of this target${hint(name, first.keys())}`
        return errorAt(place, 'unresolved', message)
      })
  ]
}

const resultsOf = ({
  location,
  key,
  bucketKey = false,
  managed
}: TargetDocument['results']): Results | null => {
  if (managed) return { kind: 'managed', key: key ?? null }
  const parsed = location === undefined ? null : parseLocation(location)
  return parsed === null || key === undefined
    ? null
    : { kind: 'bucket', location: parsed, key, bucketKey }
}

const parseLocation = (text: string): S3Location | null => {
  const match = /^s3:\/\/([^/]+)\/(.*)$/.exec(text)
  return match === null ? null : { bucket: match[1] ?? '', prefix: match[2] ?? '' }
}
