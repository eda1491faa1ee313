/**
 * What goes wrong on purpose: a plan of faults by call, and how long a grant or a role's policy
 * takes until it counts. Time is the sandbox's own, looked at before each call, so nothing lands by
 * itself. Only calls from outside have faults; what a service calls for its caller does not.
 * Sources: AWS KMS API Reference, CreateGrant ("eventual consistency"); IAM User Guide, "Changes
 * ... not immediate".
 */
import { setTimeout as wait } from 'node:timers/promises'
import { type Static, Type } from 'typebox'
import type { Call } from './call.ts'
import type { SandboxClock } from './clock.ts'
import { AwsFault } from './fault.ts'

const closed = { additionalProperties: false } as const
const Length = Type.Integer({ minimum: 0, maximum: 86_400_000 })
const kind = <K extends string>(name: K) => Type.Object({ kind: Type.Literal(name) }, closed)

const FaultSchema = Type.Union([
  /** done and answered, so many milliseconds of this machine later */
  Type.Object({ kind: Type.Literal('delay'), milliseconds: Length }, closed),
  /** an error in AWS's words; nothing is done */
  Type.Object(
    {
      kind: Type.Literal('refuse'),
      code: Type.String({ pattern: '^[A-Za-z.]{1,64}$' }),
      status: Type.Integer({ minimum: 400, maximum: 599 })
    },
    closed
  ),
  /** the connection ends and nothing is done */
  kind('reset_before'),
  /** it is done, and the connection ends without a word of it */
  kind('reset_after'),
  /** nothing is done and nothing is ever said */
  kind('hang'),
  /** the connection ends now; it is done when the sandbox's clock is so much further */
  Type.Object({ kind: Type.Literal('land_late'), milliseconds: Length }, closed)
])

const PlannedFaultSchema = Type.Object(
  {
    /** `kms:CreateGrant`, `kms:*` or `*` */
    action: Type.String({ pattern: '^(\\*|[a-z0-9]+:(\\*|[A-Za-z]+))$' }),
    /** matching calls that are let through first */
    skip: Type.Optional(Type.Integer({ minimum: 0 })),
    /** of the rest every n-th; absent: each */
    every: Type.Optional(Type.Integer({ minimum: 1 })),
    /** how often; absent: until there is another plan */
    times: Type.Optional(Type.Integer({ minimum: 1 })),
    fault: FaultSchema
  },
  closed
)

/** What `POST /_sandbox/faults` takes: it replaces what was planned; `{}` plans nothing. */
export const FaultScriptSchema = Type.Object(
  {
    plan: Type.Optional(Type.Array(PlannedFaultSchema, { maxItems: 100 })),
    /** milliseconds until a change of a grant, or of a role's inline policy, counts */
    lag: Type.Optional(
      Type.Object({ grants: Type.Optional(Length), policies: Type.Optional(Length) }, closed)
    )
  },
  closed
)

export type Fault = Static<typeof FaultSchema>
export type FaultScript = Static<typeof FaultScriptSchema>

export type Faults = {
  /** Replaces the script; what is on its way lands all the same. */
  readonly script: (script: FaultScript) => void
  /** how many calls each line of the plan has spoiled, in its order */
  readonly hits: () => readonly number[]
  /**
   * Runs the call as it is planned. `run` gets the call as of when it lands, and how it is refused.
   */
  readonly around: <T>(call: Call, run: Run<T>) => Promise<T>
  /** Changes something now, or when it counts. */
  readonly settle: (what: 'grants' | 'policies', change: () => void) => void
  /** false while a grant made then does not count yet */
  readonly counts: (madeAt: Date) => boolean
  /** Does what has come due. */
  readonly land: () => Promise<void>
}

type Run<T> = (call: Call, refused: AwsFault | null) => Promise<T>

/** Thrown where the caller gets no answer: the connection ends, or nothing is ever said. */
export class Unanswered extends Error {
  readonly how: 'reset' | 'hang'

  constructor(how: 'reset' | 'hang') {
    super('no answer is given')
    this.how = how
  }
}

type Line = { readonly of: NonNullable<FaultScript['plan']>[number]; seen: number; hits: number }
type Late = { readonly due: number; readonly act: () => unknown }

/** Nothing is planned. */
export const makeFaults = (clock: SandboxClock): Faults => {
  let lines: readonly Line[] = []
  let lag = { grants: 0, policies: 0 }
  let late: readonly Late[] = []

  const later = (milliseconds: number, act: () => unknown): void => {
    late = [...late, { due: clock.now().getTime() + milliseconds, act }]
  }

  const land = async (): Promise<void> => {
    const now = clock.now().getTime()
    const due = late.filter((one) => one.due <= now).toSorted((a, b) => a.due - b.due)
    late = late.filter((one) => one.due > now)
    for (const { act } of due) {
      try {
        await act()
      } catch (error) {
        // its caller is gone, and the refusal is in the event log
        if (!(error instanceof AwsFault)) throw error
      }
    }
  }

  return {
    land,
    hits: () => lines.map((line) => line.hits),
    script: (script) => {
      lines = (script.plan ?? []).map((of) => ({ of, seen: 0, hits: 0 }))
      lag = { grants: 0, policies: 0, ...script.lag }
    },
    counts: (madeAt) => clock.now().getTime() - madeAt.getTime() >= lag.grants,
    settle: (what, change) => {
      if (lag[what] === 0) change()
      else later(lag[what], change)
    },
    around: async (call, run) => {
      await land()
      const fault = call.viaService === null ? next(lines, `${call.service}:${call.action}`) : null
      switch (fault?.kind) {
        case undefined:
          return run(call, null)
        case 'delay':
          await wait(fault.milliseconds)
          return run({ ...call, now: clock.now() }, null)
        case 'refuse':
          return run(call, new AwsFault(fault.code, fault.status, 'It was planned to fail.'))
        case 'reset_before':
          throw new Unanswered('reset')
        case 'reset_after':
          await run(call, null)
          throw new Unanswered('reset')
        case 'hang':
          throw new Unanswered('hang')
        case 'land_late':
          later(fault.milliseconds, () => run({ ...call, now: clock.now() }, null))
          throw new Unanswered('reset')
      }
    }
  }
}

/** The fault of the first line whose turn it is; every line that names the call counts it. */
const next = (lines: readonly Line[], action: string): Fault | null => {
  let fault: Fault | null = null
  for (const line of lines.filter(({ of }) => names(of.action, action))) {
    const { skip = 0, every = 1, times = Number.POSITIVE_INFINITY } = line.of
    const place = line.seen++ - skip
    if (fault !== null || place < 0 || place % every !== every - 1 || line.hits >= times) continue
    line.hits++
    fault = line.of.fault
  }
  return fault
}

const names = (pattern: string, action: string): boolean =>
  pattern === '*' ||
  pattern === action ||
  (pattern.endsWith(':*') && action.startsWith(pattern.slice(0, -1)))
