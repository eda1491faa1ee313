/**
 * A principal of a snapshot as a caller, and the question whether it may make one call. Values that
 * only the caller's own choice or network decides (address, MFA, endpoint) are left out, so that a
 * condition on them stays undecided. Not looked at: service and resource control policies, Lake
 * Formation, the resource policy of the Glue catalog.
 * Source: IAM User Guide, "Policy evaluation logic", "AWS global condition context keys".
 */
import { actionMatches, globMatches } from '../iam/match.ts'
import type {
  ConditionBlock,
  GrantFact,
  OneOrMany,
  PolicyDocument,
  Principal,
  Statement
} from '../iam/policy-document.ts'
import { levelOf } from '../iam/principals.ts'
import { documentOf, listOf, withoutChosen } from './side-doors-documents.ts'
import type { Way } from './side-doors-door.ts'
import { answer } from './side-doors-verdict.ts'

export type Context = Readonly<Record<string, OneOrMany<string>>>

export type Caller = {
  /** ARN of the role or user; `…:root` or `*` for callers of elsewhere */
  readonly arn: string
  readonly account: string
  /** outside: of an account that the snapshot does not have; unlisted: all that was not listed */
  readonly kind: 'role' | 'user' | 'outside' | 'unlisted'
  readonly principal: Exclude<Principal, { readonly kind: 'service' }>
  readonly statements: CallerPolicies
  readonly boundary: readonly Statement[] | null
  readonly context: Context
  /** whether whoever assumes it may choose session tags: conditions on them are then undecided */
  readonly openTags: boolean
  /** statements by action, and answers, filled as they are asked for */
  readonly narrowed: Map<string, readonly Statement[]>
  readonly answers: Map<string, Way | null>
}

export type CallerPolicies = {
  readonly inline: readonly Statement[]
  readonly attached: readonly Statement[]
}

/** A policy of a key, bucket or role. */
export type Readable = readonly Statement[]

export type Ask = {
  readonly action: string
  readonly resource: string
  readonly context?: Context
  readonly policy?: Readable | null
  /** account that owns the resource; absent = the caller's */
  readonly owner?: string
  readonly grants?: readonly GrantFact[]
  /** condition keys whose values the caller chooses */
  readonly chosen?: RegExp
  /** with policies as they would be: the answer is not kept */
  readonly supposed?: boolean
}

/** Whether the caller may; one hop. The same question is decided once. */
export const ask = (caller: Caller, it: Ask): Way | null => {
  if (it.supposed === true) return decide(caller, it)
  const key = `${it.action} ${it.resource} ${JSON.stringify(it.context)}`
  const known = caller.answers.get(key)
  if (known !== undefined) return known
  const way = decide(caller, it)
  caller.answers.set(key, way)
  return way
}

const decide = (caller: Caller, it: Ask): Way | null => {
  const { action, resource } = it
  const own = allowedTo(caller, action)
  const policy = it.policy ? about(it.policy, action).filter((one) => mayName(one, caller)) : null
  const grants = it.grants?.filter(
    (one) => levelOf(one.granteePrincipal, caller.principal) !== null
  )
  // keys and roles are closed unless they open themselves; everything else by either side
  const opens = policy?.some(allows) === true || (grants?.length ?? 0) > 0
  const isClosed = /^(?:kms|sts):/.test(action)
  if (!opens && (isClosed || !own.some(allows))) return null
  const request = {
    principal: caller.principal,
    action,
    resource,
    context: it.context === undefined ? caller.context : { ...caller.context, ...it.context }
  }
  const fit = (statements: readonly Statement[]): PolicyDocument =>
    fitted(caller, it.chosen ? withoutChosen(statements, it.chosen) : statements, resource)
  const found = answer(request, {
    identity: [fit(own)],
    ...(caller.boundary && { boundary: fit(caller.boundary) }),
    ...(policy && { resource: fit(policy) }),
    resourceAccount: it.owner ?? caller.account,
    ...(grants && { grants })
  })
  if (found === null) return null
  const { certainty, by, unknown } = found
  return { certainty, hops: [{ principal: caller.arn, action, resource, by }], unknown }
}

