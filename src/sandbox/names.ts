/**
 * The fixed names of the seeded account: what the example policies, the demo and the tests refer
 * to. Made up; no relation to any real account.
 */
export const ACCOUNT = '123456789012'
export const REGION = 'eu-west-1'
export const PARTITION = 'aws'

export const keyArn = (keyId: string): string =>
  `arn:${PARTITION}:kms:${REGION}:${ACCOUNT}:key/${keyId}`

export const roleArn = (name: string): string => `arn:${PARTITION}:iam::${ACCOUNT}:role/${name}`

export const KEY_IDS = {
  claimsData: '1a2b3c4d-0001-4000-8000-000000000001',
  claimsResults: '1a2b3c4d-0001-4000-8000-000000000002',
  /** data and results */
  payments: '1a2b3c4d-0001-4000-8000-000000000003'
} as const

export const BUCKETS = {
  claims: 'acme-claims',
  payments: 'acme-payments',
  results: 'acme-athena-results'
} as const

export const ROLES = {
  broker: 'sallyport-broker',
  claims: 'sallyport-claims',
  payments: 'sallyport-payments',
  keyAdmin: 'sallyport-key-admin',
  /** the producer that seeds tables: may write the data buckets under their keys */
  producer: 'acme-data-producer'
} as const

export const WORKGROUPS = {
  claims: 'claims-pii',
  payments: 'payments-pii',
  /** does not enforce its configuration: the posture check must find it */
  legacy: 'legacy-reports'
} as const

/** Of every workgroup and key that complies. */
export const TAGS = {
  owner: 'claims-data',
  classification: 'pii',
  'cost-center': 'insurance-4711'
} as const

/** Whom the issuer knows; their groups are in the example policies. */
export const PEOPLE = ['alice', 'bob', 'carol', 'dave', 'eve', 'erin', 'oscar', 'sam'] as const
