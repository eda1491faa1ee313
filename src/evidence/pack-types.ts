/** The shape of an evidence pack: the same as JSON and in the HTML file. */

export type Pack = {
  readonly kind: 'sallyport-evidence'
  readonly v: 1
  /** ISO 8601, UTC */
  readonly madeAt: string
  /** id of the auditor who asked for it */
  readonly madeFor: string
  readonly about:
    | { readonly elevation: string }
    /** at or after `from`, before `to` */
    | { readonly from: string; readonly to: string }
  /** as the broker's store has them: no proof covers these */
  readonly elevations: readonly PackElevation[]
  /** ascending; those of the elevation, or of the time, and the erasures that they refer to */
  readonly entries: readonly EntryRow[]
  /** a signed note (C2SP tlog-checkpoint), which every path leads to */
  readonly checkpoint: string
  /** verifier key as the broker says it is */
  readonly key: string
  /** those that the entries name */
  readonly policies: readonly PackPolicy[]
}

export type PackElevation = {
  readonly id: string
  readonly facts: readonly (readonly [name: string, value: string])[]
  /** the exact text that STS was sent; null = nothing was issued */
  readonly sessionPolicy: string | null
}

export type EntryRow = {
  readonly index: number
  /** base64 of the exact bytes */
  readonly bytes: string
  /** inclusion proof (RFC 9162, section 2.1.3), base64 of each hash */
  readonly path: readonly string[]
  /** by the name of the commitment */
  readonly openings: Readonly<Record<string, PackOpening>>
}

export type PackOpening =
  | { readonly state: 'opened'; readonly salt: string; readonly value: string }
  /** `by`: index of the `pii.erased` entry, which is in the pack */
  | { readonly state: 'erased'; readonly by: number }
  /** nobody erased it, and it is not there: an alarm */
  | { readonly state: 'MISSING' }

export type PackPolicy = {
  /** as entries carry it */
  readonly digest: string
  /** the rules, targets and guardrails concerned; null = the broker does not hold that policy */
  readonly excerpt: string | null
  /** what the digest is the SHA-256 of; null = it was not asked for, or is not held */
  readonly text: string | null
}
