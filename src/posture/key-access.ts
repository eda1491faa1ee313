/**
 * Who a key policy lets do what, asked of iam's evaluator for each principal it names: directly and
 * through S3, as Athena reads. Grants and identity policies are not looked at here, so that a
 * finding is about the policy's own words. What the evaluator does not understand is returned too.
 */
import { evaluate } from '../iam/evaluate.ts'
import { actionMatches } from '../iam/match.ts'
import type { PolicyDocument, Principal, Statement } from '../iam/policy-document.ts'
import type { KeyFacts } from './facts.ts'
import { list, nameOf } from './policy-text.ts'
import { type View, accountOf } from './scene.ts'

/** One principal, and what the policy gives it. */
export type Access = {
  /** as the policy writes it */
  readonly name: string
  readonly kind: 'anyone' | 'account' | 'identity' | 'service'
  /** account it belongs to; null for a service and for `*` */
  readonly account: string | null
  readonly decrypts: boolean
  /** may change the policy, or delete or disable the key */
  readonly administers: boolean
  /** may make a grant of Decrypt to anybody */
  readonly grantsFreely: boolean
  /** one statement gives all of `kms:*` */
  readonly hasAll: boolean
  /** the statements that allow any of this */
  readonly statements: readonly string[]
}

export type KeyAccess = {
  readonly all: readonly Access[]
  /** what could not be evaluated, sorted, each once */
  readonly unknown: readonly string[]
}

const readings = new WeakMap<KeyFacts, KeyAccess>()

/** What the policy gives, judged once per key; nothing where the policy could not be read. */
export const keyAccess = (key: KeyFacts, view: View): KeyAccess => {
  const known = readings.get(key)
  if (known !== undefined) return known
  const made = key.policy === null ? { all: [], unknown: [] } : accessOf(key, key.policy, view)
  readings.set(key, made)
  return made
}

/** Whether an Allow covers an action, whatever its conditions. */
export const covers = ({ Action }: Statement, action: string): boolean =>
  list(Action).some((pattern) => actionMatches(pattern, action))

/** Reading is decrypting, and so is encrypting anew under another key. */
export const decryptActions = ['kms:Decrypt', 'kms:ReEncryptFrom'] as const

const administerActions = ['kms:PutKeyPolicy', 'kms:ScheduleKeyDeletion', 'kms:DisableKey'] as const

const accessOf = (key: KeyFacts, text: string, view: View): KeyAccess => {
  const { document, odd } = view.read(text)
  const named = new Map<string, Named>()
  for (const statement of document.Statement) {
    if (statement.Effect !== 'Allow') continue
    for (const one of principalsOf(statement)) named.set(`${one.kind} ${one.name}`, one)
  }
  const unknown = new Set(odd)
  const all = [...named.values()].map((one) => accessFor(one, { key, document, unknown }))
  return {
    all: all.toSorted((a, b) => Number(a.name > b.name) - Number(a.name < b.name)),
    unknown: [...unknown].toSorted()
  }
}

type Named = Pick<Access, 'name' | 'kind' | 'account'>

const principalsOf = ({ Principal }: Statement): readonly Named[] => {
  if (Principal === undefined) return []
  if (typeof Principal === 'string') return [{ name: '*', kind: 'anyone', account: null }]
  return Object.entries(Principal).flatMap(([type, names]) =>
    list(names).map((name): Named => {
      if (type !== 'AWS') return { name, kind: 'service', account: null }
      if (name === '*') return { name, kind: 'anyone', account: null }
      const account = /^(?:arn:[a-z-]+:iam::)?([0-9]{12})(?::root)?$/.exec(name)?.[1]
      if (account !== undefined) return { name, kind: 'account', account }
      return { name, kind: 'identity', account: accountOf(name) }
    })
  )
}

type Asked = {
  readonly key: KeyFacts
  readonly document: PolicyDocument
  readonly unknown: Set<string>
}

const accessFor = (named: Named, asked: Asked): Access => {
  const { key, document } = asked
  const own = document.Statement.flatMap((statement, at) =>
    statement.Effect === 'Allow' && isNamed(statement, named.name)
      ? [{ statement, name: nameOf(statement, at) }]
      : []
  )
  const allowed = (action: string, over: Context = {}): Way | null => {
    // whoever no statement about the action names is not asked about: most are named for little
    const about = own.filter(
      ({ statement }) => statement.NotAction !== undefined || covers(statement, action)
    )
    if (about.length === 0) return null
    const ways = about.map(({ statement }) => circumstancesOf(statement))
    return (
      [plain, ...ways]
        .flatMap((way) => callersOf(named, { key, way }))
        .find((way) => {
          return isAllowed({ ...way, action, context: { ...way.context, ...over } }, asked)
        }) ?? null
    )
  }
  const reads = decryptActions.map((action) => allowed(action)).find((way) => way !== null) ?? null
  const isStranger = reads?.caller.kind === 'session' && reads.caller.account === stranger
  return {
    ...named,
    account: named.kind === 'anyone' && !isStranger ? accountOf(key.arn) : named.account,
    decrypts: reads !== null,
    administers: administerActions.some((action) => allowed(action) !== null),
    grantsFreely: allowed('kms:CreateGrant', anyGrant(key)) !== null,
    hasAll: own.some(({ statement }) => isEverything(statement)),
    statements: own.filter(({ statement }) => bears(statement)).map(({ name }) => name)
  }
}

