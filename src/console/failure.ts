/**
 * What a page throws before it has anything to show. What one may not see is `not_found`, in the
 * very words of what is not there.
 */
import type { ProblemCode } from '../broker/refusals.ts'
import type { Refusal } from '../elevation/refusal.ts'

/** Caught by failures.tsx, which answers with a page and tells the ledger. */
export class PageError extends Error {
  readonly code: ProblemCode
  /** for the reader; null = the words of the code */
  readonly detail: string | null

  constructor(code: ProblemCode, detail: string | null = null, options?: ErrorOptions) {
    super(code, options)
    this.name = 'PageError'
    this.code = code
    this.detail = detail
  }
}

/** Also of what is there and not theirs. */
export const absent = (): PageError => new PageError('not_found')

/** A verb's refusal where there is nothing to show beside it. */
export const refusedPage = ({ code, message }: Refusal): PageError => {
  const isAbsent =
    code === 'unknown_elevation' || code === 'unknown_target' || code === 'unknown_query'
  return isAbsent ? absent() : new PageError(code, message)
}
