/**
 * Rules on who a key's policy lets in. Each principal is told once, under the worst that it is:
 * everybody, the account, another account, full control, administration with reading, reading. The
 * broker's sessions read by grants alone, so the policy of a target's key lets nobody decrypt.
 */
import type { KeyFacts } from './facts.ts'
import { type Access, decryptActions, keyAccess } from './key-access.ts'
import { kms, policyMend, useActions } from './key-mend.ts'
import { opensTo } from './key-root.ts'
import { type KeyRule, type Shown, unseen } from './rule.ts'
import { type View, accountOf } from './scene.ts'

const judges = 'key'
const notPublic = { rule: 'kms-key-policy-no-public-access', sees: 'part' } as const

export const keyPolicyRules: readonly KeyRule[] = [
  {
    judges,
    code: 'key_policy_wildcard',
    severity: 'critical',
    elsewhere: 'high',
    title: 'The key’s policy names everybody',
    why:
      'Principal "*" is every identity of every account; only the conditions beside it keep ' +
      'anybody out.',
    seenBy: {
      prowler: { rule: 'kms_key_not_publicly_accessible', sees: 'part' },
      config: notPublic
    },
    find: (key, view) =>
      ranked(key, view, 'wildcard').map((one) =>
        one.account === null
          ? shown(one, `lets identities of any account ${abilities(one)}`)
          : {
              ...shown(one, `lets every identity of account ${one.account} ${abilities(one)}`),
              severity: 'high'
            }
      ),
    mend: cut(null)
  },
  {
    judges,
    code: 'key_policy_root_delegation',
    severity: 'medium',
    elsewhere: 'low',
    title: 'The key’s policy leaves its use to the account’s IAM policies',
    why:
      'Whoever can write an IAM policy in the account can let anybody read. It is AWS’s ' +
      'default, not public access.',
    seenBy: {
      prowler: { rule: 'iam_policy_no_full_access_to_kms', sees: 'part' },
      config: { rule: 'iam-customer-policy-blocked-kms-actions', sees: 'part' }
    },
    find: (key, view) =>
      ranked(key, view, 'root').map((one) => {
        const { certain, possible } = opensTo(key, view)
        const whom = [
          ...(certain.length > 0 ? [several(certain)] : []),
          ...(possible.length > 0 ? [`possibly ${several(possible)}`] : [])
        ]
        const opened = whom.length === 0 ? 'nobody at present' : whom.join(', ')
        const says = `lets IAM policies of the account allow to ${abilities(one)}`
        return {
          ...shown(one, `${says}; they open it to ${opened}`),
          ...(whom.length === 0 ? { severity: 'low' as const } : {})
        }
      }),
    mend: cut(useActions)
  },
  {
    judges,
    code: 'key_policy_cross_account',
    severity: 'high',
    elsewhere: 'medium',
    title: 'The key’s policy lets another account use the key',
    why: 'Who may use it there is decided by that account’s policies, which nobody here sees.',
    seenBy: { prowler: null, config: notPublic },
    find: (key, view) =>
      ranked(key, view, 'elsewhere').map((one) =>
        shown(one, `lets ${one.name} of account ${one.account} ${abilities(one)}`)
      ),
    mend: cut(null)
  },
  {
    judges,
    code: 'key_policy_full_control',
    severity: 'high',
    elsewhere: 'low',
    title: 'The key’s policy gives somebody everything',
    why:
      'kms:* is reading, granting and changing the policy: one identity can open the data and ' +
      'cover it up.',
    seenBy: unseen,
    find: (key, view) =>
      ranked(key, view, 'control').map((one) => shown(one, `gives ${one.name} kms:*`)),
    mend: cut(useActions)
  },
  {
    judges,
    code: 'key_policy_admin_decrypts',
    severity: 'high',
    elsewhere: 'low',
    title: 'Who administers the key can also read with it',
    why: 'Duties are separate only where whoever changes the policy cannot use the key.',
    seenBy: unseen,
    find: (key, view) =>
      ranked(key, view, 'admin').map((one) =>
        shown(one, `lets ${one.name} both administer the key and decrypt`)
      ),
    mend: cut(decryptActions)
  },
  {
    judges,
    code: 'key_policy_decrypt',
    severity: 'high',
    elsewhere: null,
    title: 'The key’s policy lets somebody decrypt without an elevation',
    why:
      'The broker’s sessions decrypt by grants that end; whoever the policy names decrypts at ' +
      'any time, and nobody approves it.',
    seenBy: unseen,
    find: (key, view) =>
      ranked(key, view, 'reader').map((one) => shown(one, `lets ${one.name} decrypt`)),
    mend: cut(decryptActions)
  },
  {
    judges,
    code: 'key_policy_unfenced_grants',
    severity: 'high',
    elsewhere: 'low',
    title: 'Somebody may make any grant on the key',
    why:
      'A grant can give what its maker does not have. Only conditions on grantee, retiring ' +
      'principal and operations keep CreateGrant to the broker’s sessions.',
    seenBy: unseen,
    find: (key, view) =>
      of(key, view)
        .filter((one) => one.grantsFreely && !one.hasAll && isOwn(one, key))
        .map((one) => shown(one, `lets ${one.name} make grants to anybody, for any operation`)),
    mend: cut(['kms:CreateGrant'])
  },
  {
    judges,
    code: 'policy_not_evaluated',
    severity: 'high',
    elsewhere: 'high',
    title: 'The key’s policy cannot be evaluated',
    why: 'What it allows is not known, so nothing says that it is narrow.',
    seenBy: unseen,
    find: (key, view) => {
      if (key.manager === 'AWS' || key.policy === null) return []
      const { unknown } = keyAccess(key, view)
      return unknown.length === 0 ? [] : [{ part: '', shows: notEvaluated(unknown) }]
    },
    mend: ({ arn }) => ({
      cli: [
        kms(
          arn,
          'get-key-policy',
          '--policy-name',
          'default',
          '--query',
          'Policy',
          '--output',
          'text'
        )
      ],
      cloudformation: rewrite,
      terraform: rewrite
    })
  }
]

