/**
 * What stars stand for: `*` for the fields of FROM, `t.*` for those of a relation by its name.
 * Refused: `row.*`, whose fields are not followed.
 */
import type { AllColumns, ColumnReference } from './ast.ts'
import type { Stretch } from './tokens.ts'
import { type Resolver, type Sight, problem } from './resolution.ts'
import { readCondition } from './resolve-expressions.ts'
import { passedOn, renamed } from './resolve-relations.ts'
import { type Relation, type Scope, fieldsUnder, namesColumn, opaque } from './scope.ts'

/** The fields that a star adds to the output. */
export const readAllColumns = (
  resolver: Resolver,
  item: AllColumns,
  within: { readonly sight: Sight; readonly from: Relation }
): Relation => {
  const starred = starredBy(resolver, item, within)
  readStar(resolver, item.at, starred)
  const output = passedOn(resolver, starred)
  return renamed(resolver, output, { qualifier: [], names: item.aliases, at: item.at })
}

/** The relation that a star stands for; the fields of `row.*` are not followed. */
const starredBy = (
  resolver: Resolver,
  { target, at }: AllColumns,
  { sight, from }: { readonly sight: Sight; readonly from: Relation }
): Relation => {
  if (target === null) return from
  const named = target.kind === 'ColumnReference' ? relationNamed(sight.scope, target.parts) : null
  if (named !== null) return named
  readCondition(resolver, target, { sight, clause: 'select' })
  const isName = target.kind === 'ColumnReference' && !resolver.found.references.has(target)
  if (!isName) {
    const hint = 'name the fields you need'
    problem(resolver, 'UNSUPPORTED', 'all fields of a row, row.*, cannot be followed', { at, hint })
  }
  return opaque
}

/** Looked for from the inside out; a level where the name may be a column's is not looked past. */
const relationNamed = (
  scope: Scope | null,
  parts: ColumnReference['parts']
): Relation | null => {
  for (let level = scope; level !== null; level = level.parent) {
    if (namesColumn(level.relation, parts, parts.length)) return null
    const under = fieldsUnder(level.relation, parts)
    if (under.width > 0) return under
    if (level.relation.isOpaque) return opaque
  }
  return null
}

/** Notes what a star reads: columns whose names nobody wrote. */
export const readStar = (resolver: Resolver, at: Stretch, { parts }: Relation): void => {
  const columns = parts.flatMap(({ isRead, fields }) =>
    isRead ? [] : fields.list.flatMap((field) => field.columns)
  )
  resolver.found.stars.push({ at, columns })
}
