/** Leases and settling of the brokers under torture, and how long a dead one keeps others away. */

/** Shorter than the product's, so that a round of torture is seconds; in the same order. */
export const timing = { leaseSeconds: 3, settleSeconds: 2, orphanSeconds: 1 } as const

/** The product's own (src/main.ts), for what has to be seen at its real length. */
export const realTiming = { leaseSeconds: 30, settleSeconds: 70, orphanSeconds: 60 } as const

/** How long a process that died keeps a due row of a shared database (src/store/due.ts). */
export const claimSeconds = 15

export type Timing = {
  readonly leaseSeconds: number
  readonly settleSeconds: number
  readonly orphanSeconds: number
}