/** At most five reasons of what could not be evaluated. */
export const notEvaluated = (reasons: readonly string[]): string =>
  [
    `not evaluated: ${reasons.slice(0, 5).join('; ')}`,
    ...(reasons.length > 5 ? [`and ${reasons.length - 5} more`] : [])
  ].join(' ')

export const rewrite = [
  '# Name the principals and actions that are meant: Principal and Action instead of NotPrincipal',
  '# and NotAction, whole ARNs instead of variables, and operators such as StringEquals and ArnLike.'
].join('\n')

type Rank = 'wildcard' | 'root' | 'elsewhere' | 'control' | 'admin' | 'reader'

const ranked = (key: KeyFacts, view: View, rank: Rank): readonly Access[] =>
  of(key, view).filter((one) => rankOf(one, key) === rank)

const of = (key: KeyFacts, view: View): readonly Access[] =>
  key.manager === 'AWS' ? [] : keyAccess(key, view).all

const rankOf = (one: Access, key: KeyFacts): Rank | null => {
  const isAnything = one.decrypts || one.administers || one.grantsFreely
  switch (one.kind) {
    case 'anyone':
      return isAnything ? 'wildcard' : null
    case 'account':
      if (one.account !== accountOf(key.arn)) return isAnything ? 'elsewhere' : null
      // without administration through the account a key can be lost for good
      return one.decrypts || one.grantsFreely ? 'root' : null
    case 'service':
      return one.decrypts ? 'reader' : null
    case 'identity':
      if (one.account !== accountOf(key.arn)) return isAnything ? 'elsewhere' : null
      if (one.hasAll) return 'control'
      if (!one.decrypts) return null
      return one.administers ? 'admin' : 'reader'
  }
}

/** Everybody else is told as a whole, under the other rules. */
const isOwn = (one: Access, key: KeyFacts): boolean =>
  one.kind === 'identity' && one.account === accountOf(key.arn)

const shown = ({ name, statements }: Access, says: string): Shown => ({
  part: name,
  shows: `its policy ${says}${statements.length === 0 ? '' : ` (${statements.join(', ')})`}`
})

const abilities = ({ decrypts, administers, grantsFreely }: Access): string =>
  [
    ...(decrypts ? ['decrypt'] : []),
    ...(grantsFreely ? ['make any grant'] : []),
    ...(administers ? ['administer the key'] : [])
  ].join(', ')

const several = (names: readonly string[]): string =>
  names.length <= 4
    ? names.join(', ')
    : `${names.slice(0, 3).join(', ')} and ${names.length - 3} more`

function cut(actions: readonly string[] | null): KeyRule['mend'] {
  return (key, view, { part }) => policyMend(key, view, { principals: [part], actions })
}
