/**
 * Everything the sandbox knows, in memory: one account, its users, roles, sessions, keys and
 * grants, and the parts that S3, Glue and Athena keep. Nothing is written to disk and nothing
 * outlives the process.
 */
import type { PolicyDocument } from '../iam/policy-document.ts'
import type { AthenaState } from './athena-state.ts'
import type { SandboxClock } from './clock.ts'
import type { EventLog } from './events.ts'
import { type Faults, makeFaults } from './faults.ts'
import type { GlueState } from './glue-state.ts'
import type { S3State } from './s3-state.ts'

export type StoredPolicy = { readonly text: string; readonly document: PolicyDocument }

export type Boundary = { readonly arn: string; readonly policy: StoredPolicy }

export type Tags = Readonly<Record<string, string>>

export type User = {
  readonly name: string
  readonly userId: string
  readonly arn: string
  readonly policies: Map<string, StoredPolicy>
  /** ARNs of managed policies */
  readonly attached?: readonly string[]
  /** names of groups */
  readonly groups?: readonly string[]
  readonly boundary?: Boundary
  readonly tags?: Tags
}

export type Group = {
  readonly name: string
  readonly groupId: string
  readonly arn: string
  readonly policies: Map<string, StoredPolicy>
  readonly attached: readonly string[]
}

/** With its one version, `v1`. */
export type ManagedPolicy = {
  readonly name: string
  readonly policyId: string
  readonly arn: string
  readonly policy: StoredPolicy
  readonly createdAt: Date
}

export type Role = {
  readonly name: string
  readonly path: string
  /** `AROA...`: sessions and grants are bound to it, not to the name */
  readonly roleId: string
  readonly arn: string
  readonly trust: StoredPolicy
  readonly policies: Map<string, StoredPolicy>
  /** ARNs of managed policies */
  readonly attached?: readonly string[]
  readonly boundary?: Boundary
  readonly tags?: Tags
  readonly lastUsedAt?: Date
  readonly maxSessionSeconds: number
  readonly createdAt: Date
  readonly description?: string
}

/** Long-term key of a user. */
export type AccessKey = {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly userName: string
}

/**
 * Temporary credentials of a role session; kept after expiry so that they are told they expired.
 */
export type Session = {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken: string
  readonly roleName: string
  readonly roleId: string
  readonly sessionName: string
  /** `arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION` */
  readonly arn: string
  readonly policy?: StoredPolicy
  readonly tags: Readonly<Record<string, string>>
  readonly transitiveTagKeys: readonly string[]
  readonly sourceIdentity?: string
  readonly issuedAt: Date
  readonly notAfter: Date
}

export type KeyState = 'Enabled' | 'Disabled' | 'PendingDeletion' | 'PendingImport'

export type KmsKey = {
  readonly keyId: string
  readonly arn: string
  readonly description: string
  /** AES-256 key material; never leaves this process */
  readonly material: Buffer
  policy: StoredPolicy
  rotationEnabled: boolean
  /** absent: 365 */
  rotationPeriodDays?: number
  tags: Tags
  /** `alias/…` */
  readonly aliases?: readonly string[]
  /** absent: CUSTOMER */
  readonly manager?: 'AWS'
  /** absent: AWS_KMS */
  readonly origin?: 'EXTERNAL'
  /** of imported material */
  readonly materialExpiresAt?: Date
  readonly deletionAt?: Date
  readonly multiRegion?: boolean
  readonly createdAt: Date
  state: KeyState
}

export type GrantConstraints = {
  readonly EncryptionContextEquals?: Readonly<Record<string, string>>
  readonly EncryptionContextSubset?: Readonly<Record<string, string>>
}

export type Grant = {
  readonly grantId: string
  /** counts up over all grants; pages of a list go by it */
  readonly serial: number
  readonly keyId: string
  readonly keyArn: string
  readonly granteePrincipal: string
  /** unique id of the role behind a session or role grantee: a recreated role does not inherit */
  readonly granteeRoleId?: string
  readonly retiringPrincipal?: string
  readonly issuingAccount: string
  readonly operations: readonly string[]
  readonly constraints?: GrantConstraints
  readonly name?: string
  readonly createdAt: Date
}

export type World = {
  readonly partition: string
  readonly account: string
  readonly region: string
  readonly clock: SandboxClock
  readonly events: EventLog
  readonly faults: Faults
  readonly users: Map<string, User>
  readonly groups: Map<string, Group>
  readonly roles: Map<string, Role>
  /** by ARN */
  readonly managedPolicies: Map<string, ManagedPolicy>
  readonly accessKeys: Map<string, AccessKey>
  /** by access key id */
  readonly sessions: Map<string, Session>
  /** by key id */
  readonly keys: Map<string, KmsKey>
  /** by grant id, in order of creation */
  readonly grants: Map<string, Grant>
  /** grant token -> grant id; several tokens may name one grant */
  readonly grantTokens: Map<string, string>
  readonly s3: S3State
  readonly glue: GlueState
  readonly athena: AthenaState
}

export type WorldParts = Pick<
  World,
  'partition' | 'account' | 'region' | 'clock' | 'events' | 's3' | 'glue' | 'athena'
>

/** A world with an account and nobody in it. */
export const emptyWorld = (parts: WorldParts): World => ({
  ...parts,
  faults: makeFaults(parts.clock),
  users: new Map(),
  groups: new Map(),
  roles: new Map(),
  managedPolicies: new Map(),
  accessKeys: new Map(),
  sessions: new Map(),
  keys: new Map(),
  grants: new Map(),
  grantTokens: new Map()
})
