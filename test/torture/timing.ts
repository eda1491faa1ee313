/** Shorter than the product's, so that a round of torture is seconds; in the same order. */
export const timing = { leaseSeconds: 3, settleSeconds: 2, orphanSeconds: 1 } as const
