/**
 * Rules on keys themselves: who manages them, whether they can be used, how they are rotated, named
 * and tagged, and how much hangs on each. Source: KMS API, KeyMetadata, GetKeyRotationStatus; KMS
 * Developer Guide, "Rotate AWS KMS keys".
 */
import type { KeyFacts } from './facts.ts'
import { keyMend, kms, newKeyMend, tagKeyMend } from './key-mend.ts'
import { cloudformation, expression, lastOf, line, terraform } from './mend.ts'
import { type KeyRule, type Shown, found, nothing, unseen } from './rule.ts'
import { type View, regionOf } from './scene.ts'
import { missingTags } from './workgroup-use-rules.ts'

const judges = 'key'
const day = 86_400
const soon = 90 * day * 1000

export const keyRules: readonly KeyRule[] = [
  {
    judges,
    code: 'key_aws_managed',
    severity: 'high',
    elsewhere: null,
    title: 'A target’s key is managed by AWS',
    why:
      'Nobody can make a grant on it or change its policy, so the broker cannot open or close ' +
      'the data.',
    seenBy: unseen,
    find: ({ manager, aliases }) =>
      manager === 'AWS'
        ? found(
            `AWS manages it${aliases.length === 0 ? '' : ` as ${aliases.toSorted().join(', ')}`}`
          )
        : nothing,
    mend: newKeyMend
  },
  {
    judges,
    code: 'key_disabled',
    severity: 'high',
    elsewhere: 'low',
    title: 'The key cannot be used',
    why: 'What is encrypted under it cannot be read, by the broker’s sessions neither.',
    seenBy: { prowler: null, config: null },
    find: ({ state }) =>
      ['Enabled', 'PendingDeletion', 'PendingReplicaDeletion'].includes(state)
        ? nothing
        : found(`its state is ${state}`),
    mend: (key) =>
      keyMend(key, {
        words: ['enable-key'],
        properties: { Enabled: true },
        body: { is_enabled: true }
      })
  },
  {
    judges,
    code: 'key_pending_deletion',
    severity: 'critical',
    elsewhere: 'medium',
    title: 'The key is about to be deleted',
    why: 'Once it is gone, nobody can ever read what was encrypted under it.',
    seenBy: {
      prowler: { rule: 'kms_cmk_not_deleted_unintentionally', sees: 'all' },
      config: { rule: 'kms-cmk-not-scheduled-for-deletion', sees: 'all' }
    },
    find: ({ state, deletionAt }) =>
      state === 'PendingDeletion' || state === 'PendingReplicaDeletion'
        ? found(`its state is ${state}${deletionAt === null ? '' : `, for ${deletionAt}`}`)
        : nothing,
    mend: (key) => {
      const mend = keyMend(key, {
        words: ['cancel-key-deletion'],
        properties: { Enabled: true },
        body: { is_enabled: true }
      })
      return { ...mend, cli: [...mend.cli, kms(key.arn, 'enable-key')] }
    }
  },
  {
    judges,
    code: 'key_material_expiring',
    severity: 'high',
    elsewhere: 'low',
    title: 'The imported key material expires',
    why: 'When it does, the key is unusable until the very same material is imported again.',
    seenBy: unseen,
    find: ({ materialExpiresAt }, { scene }) =>
      materialExpiresAt !== null && Date.parse(materialExpiresAt) - scene.now < soon
        ? found(`its material expires at ${materialExpiresAt}`)
        : nothing,
    mend: ({ arn }) => ({
      cli: [
        kms(
          arn,
          'get-parameters-for-import',
          '--wrapping-algorithm',
          'RSAES_OAEP_SHA_256',
          '--wrapping-key-spec',
          'RSA_4096'
        ),
        kms(
          arn,
          'import-key-material',
          '--import-token',
          'fileb://token',
          '--encrypted-key-material',
          'fileb://material',
          '--expiration-model',
          'KEY_MATERIAL_DOES_NOT_EXPIRE'
        )
      ],
      cloudformation: '# Key material is imported by its owner; CloudFormation cannot.',
      terraform: terraform('aws_kms_external_key', {
        key_material_base64: expression('var.key_material_base64')
      })
    })
  },
  {
    judges,
    code: 'key_of_wrong_kind',
    severity: 'high',
    elsewhere: null,
    title: 'The key cannot encrypt objects of S3',
    why: 'SSE-KMS takes symmetric encryption keys alone.',
    seenBy: unseen,
    find: ({ spec, usage }) =>
      spec === 'SYMMETRIC_DEFAULT' && usage === 'ENCRYPT_DECRYPT'
        ? nothing
        : found(`it is a key ${spec} for ${usage}`),
    mend: newKeyMend
  },
  {
    judges,
    code: 'key_multi_region',
    severity: 'low',
    elsewhere: null,
    title: 'The key exists in several regions',
    why:
      'A replica has a policy and grants of its own: whoever may use that one reads the same ' +
      'data.',
    seenBy: { prowler: { rule: 'kms_cmk_not_multi_region', sees: 'all' }, config: null },
    find: ({ multiRegion }) => (multiRegion ? found('it is a multi-Region key') : nothing),
    mend: newKeyMend
  },
  {
    judges,
    code: 'key_rotation_off',
    severity: 'medium',
    elsewhere: 'low',
    title: 'The key is not rotated',
    why: 'The longer one key is used, the more a single disclosure opens.',
    seenBy: {
      prowler: { rule: 'kms_cmk_rotation_enabled', sees: 'all' },
      config: { rule: 'cmk-backing-key-rotation-enabled', sees: 'all' }
    },
    find: (key) => {
      if (key.manager === 'AWS' || key.state === 'PendingDeletion') return nothing
      if (!rotatesByItself(key)) {
        return isTargetsKind(key)
          ? found(`KMS does not rotate a key of origin ${key.origin}`)
          : nothing
      }
      return key.rotation?.enabled === false ? found('automatic rotation is off') : nothing
    },
    mend: rotationMend
  },
  {
    judges,
    code: 'key_rotation_slow',
    severity: 'low',
    elsewhere: 'low',
    title: 'The key is rotated less often than the policy wants',
    why: 'The policy’s maxRotation bounds how long one key is used.',
    seenBy: unseen,
    find: ({ rotation }, { scene }) => {
      const most = Math.floor(scene.posture.maxRotation / day)
      // KMS rotates every 365 days where no period was set
      const days = rotation?.enabled === true ? (rotation.periodDays ?? 365) : 0
      return days > most
        ? found(`it is rotated every ${days} days, at most ${most} are allowed`)
        : nothing
    },
    mend: rotationMend
  },
  {
    judges,
    code: 'key_alias_form',
    severity: 'low',
    elsewhere: 'low',
    title: 'No alias says what the key is for',
    why:
      'alias/ENV-APP-PURPOSE tells whoever reads a policy, a bill or a log entry what the key ' +
      'protects.',
    seenBy: unseen,
    find: (key, { scene }) => {
      if (key.manager === 'AWS') return nothing
      const environments = scene.posture.environments
      if (key.aliases.some((alias) => isWellNamed(alias, environments))) return nothing
      return found(
        key.aliases.length === 0
          ? 'it has no alias'
          : `none of its aliases is of the form: ${key.aliases.toSorted().join(', ')}`
      )
    },
    mend: (key, view) => {
      const [target] = view.targetsOf(key.arn)
      const [environment = 'prod'] = view.scene.posture.environments ?? []
      const app = (target?.id ?? lastOf(key.arn)).replaceAll(/[^a-z0-9-]/g, '-')
      const alias = `alias/${environment}-${app}-data`
      return {
        cli: [
          line(
            'aws',
            'kms',
            'create-alias',
            '--region',
            regionOf(key.arn),
            '--alias-name',
            alias,
            '--target-key-id',
            key.arn
          )
        ],
        cloudformation: cloudformation('AWS::KMS::Alias', {
          AliasName: alias,
          TargetKeyId: key.arn
        }),
        terraform: terraform('aws_kms_alias', { name: alias, target_key_id: key.arn })
      }
    }
  },
  {
    judges,
    code: 'key_tag_missing',
    severity: 'low',
    elsewhere: 'low',
    title: 'A tag that every key has is missing',
    why:
      'Without owner, classification and cost center nobody answers for it, and its cost is ' +
      'nobody’s.',
    seenBy: { prowler: null, config: { rule: 'kms-key-tagged', sees: 'part' } },
    find: ({ manager, tags }, { scene }) =>
      manager === 'AWS' ? nothing : missingTags(tags, scene.posture.requiredTags),
    mend: (key, _, { part }) => tagKeyMend(key, part)
  },
  {
    judges,
    code: 'key_shared',
    severity: 'medium',
    elsewhere: null,
    title: 'One key serves more targets than allowed',
    why:
      'Whoever is granted one of them holds the key of all: only the fence of each grant ' +
      'keeps them apart.',
    seenBy: unseen,
    find: (key, view) => {
      const names = view.targetsOf(key.arn).map(({ id }) => id)
      const most = view.scene.posture.maxTargetsPerKey
      return new Set(names).size > most
        ? found(`it serves ${names.toSorted().join(', ')}; at most ${most} may share one`)
        : nothing
    },
    mend: newKeyMend
  },
  {
    judges,
    code: 'key_mixed_classifications',
    severity: 'high',
    elsewhere: null,
    title: 'One key serves data of different classifications',
    why: 'What is allowed for the lesser data reaches the key of the other.',
    seenBy: unseen,
    find: (key, view) => {
      const classes = new Set(view.targetsOf(key.arn).map(({ classification }) => classification))
      return classes.size > 1 ? found(`it serves ${[...classes].toSorted().join(', ')}`) : nothing
    },
    mend: newKeyMend
  },
  {
    judges,
    code: 'facts_missing',
    severity: 'high',
    elsewhere: 'low',
    title: 'Part of the key could not be read',
    why: 'What was not read cannot be judged, and is not taken to be in order.',
    seenBy: unseen,
    find: (key) => unread(key),
    mend: ({ arn }, _, { part }) => ({
      cli: [kms(arn, lowered(part))],
      cloudformation: `# Let the collector's role call ${part}, then collect again.`,
      terraform: `# Let the collector's role call ${part}, then collect again.`
    })
  }
]

