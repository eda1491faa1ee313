/**
 * Condition keys whose absence from a call means that they are absent. A key that is neither in
 * the call nor listed here was perhaps never looked up, so no answer can rest on it: `unknown`.
 * Source: Service Authorization Reference (Athena, Glue, KMS, S3, STS) and IAM User Guide, "AWS
 * global condition context keys"; only keys that callers of the evaluator do fill in.
 */
const names: ReadonlySet<string> = new Set(
  [
    'aws:CalledVia',
    'aws:CalledViaFirst',
    'aws:CalledViaLast',
    'aws:CurrentTime',
    'aws:EpochTime',
    'aws:PrincipalArn',
    'aws:PrincipalAccount',
    'aws:RequestedRegion',
    'aws:SecureTransport',
    'aws:SourceIdentity',
    'aws:TagKeys',
    'aws:TokenIssueTime',
    'aws:userid',
    'aws:ViaAWSService',
    'kms:CallerAccount',
    'kms:EncryptionContextKeys',
    'kms:GrantConstraintSourceArn',
    'kms:GrantConstraintType',
    'kms:GranteePrincipal',
    'kms:GranteeServicePrincipal',
    'kms:GrantIsForAWSResource',
    'kms:GrantOperations',
    'kms:RetiringPrincipal',
    'kms:RetiringServicePrincipal',
    'kms:ViaService',
    's3:delimiter',
    's3:prefix',
    'sts:ExternalId',
    'sts:RoleSessionName',
    'sts:SourceIdentity',
    'sts:TransitiveTagKeys'
  ].map((name) => name.toLowerCase())
)

const families = ['aws:principaltag/', 'aws:requesttag/', 'kms:encryptioncontext:'] as const

/** Whether a missing value of this key (any case) can be relied on to be missing. */
export const absenceMeansAbsent = (key: string): boolean => {
  const lower = key.toLowerCase()
  return names.has(lower) || families.some((family) => lower.startsWith(family))
}

/** `service:Name`, printable ASCII, no wildcard and no policy variable. */
export const isConditionKey = (key: string): boolean =>
  /^[A-Za-z0-9-]+:[ -~]+$/.test(key) && !/[*?$]/.test(key)
