/**
 * What AWS said about workgroups, keys, buckets, tables and principals, as one dated snapshot that
 * can be saved and judged again. Names follow the AWS APIs they come from; ARNs carry account and
 * region. What could not be read is a `gap`, never an empty list.
 */

/** One call that was not answered, or answered in part: what it would have told is unknown. */
export type Gap = {
  /** `athena:GetWorkGroup` */
  readonly call: string
  /** ARN or name that was asked about; null = the whole listing */
  readonly resource: string | null
  /** AWS's error code, such as `AccessDeniedException` */
  readonly code: string
  readonly message: string
}

export type Tags = Readonly<Record<string, string>>

/** athena:GetWorkGroup, ListTagsForResource, and the latest executions. */
export type WorkgroupFacts = {
  readonly arn: string
  readonly name: string
  readonly state: 'ENABLED' | 'DISABLED'
  /** by `EngineVersion`: "PySpark engine version 3" is spark */
  readonly engine: 'sql' | 'spark'
  readonly createdAt: string | null
  /** `EnforceWorkGroupConfiguration` */
  readonly enforced: boolean
  readonly results: {
    readonly location: string | null
    readonly encryption: 'SSE_S3' | 'SSE_KMS' | 'CSE_KMS' | null
    readonly key: string | null
    readonly expectedBucketOwner: string | null
  }
  /** null = off; `key` null = encrypted with a key that AWS owns */
  readonly managedResults: { readonly key: string | null } | null
  /** `EnableMinimumEncryptionConfiguration` */
  readonly minimumEncryption: boolean
  readonly bytesScannedCutoff: number | null
  /** `PublishCloudWatchMetricsEnabled` */
  readonly metrics: boolean
  readonly executionRole: string | null
  readonly identityCenter: boolean
  readonly tags: Tags
  /** from its latest executions; null = there are none, or they could not be read (see gaps) */
  readonly lastQueryAt: string | null
  /** databases that its latest executions named */
  readonly databases: readonly string[]
  /** how many of the latest executions had result reuse on */
  readonly reusedResults: number
}

/** kms:ListGrants, one grant. */
export type GrantFacts = {
  readonly id: string
  readonly name: string | null
  readonly grantee: string
  readonly retiring: string | null
  readonly issuingAccount: string | null
  readonly operations: readonly string[]
  /** `EncryptionContextEquals` or `EncryptionContextSubset`; null = unconstrained */
  readonly constraints: Readonly<Record<string, Readonly<Record<string, string>>>> | null
  readonly createdAt: string | null
}

/**
 * kms:DescribeKey, GetKeyRotationStatus, ListAliases, ListResourceTags, GetKeyPolicy, ListGrants.
 */
export type KeyFacts = {
  readonly arn: string
  readonly manager: 'CUSTOMER' | 'AWS'
  /** `KeyState`: Enabled, Disabled, PendingDeletion, PendingImport, Unavailable … */
  readonly state: string
  readonly spec: string
  readonly usage: string
  readonly origin: string
  readonly multiRegion: boolean
  readonly createdAt: string | null
  readonly deletionAt: string | null
  /** `ValidTo` of imported material */
  readonly materialExpiresAt: string | null
  /** null = could not be read (see gaps) */
  readonly rotation: { readonly enabled: boolean; readonly periodDays: number | null } | null
  /** `alias/prod-claims-data` */
  readonly aliases: readonly string[]
  readonly tags: Tags
  /** JSON text of the key policy; null = could not be read (see gaps) */
  readonly policy: string | null
  /** null = could not be read (see gaps) */
  readonly grants: readonly GrantFacts[] | null
  /** AWS's code for the broker's CreateGrant with `DryRun`; absent = it was not asked */
  readonly grantDryRun?: string
}

/** s3:GetBucketEncryption, GetBucketPolicy, GetBucketLocation. */
export type BucketFacts = {
  readonly name: string
  readonly region: string | null
  readonly encryption: {
    readonly algorithm: 'AES256' | 'aws:kms' | 'aws:kms:dsse'
    readonly key: string | null
    readonly bucketKey: boolean
  } | null
  /** JSON text; null = has none; a policy that could not be read is a gap */
  readonly policy: string | null
}

/** glue:GetTables. */
export type TableFacts = {
  /** `arn:aws:glue:…:table/database/table` */
  readonly arn: string
  readonly database: string
  readonly table: string
  readonly location: string | null
}

/** One policy that a principal has, resolved to its text: inline, attached, or a group's. */
export type PolicyFacts = {
  readonly name: string
  readonly from: 'inline' | 'attached' | 'group'
  readonly text: string
}

/** iam:GetAccountAuthorizationDetails. */
export type PrincipalFacts = {
  readonly arn: string
  readonly kind: 'role' | 'user'
  /** `AROA…` or `AIDA…` */
  readonly id: string
  readonly policies: readonly PolicyFacts[]
  /** JSON text of the permissions boundary; null = none */
  readonly boundary: string | null
  /** JSON text of who may assume it; null for a user */
  readonly trust: string | null
  readonly maxSessionSeconds: number | null
  readonly lastUsedAt: string | null
  readonly tags: Tags
}

export type Facts = {
  readonly version: 1
  /** ISO 8601 UTC, when collecting began */
  readonly at: string
  readonly accounts: readonly string[]
  readonly gaps: readonly Gap[]
  readonly workgroups: readonly WorkgroupFacts[]
  readonly keys: readonly KeyFacts[]
  readonly buckets: readonly BucketFacts[]
  readonly tables: readonly TableFacts[]
  readonly principals: readonly PrincipalFacts[]
}
