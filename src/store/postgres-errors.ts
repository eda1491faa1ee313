/**
 * What an error of PostgreSQL or of the way to it is to the store, by SQLSTATE
 * (postgresql.org/docs/current/errcodes-appendix.html). No value of a row is in the message: of
 * errors that may quote one, only the code is told.
 */
import { StoreError, type StoreErrorCode } from './error.ts'

/** Where the change stood when the connection went. */
export type Phase = 'before commit' | 'at commit'

/** Our own as it is; anything else by its code. */
export const storeErrorOf = (error: unknown, phase: Phase = 'before commit'): StoreError => {
  if (error instanceof StoreError) return error
  if (phase === 'at commit') {
    return new StoreError('timeout', 'the database did not confirm the commit', { cause: error })
  }
  const state = sqlState(error)
  return new StoreError(codeOf(state), messageOf(error, state), { cause: error })
}

/** Another transaction was in the way; the same change may pass now. */
export const isTransient = (error: unknown): boolean =>
  ['40001', '40P01'].includes(sqlState(error) ?? '')

/** The connection is of no use any more, or its server takes no writes. */
export const isConnectionLoss = (error: unknown): boolean => {
  const state = sqlState(error)
  if (state === null) return !(error instanceof StoreError)
  return /^08|^57P0[1-5]|^25006|^25P0[34]/.test(state)
}

/** The statement came after another had failed, whose error is the one that counts. */
export const isAftermath = (error: unknown): boolean => sqlState(error) === '25P02'

const sqlState = (error: unknown): string | null => {
  const code = error instanceof Error && 'code' in error ? error.code : null
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) && !code.startsWith('E')
    ? code
    : null
}

const codeOf = (state: string | null): StoreErrorCode => {
  if (state === null) return 'unavailable'
  // lock_not_available, query_canceled: statement_timeout; both undo the change
  if (state === '55P03' || state === '57014' || state.startsWith('40')) return 'overloaded'
  if (state === '42501') return 'not_writable'
  return /^XX00[12]$/.test(state) ? 'corrupt' : 'unavailable'
}

/** Connection, authorization, resources, operator, and our own triggers quote nothing of a row. */
const messageOf = (error: unknown, state: string | null): string => {
  const message = error instanceof Error ? error.message || 'no answer' : 'unknown error'
  if (state === null || /^(08|25|28|3D|40|42501|53|55|57|P0001)/.test(state)) {
    return `the database: ${message}`
  }
  return `the database refused it: SQLSTATE ${state}`
}
