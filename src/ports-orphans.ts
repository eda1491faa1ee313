/**
 * What the search for orphans needs of the world. A rejected promise means broken infrastructure.
 */
import type { AwsAnswer } from './ports.ts'

/** A grant of any key of the region that names the broker as the one who may retire it. */
export type RetirableGrant = {
  readonly keyArn: string
  readonly grantId: string
  /** empty where it was made without one */
  readonly name: string
}

export interface RetirableGrants {
  /**
   * Every grant of the region that the principal may retire, all pages or an error, never a part.
   */
  retirable(region: string, principalArn: string): Promise<AwsAnswer<readonly RetirableGrant[]>>
}
