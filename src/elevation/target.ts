/**
 * A target: one Athena workgroup with its role, keys, data and result locations, columns and
 * classification. Policy documents are parsed into this; iam turns it into what AWS is told.
 */
import type { TargetId } from './ids.ts'

export type S3Location = {
  readonly bucket: string
  /** empty, or ending in `/` */
  readonly prefix: string
}

export type DataSet = {
  readonly database: string
  readonly tables: readonly string[]
  readonly location: S3Location
  /** full ARN of the customer managed key the objects are encrypted under */
  readonly key: string
  /** true only if every object was written with the S3 Bucket Key on */
  readonly bucketKey: boolean
}

export type Results =
  | {
      readonly kind: 'bucket'
      readonly location: S3Location
      readonly key: string
      readonly bucketKey: boolean
    }
  | { readonly kind: 'managed'; readonly key: string | null }

export type Target = {
  readonly id: TargetId
  /** twelve digits */
  readonly account: string
  readonly region: string
  readonly workgroup: string
  /** ARN of the role whose sessions are issued */
  readonly role: string
  readonly classification: string
  /** `person:ID` or `group:NAME` */
  readonly owner: string
  /** Slack channel of its owner, where findings on it are told; absent: nowhere */
  readonly alerts?: string
  readonly data: readonly DataSet[]
  readonly results: Results
  /** `database.table` → column → class, e.g. `direct` or `quasi` */
  readonly columns: Readonly<Record<string, Readonly<Record<string, string>>>>
}

/** Every table of the target as `database.table`, in the order written. */
export const tablesOf = (target: Target): readonly string[] =>
  target.data.flatMap((set) => set.tables.map((table) => `${set.database}.${table}`))
