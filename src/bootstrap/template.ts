/** A document of the plan in some tool's language, and where it is to be applied. */
import type { AccountPlan } from './plan.ts'

export type Template = {
  /** of its file, without the ending: `123456789012-account` */
  readonly name: string
  /** what it makes and where it goes, a sentence or two */
  readonly about: string
  readonly text: string
}

/** The parts every plan has, in the order in which they are applied. */
export const parts = {
  account: ({ account }: AccountPlan): string =>
    `Roles of account ${account}. Apply it there once, in any Region, before the keys.`,
  keys: ({ account }: AccountPlan, region: string): string =>
    `Policies of the keys of account ${account} in ${region}. Apply it there, after the roles.`,
  events: ({ account, regions }: AccountPlan, iamRegion: string): string =>
    `Tells the broker what changes in account ${account}. Apply it there in each of ` +
    `${[...new Set([...regions, iamRegion])].join(', ')}; IAM's changes are told in ${iamRegion} alone.`,
  organisation:
    'Service control policy. Apply it in the management account, to what holds the accounts.'
} as const

/** Letters and digits of a text, each word begun with a capital, for names of resources. */
export const camel = (text: string): string =>
  text
    .split(/[^A-Za-z0-9]+/)
    .map((word) => word.slice(0, 1).toUpperCase() + word.slice(1))
    .join('')

export const nameOf = (roleArn: string): string => roleArn.split('/').at(-1) ?? ''

/** `/` or `/path/`. */
export const pathOf = (roleArn: string): string => {
  const path = roleArn.slice(roleArn.indexOf(':role/') + 5)
  return path.slice(0, path.lastIndexOf('/') + 1)
}

export const keyIdOf = (keyArn: string): string => keyArn.split('/').at(-1) ?? ''
