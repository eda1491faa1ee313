/**
 * Rules on the roles whose sessions the broker issues. Such a role reads nothing by itself: Decrypt
 * comes from grants, only the broker may assume it, a boundary bounds what could be written into
 * it, and no session outlives an hour. Source: IAM User Guide, "Methods to assume a role",
 * "Permissions boundaries".
 */
import { notEvaluated, rewrite } from './key-policy-rules.ts'
import { line } from './mend.ts'
import { nameOf } from './policy-text.ts'
import { allowsDecrypt, assumers, assumes, brokerOf, nameOfRole } from './role-access.ts'
import { boundaryMend, roleMend, trustMend, withoutMend } from './role-mend.ts'
import { type RoleRule, type Shown, found, nothing, unseen } from './rule.ts'

const role = { judges: 'role', elsewhere: null } as const
const hour = 3600

export const roleRules: readonly RoleRule[] = [
  {
    ...role,
    code: 'role_decrypts',
    severity: 'high',
    title: 'The role may decrypt by itself',
    why: 'Then a session needs no grant, and ending the grant ends nothing.',
    seenBy: {
      prowler: { rule: 'iam_policy_no_full_access_to_kms', sees: 'part' },
      config: { rule: 'iam-inline-policy-blocked-kms-actions', sees: 'part' }
    },
    find: ({ policies }, view) =>
      policies.flatMap(({ name, text }) => {
        const own = view
          .read(text)
          .document.Statement.flatMap((statement, at) =>
            allowsDecrypt(statement) ? [nameOf(statement, at)] : []
          )
        return own.length === 0
          ? []
          : [{ part: name, shows: `its policy ${name} allows it to decrypt (${own.join(', ')})` }]
      }),
    mend: withoutMend
  },
  {
    ...role,
    code: 'role_trust_wide',
    severity: 'high',
    title: 'Others than the broker may assume the role',
    why:
      'Whoever assumes it without a session policy has everything that any elevation could ' +
      'open.',
    seenBy: unseen,
    find: ({ trust }, { read, scene }) => {
      if (trust === null) return nothing
      const names = assumers(read(trust).document)
      const isOneRole =
        names.length === 1 && /^arn:[a-z-]+:iam::[0-9]{12}:role\//.test(names[0] ?? '')
      if (scene.broker === null && isOneRole) return nothing
      return names
        .filter((name) => name !== scene.broker)
        .map((name) => ({ part: name, shows: `its trust policy lets ${name} assume it` }))
    },
    mend: trustMend
  },
  {
    ...role,
    code: 'role_trust_unfenced',
    severity: 'medium',
    title: 'The broker may assume the role under any name',
    why:
      'A session that is not jit-<ULID> of somebody is in no elevation, and AWS’s log does ' +
      'not say whose it was.',
    seenBy: unseen,
    find: (one, view) => {
      const { trust } = one
      const broker = brokerOf(one, view)
      if (trust === null || broker === null) return nothing
      const { document } = view.read(trust)
      const isLet = (context: Readonly<Record<string, string>>): boolean =>
        assumes({ arn: one.arn, broker, document, context })
      return [
        ...(isLet({ 'sts:RoleSessionName': 'anything', 'sts:SourceIdentity': 'somebody' })
          ? [{ part: 'name', shows: 'its trust policy asks for no session name jit-*' }]
          : []),
        ...(isLet({ 'sts:RoleSessionName': 'jit-01KAJTH8G0000000000000000A' })
          ? [{ part: 'identity', shows: 'its trust policy asks for no source identity' }]
          : [])
      ]
    },
    mend: trustMend
  },
  {
    ...role,
    code: 'role_no_boundary',
    severity: 'high',
    title: 'The role has no permissions boundary',
    why:
      'The broker writes policies of this role when it ends sessions; only a boundary bounds ' +
      'what anybody who may do that could add.',
    seenBy: unseen,
    find: ({ boundary }) => (boundary === null ? found('it has no permissions boundary') : nothing),
    mend: boundaryMend
  },
  {
    ...role,
    code: 'role_long_sessions',
    severity: 'medium',
    title: 'Sessions of the role may be longer than an hour',
    why: 'The broker needs no longer ones; a longer one in other hands stays open longer.',
    seenBy: unseen,
    find: ({ maxSessionSeconds }) =>
      maxSessionSeconds !== null && maxSessionSeconds > hour
        ? found(`its sessions may last ${maxSessionSeconds} seconds`)
        : nothing,
    mend: (one) =>
      roleMend(one, {
        words: ['update-role', '--max-session-duration', String(hour)],
        properties: { MaxSessionDuration: hour },
        body: { max_session_duration: hour }
      })
  },
  {
    ...role,
    code: 'policy_not_evaluated',
    severity: 'high',
    title: 'A policy of the role cannot be evaluated',
    why: 'What it allows is not known, so nothing says that it is narrow.',
    seenBy: unseen,
    find: ({ policies, boundary, trust }, { read }) =>
      [
        ...policies.map(({ name, text }) => [`policy ${name}`, text] as const),
        ...(boundary === null ? [] : [['boundary', boundary] as const]),
        ...(trust === null ? [] : [['trust policy', trust] as const])
      ].flatMap(([part, text]): readonly Shown[] => {
        const { odd } = read(text)
        return odd.length === 0 ? [] : [{ part, shows: `its ${part} is ${notEvaluated(odd)}` }]
      }),
    mend: ({ arn }) => ({
      cli: [
        line(
          'aws',
          'iam',
          'get-account-authorization-details',
          '--filter',
          'Role',
          '--query',
          `RoleDetailList[?RoleName=='${nameOfRole(arn)}']`
        )
      ],
      cloudformation: rewrite,
      terraform: rewrite
    })
  },
  {
    ...role,
    code: 'facts_missing',
    severity: 'high',
    title: 'Part of the role could not be read',
    why: 'What was not read cannot be judged, and is not taken to be in order.',
    seenBy: unseen,
    find: ({ trust, maxSessionSeconds }) => [
      ...(trust === null ? [{ part: 'trust', shows: 'its trust policy is not known' }] : []),
      ...(maxSessionSeconds === null
        ? [{ part: 'iam:GetRole', shows: 'the length of its sessions is not known' }]
        : [])
    ],
    mend: ({ arn }) => ({
      cli: [line('aws', 'iam', 'get-role', '--role-name', nameOfRole(arn))],
      cloudformation: '# Let the collector’s role call iam:GetRole, then collect again.',
      terraform: '# Let the collector’s role call iam:GetRole, then collect again.'
    })
  }
]
