/**
 * The ARNs of a target, as policies write them. Every name in them was checked before (names.ts).
 * Source: Service Authorization Reference, "Resource types defined by Athena, Glue, S3".
 */
import type { S3Location, Target } from '../elevation/target.ts'
import { partitionOf } from './partition.ts'

type Place = Pick<Target, 'role' | 'region' | 'account'>

export const workgroupArn = (target: Target): string =>
  regional(target, 'athena', `workgroup/${target.workgroup}`)

/**
 * Glue checks every ancestor of a table, and Athena looks at the database `default`; each ARN once,
 * for the data sets given.
 */
export const catalogArns = (place: Place, data: Target['data']): readonly string[] =>
  unique([
    regional(place, 'glue', 'catalog'),
    regional(place, 'glue', 'database/default'),
    ...tableArns(place, data)
  ])

/** The tables of the data sets and every ancestor of them, each ARN once. */
export const tableArns = (place: Place, data: Target['data']): readonly string[] =>
  unique([
    regional(place, 'glue', 'catalog'),
    ...data.map((set) => regional(place, 'glue', `database/${set.database}`)),
    ...data.flatMap((set) =>
      set.tables.map((table) => regional(place, 'glue', `table/${set.database}/${table}`))
    )
  ])

export const bucketArn = (place: Place, bucket: string): string =>
  `arn:${partitionOf(place.role)}:s3:::${bucket}`

/** The bucket and everything under the prefix, which is empty or ends in `/`. */
export const locationArns = (place: Place, { bucket, prefix }: S3Location): readonly string[] => [
  bucketArn(place, bucket),
  `${bucketArn(place, bucket)}/${prefix}*`
]

/** The keys of data and results, each once. */
export const keyArns = ({ data, results }: Pick<Target, 'data' | 'results'>): readonly string[] =>
  unique([...data.map((set) => set.key), ...(results.key === null ? [] : [results.key])])

export const unique = (values: readonly string[]): readonly string[] => [...new Set(values)]

const regional = (place: Place, service: string, rest: string): string =>
  `arn:${partitionOf(place.role)}:${service}:${place.region}:${place.account}:${rest}`
