/**
 * The sandbox's time: the machine's clock plus an offset that only grows. Moving it is allowed only
 * when the sandbox was started with clock control; the offset can never go back, because an expired
 * session must stay expired.
 */
export type SandboxClock = {
  readonly now: () => Date
  /** started with clock control */
  readonly isControlled: boolean
  /** Moves time forward by whole seconds, 1 to 31,536,000; answers false where control is off. */
  readonly advance: (seconds: number) => boolean
}

/** `base` is the clock underneath, the machine's by default; tests inject their own. */
export const makeClock = (options: {
  readonly control: boolean
  readonly base?: () => Date
}): SandboxClock => {
  const base = options.base ?? (() => new Date())
  let offsetMilliseconds = 0
  return {
    isControlled: options.control,
    now: () => new Date(base().getTime() + offsetMilliseconds),
    advance: (seconds) => {
      if (!options.control) return false
      offsetMilliseconds += seconds * 1000
      return true
    }
  }
}
