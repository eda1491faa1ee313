/** Why a broker does not start: bad configuration, or something it needs is unavailable. */

/** What cannot be started, in sentences for the operator. */
export class StartError extends Error {
  readonly kind: 'config' | 'unavailable'
  readonly lines: readonly string[]

  constructor(kind: 'config' | 'unavailable', lines: readonly string[], options?: ErrorOptions) {
    super(lines.join('; '), options)
    this.name = 'StartError'
    this.kind = kind
    this.lines = lines
  }
}
