/**
 * Rules on the grants of a key. The broker's are named `jit/…`, give Decrypt alone to one session
 * `jit-<ULID>` of a target's role and end with it; nothing in AWS ends a grant by itself. Source:
 * KMS Developer Guide, "Grants in AWS KMS", "Quotas"; a listing may name a grantee by its unique
 * id.
 */
import type { GrantFacts, KeyFacts } from './facts.ts'
import type { Mend } from './finding.ts'
import { kms, revokeMend } from './key-mend.ts'
import { type KeyRule, type Shown, found, nothing, unseen } from './rule.ts'
import { type View, accountOf } from './scene.ts'

const judges = 'key'

export const grantRules: readonly KeyRule[] = [
  {
    judges,
    code: 'grant_orphaned',
    severity: 'medium',
    elsewhere: 'low',
    title: 'A grant has outlived what it was made for',
    why: 'Grants never end by themselves: whoever becomes that principal again has what it gives.',
    seenBy: unseen,
    find: each((grant, _, view) => {
      const end = Date.parse(grant.createdAt ?? '') + view.scene.longestWindow * 1000
      if (isBrokers(grant) && end < view.scene.now) {
        return `was made at ${grant.createdAt}, longer ago than any elevation lasts`
      }
      return isGone(grant, view) ? `is for ${grant.grantee}, which no longer exists` : null
    }),
    mend: revoke
  },
  {
    judges,
    code: 'grant_too_wide',
    severity: 'high',
    elsewhere: null,
    title: 'A grant allows more than Decrypt',
    why:
      'The broker grants Decrypt and nothing else; CreateGrant in a grant lets its holder ' +
      'pass it on.',
    seenBy: unseen,
    find: each((grant) => {
      const more = grant.operations.filter((one) => one !== 'Decrypt' && one !== 'DescribeKey')
      const isWide = isBrokers(grant) ? more.length > 0 : more.includes('CreateGrant')
      return isWide ? `allows ${grant.operations.toSorted().join(', ')}` : null
    }),
    mend: revoke
  },
  {
    judges,
    code: 'grant_outside_broker',
    severity: 'high',
    elsewhere: null,
    title: 'A grant lets somebody decrypt without an elevation',
    why:
      'The broker grants to the session of one elevation. This grant is to somebody else, and ' +
      'nothing ends it.',
    seenBy: unseen,
    find: each((grant, key, view) =>
      reads(grant) && !isForeign(grant, key) && !isOfElevation(grant, key, view)
        ? `lets ${grant.grantee} decrypt`
        : null
    ),
    mend: revoke
  },
  {
    judges,
    code: 'grant_cross_account',
    severity: 'high',
    elsewhere: 'medium',
    title: 'A grant lets another account use the key',
    why: 'Who may use it there is decided by that account’s policies, which nobody here sees.',
    seenBy: unseen,
    find: each((grant, key) =>
      reads(grant) && isForeign(grant, key) ? `lets ${grant.grantee} decrypt` : null
    ),
    mend: revoke
  },
  {
    judges,
    code: 'grant_unconstrained',
    severity: 'low',
    elsewhere: null,
    title: 'A grant is not fenced to a bucket',
    why:
      'All data under the key was written with the S3 Bucket Key, so its encryption context ' +
      'is known and the grant could name it.',
    seenBy: unseen,
    find: each((grant, key, view) => {
      const places = view
        .targetsOf(key.arn)
        .flatMap(({ data }) => data.filter((set) => set.key === key.arn))
      const isKnown = places.length > 0 && places.every(({ bucketKey }) => bucketKey)
      const isFree = Object.keys(grant.constraints ?? {}).length === 0
      return isBrokers(grant) && reads(grant) && isKnown && isFree
        ? 'has no constraint on the encryption context'
        : null
    }),
    mend: revoke
  },
  {
    judges,
    code: 'grants_near_quota',
    severity: 'medium',
    elsewhere: 'low',
    title: 'The key has nearly as many grants as KMS allows',
    why:
      'At 50,000 no further grant is made: nobody gets in any more, and a listing takes ' +
      'minutes.',
    seenBy: unseen,
    find: ({ grants }, { scene }) =>
      grants !== null && grants.length >= scene.posture.grantsWarnAt
        ? found(`it has ${grants.length} grants of 50,000`)
        : nothing,
    mend: ({ arn, grants }) => ({
      cli: (grants ?? [])
        .filter(isBrokers)
        .toSorted((a, b) => (a.createdAt ?? '').localeCompare(b.createdAt ?? ''))
        .slice(0, 10)
        .map(({ id }) => kms(arn, 'revoke-grant', '--grant-id', id))
        .concat(kms(arn, 'list-grants', '--query', 'length(Grants)')),
      cloudformation: '# A grant is no resource of CloudFormation: whoever made it has to end it.',
      terraform: '# Take out resources "aws_kms_grant" that are no longer needed.'
    })
  }
]