const isNamed = ({ Principal }: Statement, name: string): boolean => {
  if (Principal === undefined) return false
  if (typeof Principal === 'string') return name === '*'
  return Object.values(Principal).some((values) => list(values).includes(name))
}

const isEverything = ({ Action, Condition }: Statement): boolean =>
  Condition === undefined &&
  list(Action).some((action) => action === '*' || action.toLowerCase() === 'kms:*')

const bears = (statement: Statement): boolean =>
  [...decryptActions, ...administerActions, 'kms:CreateGrant'].some((one) => covers(statement, one))

type Context = Readonly<Record<string, string | readonly string[]>>

/** What a statement asks of a call: it is tried with just that. */
type Circumstances = {
  readonly context: Context
  /** role and account that it wants the caller to be of */
  readonly role: string | null
  readonly account: string | null
}

const plain: Circumstances = { context: {}, role: null, account: null }

/** How a call comes about, which its caller can arrange; never who the caller is. */
const arranged =
  /^(?:kms:viaservice|kms:encryptioncontext.*|aws:calledvia(?:first|last)?|aws:viaawsservice|aws:securetransport)$/i

const circumstancesOf = ({ Condition = {} }: Statement): Circumstances => {
  const wanted = Object.entries(Condition)
    .filter(([operator]) => /^(?:ForA\w+:)?(?:StringEquals|StringLike|Arn\w+|Bool)/.test(operator))
    .flatMap(([, keys]) => Object.entries(keys))
    .map(([name, values]) => [name, list(values)[0]?.replaceAll(/[*?]/g, 'x') ?? ''] as const)
  const valueOf = (key: string): string | null =>
    wanted.find(([name]) => name.toLowerCase() === key)?.[1] ?? null
  return {
    context: Object.fromEntries(wanted.filter(([name]) => arranged.test(name))),
    role: valueOf('aws:principalarn'),
    account: valueOf('kms:calleraccount') ?? valueOf('aws:principalaccount')
  }
}

/** Made out to a role that no fence would name. */
const anyGrant = ({ arn }: KeyFacts): Context => ({
  'kms:GranteePrincipal': `arn:aws:iam::${accountOf(arn)}:role/anybody`,
  'kms:GrantOperations': ['Decrypt', 'CreateGrant'],
  'kms:GrantIsForAWSResource': 'false'
})

type Way = {
  readonly caller: Principal
  readonly context: Context
  /** its account’s own policies have a say, and are taken to allow */
  readonly delegated: boolean
}

/** Somebody as the policy names them; for `*` first somebody of an account that nobody knows. */
const callersOf = (
  { name, kind, account }: Named,
  { key, way }: { readonly key: KeyFacts; readonly way: Circumstances }
): readonly Way[] => {
  const { context } = way
  const here = account ?? accountOf(key.arn)
  const of = (owner: string): Way => {
    const role = way.role ?? `arn:aws:iam::${owner}:role/anybody`
    return { caller: sessionOf(accountOf(role), role), context, delegated: true }
  }
  switch (kind) {
    case 'anyone':
      return [of(stranger), of(way.account ?? here)]
    case 'account':
      return [of(here)]
    case 'service':
      return [{ caller: { kind: 'service', service: name }, context, delegated: false }]
    case 'identity':
      return [
        {
          caller: name.includes(':role/')
            ? sessionOf(here, name)
            : { kind: 'user', arn: name, account: here },
          context,
          delegated: here !== accountOf(key.arn)
        }
      ]
  }
}

const stranger = '000000000000'

const sessionOf = (account: string, roleArn: string): Principal => ({
  kind: 'session',
  arn: `arn:aws:sts::${account}:assumed-role/${roleArn.split('/').at(-1) ?? ''}/somebody`,
  roleArn,
  account
})

/**
 * Whether the policy alone lets through. An account's own policies are taken to allow all where the
 * policy delegates to it. A verdict that rests on something not understood is kept as such.
 */
const isAllowed = (
  { caller, action, context, delegated }: Way & { readonly action: string },
  { key, document, unknown }: Asked
): boolean => {
  const verdict = evaluate(
    { principal: caller, action, resource: key.arn, context: { ...contextOf(caller), ...context } },
    {
      identity: delegated ? [anything] : [],
      resource: document,
      resourceAccount: accountOf(key.arn)
    }
  )
  if (verdict.decision === 'allow') return true
  for (const why of verdict.unknown) unknown.add(why.replace(/^resource\./, 'statement '))
  return false
}

const contextOf = (caller: Principal): Context => {
  switch (caller.kind) {
    case 'service':
      return {}
    case 'user':
      return { ...accountContext(caller.account), 'aws:PrincipalArn': caller.arn }
    case 'session':
      return { ...accountContext(caller.account), 'aws:PrincipalArn': caller.roleArn }
  }
}

const accountContext = (account: string): Context => ({
  'kms:CallerAccount': account,
  'aws:PrincipalAccount': account,
  'aws:SecureTransport': 'true'
})

const anything: PolicyDocument = {
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }]
}
