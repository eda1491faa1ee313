/**
 * Why a query did not succeed, in words for its StateChangeReason. Thrown between the engine and
 * the run of a query, where every step may end it; never an answer of an API call.
 */
export class QueryFailure extends Error {
  override readonly name = 'QueryFailure'
}