const isTargetsKind = ({ spec, usage }: KeyFacts): boolean =>
  spec === 'SYMMETRIC_DEFAULT' && usage === 'ENCRYPT_DECRYPT'

const rotatesByItself = (key: KeyFacts): boolean => key.origin === 'AWS_KMS' && isTargetsKind(key)

function rotationMend(key: KeyFacts, view: View) {
  if (!rotatesByItself(key)) return newKeyMend(key, view)
  const days = Math.floor(view.scene.posture.maxRotation / day)
  return keyMend(key, {
    words: ['enable-key-rotation', '--rotation-period-in-days', String(days)],
    properties: { EnableKeyRotation: true, RotationPeriodInDays: days },
    body: { enable_key_rotation: true, rotation_period_in_days: days }
  })
}

const isWellNamed = (alias: string, environments: readonly string[] | null): boolean => {
  const match = /^alias\/([a-z0-9]+)-[a-z0-9]+(?:-[a-z0-9]+)+$/.exec(alias)
  return match !== null && (environments === null || environments.includes(match[1] ?? ''))
}

/** AWS answers neither rotation nor grants of its own keys to others. */
const unread = (key: KeyFacts): readonly Shown[] => {
  if (key.manager === 'AWS') return nothing
  const parts = [
    ['kms:GetKeyPolicy', key.policy === null],
    ['kms:ListGrants', key.grants === null],
    ['kms:GetKeyRotationStatus', key.rotation === null && rotatesByItself(key)]
  ] as const
  return parts.flatMap(([part, isMissing]) =>
    isMissing ? [{ part, shows: `${part} was not answered` }] : []
  )
}

/** `kms:GetKeyPolicy` as the CLI spells it. */
const lowered = (call: string): string =>
  call
    .replace(/^kms:/, '')
    .replaceAll(/(?<!^)[A-Z]/g, '-$&')
    .toLowerCase()
