/**
 * The shape of an AWS policy document as this product writes and evaluates it, and the request it
 * is evaluated against. Source: IAM User Guide, "IAM JSON policy element reference".
 */
export type OneOrMany<T> = T | readonly T[]

export type ConditionBlock = Readonly<Record<string, Readonly<Record<string, OneOrMany<string>>>>>

export type PrincipalBlock = '*' | Readonly<Record<string, OneOrMany<string>>>

export type Statement = {
  readonly Sid?: string
  readonly Effect: 'Allow' | 'Deny'
  readonly Principal?: PrincipalBlock
  readonly NotPrincipal?: PrincipalBlock
  readonly Action?: OneOrMany<string>
  readonly NotAction?: OneOrMany<string>
  readonly Resource?: OneOrMany<string>
  readonly NotResource?: OneOrMany<string>
  readonly Condition?: ConditionBlock
}

export type PolicyDocument = {
  readonly Version: '2012-10-17'
  readonly Statement: readonly Statement[]
}

/** Who calls: the assumed-role session, IAM user, account root or AWS service that signed. */
export type Principal =
  | {
      readonly kind: 'session'
      /** `arn:P:sts::ACCOUNT:assumed-role/ROLE/SESSION` */
      readonly arn: string
      /** `arn:P:iam::ACCOUNT:role/PATH/ROLE` */
      readonly roleArn: string
      readonly account: string
    }
  | { readonly kind: 'user'; readonly arn: string; readonly account: string }
  | { readonly kind: 'service'; readonly service: string }

/** One call to decide. Context keys are matched without case; values keep theirs. */
export type AccessRequest = {
  readonly principal: Principal
  /** `service:Action`, e.g. `kms:Decrypt` */
  readonly action: string
  /** a full ARN, or `*` for actions without a resource type */
  readonly resource: string
  /** condition keys present in the call, e.g. `aws:CurrentTime`; an absent key is absent */
  readonly context: Readonly<Record<string, OneOrMany<string>>>
}

/** A KMS grant as it bears on a decision (KMS API, CreateGrant). */
export type GrantFact = {
  readonly grantId: string
  readonly keyArn: string
  readonly granteePrincipal: string
  readonly operations: readonly string[]
  readonly constraints?: {
    readonly EncryptionContextEquals?: Readonly<Record<string, string>>
    readonly EncryptionContextSubset?: Readonly<Record<string, string>>
  }
}

/** Everything that bears on one call. A missing `session` means: no session policy was passed. */
export type PolicySet = {
  readonly identity: readonly PolicyDocument[]
  readonly session?: PolicyDocument
  readonly boundary?: PolicyDocument
  /** key policy, bucket policy or trust policy of the resource; absent where it has none */
  readonly resource?: PolicyDocument
  /** account that owns the resource; differs from the caller's = both sides must allow */
  readonly resourceAccount?: string
  readonly grants?: readonly GrantFact[]
  /**
   * AWS does not say whether a session policy's implicit deny limits a grant that names the session
   * (KMS Developer Guide, "Policy evaluation"); the product must be safe either way.
   */
  readonly grantsLimitedBySession?: boolean
}

/** The answer and why. `unknown` lists every operator, key or element that was not understood. */
export type Verdict = {
  readonly decision: 'allow' | 'explicit-deny' | 'implicit-deny'
  /** the statement (policy kind and Sid or index), grant id or missing layer that decided */
  readonly by: string
  readonly unknown: readonly string[]
}