const abouts = new WeakMap<Readable, Map<string, readonly Statement[]>>()

/** The statements of a resource's policy that may be about an action. */
const about = (policy: Readable, action: string): readonly Statement[] => {
  const kept = abouts.get(policy) ?? new Map<string, readonly Statement[]>()
  abouts.set(policy, kept)
  const known = kept.get(action) ?? policy.filter((one) => isAbout(one, action))
  kept.set(action, known)
  return known
}

/** False only where a statement names others by their plain ARNs or ids. */
const mayName = (statement: Statement, { arn, account, principal }: Caller): boolean => {
  const { Principal, NotPrincipal } = statement
  if (NotPrincipal !== undefined || Principal === undefined) return true
  if (typeof Principal === 'string') return true
  return Object.entries(Principal).some(([type, values]) => {
    if (type === 'Service' || type === 'Federated') return false
    if (type !== 'AWS') return true
    return listOf(values).some(
      (one) =>
        one === arn ||
        one === principal.arn ||
        one === account ||
        one.endsWith(`:${account}:root`) ||
        !/^(?:[0-9]{12}|arn:[a-z-]+:(?:iam|sts)::[^*?$]+)$/.test(one)
    )
  })
}

const allows = ({ Effect }: Statement): boolean => Effect === 'Allow'

/** Its own statements that may be about the action. */
export const allowedTo = (caller: Caller, action: string): readonly Statement[] => {
  const known = caller.narrowed.get(action)
  if (known !== undefined) return known
  const { inline, attached } = caller.statements
  const own = [...inline, ...attached].filter((one) => isAbout(one, action))
  caller.narrowed.set(action, own)
  return own
}

/** Whether any statement of its own could allow the action at all. */
export const mayTry = (caller: Caller, action: string): boolean =>
  allowedTo(caller, action).some(allows)

/**
 * Resources that its own statements name for an action, wildcards filled in: where a policy allows
 * only part of a place, asking about one fixed name would miss it.
 */
export const namedFor = (caller: Caller, action: string): readonly string[] => {
  const own = allowedTo(caller, action)
  const known = named.get(own)
  if (known !== undefined) return known
  const made = own.flatMap(({ Effect, Resource }) =>
    Effect === 'Allow' && Resource !== undefined ? listOf(Resource).map(filled) : []
  )
  named.set(own, made)
  return made
}

const named = new WeakMap<readonly Statement[], readonly string[]>()

/** A name that a pattern covers. */
export const filled = (pattern: string): string =>
  pattern === '*' ? pattern : pattern.replace(/[*?]/g, 'x').replace(/\$\{[^}]*\}/g, 'x')

/** The same caller with other statements, such as after it has written them itself. */
export const withStatements = (
  caller: Caller,
  changed: Partial<Pick<Caller, 'statements' | 'boundary'>>
): Caller => ({ ...caller, ...changed, narrowed: new Map(), answers: new Map() })

/** The account or anybody outside of the snapshot: it gives its own principals what it likes. */
export const outsider = (arn: string, context: Context): Caller => {
  const account = /^arn:[a-z-]+:(?:iam|sts)::([0-9]{12}):/.exec(arn)?.[1] ?? '000000000000'
  const own = arn === '*' ? 'arn:aws:iam::000000000000:user/anybody' : arn
  return {
    arn,
    account,
    kind: 'outside',
    principal: { kind: 'user', arn: own, account },
    statements: { inline: [everything('its own account')], attached: [] },
    boundary: null,
    context: {
      ...context,
      'aws:PrincipalArn': own,
      'aws:PrincipalAccount': account,
      'kms:CallerAccount': account
    },
    openTags: true,
    narrowed: new Map(),
    answers: new Map()
  }
}

