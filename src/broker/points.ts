/**
 * Moments between two effects of issuing and ending, by name: what comes after one may never
 * happen, because a process can die at any of them. Whoever proves that nothing is lost stops it
 * there.
 */
export const points = [
  'intent-committed',
  'grant-created',
  'grants-created',
  'assumed',
  'session-committed',
  'delivered',
  'vend-assumed',
  'vend-committed',
  'end-committed',
  'expired',
  'taken-over',
  'denied',
  'grant-revoked',
  'grants-revoked',
  'queries-stopped',
  'removed',
  'probed',
  'swept',
  'ended',
  'orphan-recorded'
] as const

export type Point = (typeof points)[number]