const isBrokers = ({ name }: GrantFacts): boolean => name?.startsWith('jit/') === true

const reads = ({ operations }: GrantFacts): boolean =>
  operations.includes('Decrypt') || operations.includes('ReEncryptFrom')

/** To a session of a target's own role, under a name that the broker gives. */
const isOfElevation = (grant: GrantFacts, key: KeyFacts, view: View): boolean => {
  const session =
    /^arn:[a-z-]+:sts::([0-9]{12}):assumed-role\/([^/]+)\/jit-[0-9A-HJKMNP-TV-Z]{26}$/.exec(
      grant.grantee
    )
  if (!isBrokers(grant)) return false
  // a listing may have the unique id of the role instead
  if (/^AROA[A-Z0-9]+:jit-[0-9A-HJKMNP-TV-Z]{26}$/.test(grant.grantee)) return true
  return view
    .targetsOf(key.arn)
    .some(({ role, account }) => session?.[1] === account && session[2] === role.split('/').at(-1))
}

const isForeign = ({ grantee }: GrantFacts, { arn }: KeyFacts): boolean =>
  /^arn:[a-z-]+:(?:iam|sts)::[0-9]{12}:/.test(grantee) && accountOf(grantee) !== accountOf(arn)

/** Only where all principals of its account were read can one of them be missing. */
const isGone = ({ grantee }: GrantFacts, view: View): boolean => {
  const { accounts, principals, gaps } = view.facts
  if (principals.length === 0 || gaps.some(({ call }) => call.startsWith('iam:'))) return false
  const id = /^(A(?:ROA|IDA)[A-Z0-9]{12,})(?::|$)/.exec(grantee)?.[1]
  if (id !== undefined) return !view.hasPrincipalId(id)
  if (!accounts.includes(accountOf(grantee))) return false
  const role = /:assumed-role\/([^/]+)\//.exec(grantee)?.[1]
  if (role !== undefined) {
    const arn = `:${accountOf(grantee)}:role/`
    return !principals.some((one) => one.arn.includes(arn) && one.arn.endsWith(`/${role}`))
  }
  return /:(?:role|user)\//.test(grantee) && view.principal(grantee) === null
}

type Look = (grant: GrantFacts, key: KeyFacts, view: View) => string | null

function each(look: Look): KeyRule['find'] {
  return (key, view) =>
    (key.grants ?? []).flatMap((grant): readonly Shown[] => {
      const says = look(grant, key, view)
      const named = grant.name === null ? grant.id : `${grant.name} (${grant.id})`
      return says === null ? [] : [{ part: grant.id, shows: `grant ${named} ${says}` }]
    })
}

function revoke(key: KeyFacts, _: View, { part }: Shown): Mend {
  const grant = key.grants?.find(({ id }) => id === part)
  if (grant === undefined) throw new Error('a finding is of a grant that its key does not have')
  return revokeMend(key, grant)
}
