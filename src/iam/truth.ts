/**
 * Three-valued logic. What cannot be evaluated is neither true nor false: it stays `unknown` with
 * its reason, so that an Allow can refuse to allow on it and a Deny can deny on it.
 */
export type Truth = { readonly holds: boolean | 'unknown'; readonly unknown: readonly string[] }

export const yes: Truth = { holds: true, unknown: [] }
export const no: Truth = { holds: false, unknown: [] }

export const known = (holds: boolean): Truth => (holds ? yes : no)

export const unknown = (why: string): Truth => ({ holds: 'unknown', unknown: [why] })

/** One false makes it false, however much else is unknown. */
export const every = (truths: readonly Truth[]): Truth => {
  if (truths.some((truth) => truth.holds === false)) return no
  return gather(truths) ?? yes
}

/** One true makes it true, however much else is unknown. */
export const some = (truths: readonly Truth[]): Truth => {
  if (truths.some((truth) => truth.holds === true)) return yes
  return gather(truths) ?? no
}

export const not = (truth: Truth): Truth =>
  truth.holds === 'unknown' ? truth : known(!truth.holds)

const gather = (truths: readonly Truth[]): Truth | null => {
  const reasons = truths.filter((truth) => truth.holds === 'unknown').flatMap((one) => one.unknown)
  return reasons.length === 0 ? null : { holds: 'unknown', unknown: reasons }
}
