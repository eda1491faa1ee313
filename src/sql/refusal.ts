/**
 * A refusal: why a query may not run, and the place in its text that says so.
 * The codes are closed; reference: the product's own rules for checked queries.
 * A message names tables, columns and constructs, and never the text of a literal.
 */

/** A stretch of the text in UTF-16 units, from 0. */
export type Span = { readonly offset: number; readonly length: number }

export type RefusalCode =
  | 'PARSE_ERROR'
  | 'MULTIPLE_STATEMENTS'
  | 'NOT_READ_ONLY'
  | 'NON_ASCII'
  | 'TOO_COMPLEX'
  | 'UNSUPPORTED'
  | 'UNKNOWN_TABLE'
  | 'UNKNOWN_COLUMN'
  | 'AMBIGUOUS_COLUMN'
  | 'CATALOG_NOT_ALLOWED'
  | 'METADATA_TABLE'
  | 'HIDDEN_COLUMN'
  | 'TABLE_NOT_GRANTED'
  | 'VIEW_NOT_ALLOWED'
  | 'COLUMN_DENIED'
  | 'STAR'
  | 'AGGREGATE_ONLY'
  | 'PARTITION_PREDICATE_REQUIRED'
  | 'LIMIT_REQUIRED'
  | 'CROSS_JOIN'
  | 'FUNCTION_FORBIDDEN'
  | 'PARAMETERS'
  | 'INTERNAL'

/** What a refusal is about, as far as it is known. */
export type RefusedObject = {
  readonly catalog?: string
  readonly database?: string
  readonly table?: string
  readonly column?: string
  readonly function?: string
}

export type Refusal = Span & {
  readonly code: RefusalCode
  readonly message: string
  /** From 1; a line ends at LF, as in Trino's `line 1:15`. */
  readonly line: number
  /** From 1, in code points from the start of the line, as Trino counts. */
  readonly column: number
  readonly object?: RefusedObject
  /** The guardrail's rule that refused, when one did. */
  readonly rule?: string
  readonly hint?: string
}

/** A refusal before its line is known: what the parts of the check hand around. */
export type Finding<At = Span> = Omit<Refusal, 'line' | 'column' | 'offset' | 'length'> & {
  readonly at: At
}

/** Line and column, both from 1, of an offset in `sql`; an offset past the end is the end. */
export const placeOf = (sql: string, offset: number): {
  readonly line: number
  readonly column: number
} => {
  const place = { line: 1, column: 1, offset: 0 }
  advance(sql, Math.min(offset, sql.length), place)
  return { line: place.line, column: place.column }
}

/** A finding with its line and column in `sql`. */
export const refusalOf = (sql: string, { at, ...rest }: Finding): Refusal => {
  const offset = Math.min(at.offset, sql.length)
  return {
    ...rest,
    ...placeOf(sql, offset),
    offset,
    length: Math.min(at.length, sql.length - offset)
  }
}

/**
 * Findings in the order of the text, with their lines and columns; one pass over `sql` however many
 * there are.
 */
export const refusalsOf = (sql: string, findings: readonly Finding[]): readonly Refusal[] => {
  const place = { line: 1, column: 1, offset: 0 }
  return findings
    .toSorted((a, b) => a.at.offset - b.at.offset)
    .map(({ at, ...rest }) => {
      const offset = Math.min(at.offset, sql.length)
      advance(sql, offset, place)
      return {
        ...rest,
        line: place.line,
        column: place.column,
        offset,
        length: Math.min(at.length, sql.length - offset)
      }
    })
}

const advance = (
  sql: string,
  offset: number,
  place: { line: number; column: number; offset: number }
): void => {
  while (place.offset < offset) {
    const unit = sql.charCodeAt(place.offset)
    place.offset += isHigh(unit) && isLow(sql.charCodeAt(place.offset + 1)) ? 2 : 1
    place.line += unit === 10 ? 1 : 0
    place.column = unit === 10 ? 1 : place.column + 1
  }
}

const isHigh = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdbff
const isLow = (unit: number): boolean => unit >= 0xdc00 && unit <= 0xdfff
