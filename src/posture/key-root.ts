/**
 * Whom a key opens to where its policy delegates to the account: principals whose own policies
 * allow Decrypt on it, evaluated with boundary and key policy, directly and through S3.
 */
import { evaluate } from '../iam/evaluate.ts'
import { actionMatches } from '../iam/match.ts'
import { dnsSuffix, partitionOf } from '../iam/partition.ts'
import type { PolicyDocument, Principal, Statement } from '../iam/policy-document.ts'
import type { Facts, KeyFacts, PrincipalFacts } from './facts.ts'
import { covers, decryptActions } from './key-access.ts'
import { type ReadPolicy, list } from './policy-text.ts'
import { type View, accountOf, regionOf } from './scene.ts'

/** ARNs, sorted; possible = something in their policies could not be evaluated. */
export type Opened = { readonly certain: readonly string[]; readonly possible: readonly string[] }

/** Asks each principal of the key's account that has any policy on decrypting. */
export const opensTo = (key: KeyFacts, view: View): Opened => {
  const resource = view.read(key.policy ?? '').document
  const certain: string[] = []
  const possible: string[] = []
  const account = accountOf(key.arn)
  const region = regionOf(key.arn)
  const isPlain = delegatesPlainly(resource, account)
  const denies = resource.Statement.filter(({ Effect }) => Effect === 'Deny')
  for (const one of candidatesOf(view)) {
    if (one.account !== account) continue
    const isAsked = !isPlain || denies.some((statement) => mayName(statement, one))
    const truth = isAsked ? readsWith(one, key.arn, resource) : byItself(one, key.arn, region)
    if (truth === 'yes') certain.push(one.arn)
    if (truth === 'perhaps') possible.push(one.arn)
  }
  return { certain: certain.toSorted(), possible: possible.toSorted() }
}

/** Whether the account's own policies decide alone, were it not for Denies. */
const delegatesPlainly = ({ Statement }: PolicyDocument, account: string): boolean =>
  Statement.some(
    (statement) =>
      statement.Effect === 'Allow' &&
      statement.Condition === undefined &&
      decryptActions.every((action) => covers(statement, action)) &&
      namesOf(statement).some((name) => name === account || name.endsWith(`::${account}:root`))
  )

const namesOf = ({ Principal }: Statement): readonly string[] => {
  if (Principal === undefined) return []
  return typeof Principal === 'string' ? [Principal] : list(Principal['AWS'])
}

const mayName = (statement: Statement, { arn, account }: Candidate): boolean =>
  statement.NotPrincipal !== undefined ||
  namesOf(statement).some(
    (name) => name === '*' || name === arn || (!name.includes(':role/') && name.includes(account))
  )

type Truth = 'yes' | 'perhaps' | 'no'

/** What its policies say where no condition and no resource tells keys of a region apart. */
const byItself = (one: Candidate, key: string, region: string): Truth => {
  if (!one.isSame) return readsWith(one, key, delegation(one.account))
  const known = one.known.get(region) ?? readsWith(one, key, delegation(one.account))
  one.known.set(region, known)
  return known
}

const delegation = (account: string): PolicyDocument => ({
  Version: '2012-10-17',
  Statement: [
    {
      Effect: 'Allow',
      Principal: { AWS: `arn:aws:iam::${account}:root` },
      Action: 'kms:*',
      Resource: '*'
    }
  ]
})

type Candidate = {
  readonly arn: string
  readonly account: string
  readonly principal: Principal
  readonly identity: readonly PolicyDocument[]
  readonly boundary: PolicyDocument | null
  readonly isOdd: boolean
  /** its policies say the same of all keys */
  readonly isSame: boolean
  readonly known: Map<string, Truth>
}

const known = new WeakMap<Facts, readonly Candidate[]>()

const candidatesOf = ({ facts, read }: View): readonly Candidate[] => {
  const before = known.get(facts)
  if (before !== undefined) return before
  const made = facts.principals
    .map((one) => candidateOf(one, read))
    .filter(({ identity, isOdd }) => isOdd || identity.some(mentionsDecrypt))
  known.set(facts, made)
  return made
}

const candidateOf = (
  { arn, kind, policies, boundary }: PrincipalFacts,
  read: ReadPolicy
): Candidate => {
  const account = accountOf(arn)
  const texts = policies.map(({ text }) => read(text))
  const name = arn.split('/').at(-1) ?? ''
  return {
    arn,
    account,
    principal:
      kind === 'user'
        ? { kind: 'user', arn, account }
        : {
            kind: 'session',
            arn: `arn:${partitionOf(arn) ?? 'aws'}:sts::${account}:assumed-role/${name}/session`,
            roleArn: arn,
            account
          },
    identity: texts.map(({ document }) => document),
    boundary: boundary === null ? null : read(boundary).document,
    isSame: [...texts, ...(boundary === null ? [] : [read(boundary)])].every(saysTheSame),
    known: new Map(),
    // a text that is no policy may allow anything
    isOdd: texts.some(({ document, odd }) => document.Statement.length === 0 && odd.length > 0)
  }
}

const saysTheSame = ({ document }: { readonly document: PolicyDocument }): boolean =>
  document.Statement.every(
    (statement) =>
      (statement.NotAction === undefined &&
        !decryptActions.some((action) => covers(statement, action))) ||
      (statement.Condition === undefined && list(statement.Resource).includes('*'))
  )

const mentionsDecrypt = ({ Statement }: PolicyDocument): boolean =>
  Statement.some(
    ({ Effect, Action, NotAction }) =>
      Effect === 'Allow' &&
      (NotAction !== undefined ||
        list(Action).some((one) => decryptActions.some((action) => actionMatches(one, action))))
  )

const readsWith = (
  { arn, account, principal, identity, boundary, isOdd }: Candidate,
  key: string,
  resource: PolicyDocument
): Truth => {
  const caller = {
    'kms:CallerAccount': account,
    'aws:PrincipalAccount': account,
    'aws:PrincipalArn': arn,
    'aws:SecureTransport': 'true'
  }
  const service = `s3.${regionOf(key)}.${dnsSuffix(partitionOf(key) ?? 'aws')}`
  const ways = [{}, { 'kms:ViaService': service, 'aws:CalledVia': ['athena.amazonaws.com'] }]
  let isUnclear = isOdd
  for (const action of decryptActions) {
    for (const way of ways) {
      const { decision, unknown } = evaluate(
        { principal, action, resource: key, context: { ...caller, ...way } },
        { identity, resource, ...(boundary === null ? {} : { boundary }) }
      )
      if (decision === 'allow') return 'yes'
      isUnclear ||= unknown.length > 0
    }
  }
  return isUnclear ? 'perhaps' : 'no'
}