/** Without fractions of a second, as AWS compares it. */
export const dateOf = (at: string): string => at.replace(/\.[0-9]+Z$/, 'Z')

export const everything = (Sid: string): Statement => ({
  Sid,
  Effect: 'Allow',
  Action: '*',
  Resource: '*'
})

const isAbout = ({ Action, NotAction }: Statement, action: string): boolean => {
  if (Action === undefined || NotAction !== undefined) return true
  return listOf(Action).some((one) => actionMatches(one, action))
}

/** The document as this caller meets it: its variables filled in, its tags undecided where open. */
const fitted = (
  caller: Caller,
  statements: readonly Statement[],
  resource: string
): PolicyDocument => {
  const document = plainOf(statements)
  if (document !== null && !caller.openTags) return document
  return documentOf(statements.flatMap((one) => fitOne(caller, one, resource)))
}

const plains = new WeakMap<readonly Statement[], PolicyDocument | 'variables'>()

/** The document that is the same for everybody; null where it has variables. */
const plainOf = (statements: readonly Statement[]): PolicyDocument | null => {
  const known = plains.get(statements)
  if (known !== undefined) return known === 'variables' ? null : known
  const document = statements.some(hasVariables) ? null : documentOf(statements)
  plains.set(statements, document ?? 'variables')
  return document
}

const variables = new WeakMap<Statement, boolean>()

const hasVariables = (statement: Statement): boolean => {
  const known = variables.get(statement)
  if (known !== undefined) return known
  const has = JSON.stringify(statement).includes('${')
  variables.set(statement, has)
  return has
}

const fitOne = (caller: Caller, statement: Statement, resource: string): readonly Statement[] => {
  const tagged = caller.openTags && statement.Condition !== undefined
  const open = tagged ? { ...statement, Condition: untagged(statement.Condition ?? {}) } : statement
  if (!hasVariables(open)) return [open]
  const known = replaced(caller, open)
  const { Resource } = known
  if (Resource === undefined) return [known]
  // a pattern whose unknown part cannot make it fit is about something else
  const left = listOf(Resource).filter(
    (one) => !one.includes('${') || globMatches(one.replace(/\$\{[^}]*\}/g, '*'), resource)
  )
  return left.length === 0 ? [] : [{ ...known, Resource: left }]
}

const untagged = (block: ConditionBlock): ConditionBlock =>
  Object.fromEntries(
    Object.entries(block).map(([operator, keys]) => [
      operator,
      Object.fromEntries(
        Object.entries(keys).map(([key, values]) => [
          key.replace(/^aws:PrincipalTag\//i, 'session:Tag/'),
          values
        ])
      )
    ])
  )

const replaced = (caller: Caller, statement: Statement): Statement => {
  const values = (texts: OneOrMany<string>): readonly string[] =>
    listOf(texts).map((text) => text.replace(/\$\{([^}]*)\}/g, (whole, name: string) => {
      const value = valueOf(caller, name)
      return value ?? whole
    }))
  const { Resource, Condition } = statement
  return {
    ...statement,
    ...(Resource && { Resource: values(Resource) }),
    ...(Condition && {
      Condition: Object.fromEntries(
        Object.entries(Condition).map(([operator, keys]) => [
          operator,
          Object.fromEntries(Object.entries(keys).map(([key, texts]) => [key, values(texts)]))
        ])
      )
    })
  }
}

/** What a variable stands for, if that is sure and no pattern of its own. */
const valueOf = ({ context, openTags }: Caller, name: string): string | null => {
  const lower = name.toLowerCase()
  if (openTags && lower.startsWith('aws:principaltag/')) return null
  const found = Object.entries(context).find(([key]) => key.toLowerCase() === lower)?.[1]
  return typeof found === 'string' && !/[*?$]/.test(found) ? found : null
}
