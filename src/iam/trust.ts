/**
 * Whether a caller may assume a role with the tags and source identity it sends: one AssumeRole
 * call needs sts:AssumeRole, and sts:TagSession and sts:SetSourceIdentity where they are used.
 * Source: IAM User Guide, "Passing session tags in AWS STS", "Monitor and control actions taken
 * with assumed roles".
 */
import type { OneOrMany, Principal } from './policy-document.ts'

export type TrustAsk = {
  readonly principal: Principal
  readonly roleArn: string
  readonly roleSessionName: string
  readonly sourceIdentity?: string
  readonly externalId?: string
  readonly tags: Readonly<Record<string, string>>
  readonly transitiveTagKeys?: readonly string[]
  /** further keys of the call, e.g. `aws:CurrentTime` */
  readonly context: Readonly<Record<string, OneOrMany<string>>>
}

/** Every action one AssumeRole call needs; all of them must be allowed. */
export const assumeRoleActions = (
  ask: Pick<TrustAsk, 'tags' | 'sourceIdentity'>
): readonly string[] => [
  'sts:AssumeRole',
  ...(Object.keys(ask.tags).length === 0 ? [] : ['sts:TagSession']),
  ...(ask.sourceIdentity === undefined ? [] : ['sts:SetSourceIdentity'])
]

/** The condition keys AWS STS sets for the call. */
export const assumeRoleContext = (
  ask: TrustAsk
): Readonly<Record<string, OneOrMany<string>>> => ({
  ...ask.context,
  'sts:RoleSessionName': ask.roleSessionName,
  ...(ask.sourceIdentity === undefined ? {} : { 'sts:SourceIdentity': ask.sourceIdentity }),
  ...(ask.externalId === undefined ? {} : { 'sts:ExternalId': ask.externalId }),
  ...(ask.transitiveTagKeys?.length ? { 'sts:TransitiveTagKeys': ask.transitiveTagKeys } : {}),
  ...(Object.keys(ask.tags).length === 0 ? {} : { 'aws:TagKeys': Object.keys(ask.tags) }),
  ...Object.fromEntries(
    Object.entries(ask.tags).map(([key, value]) => [`aws:RequestTag/${key}`, value])
  )
})
