/**
 * What stands in FROM. A chain of joins is one list; a join that waits for its ON nests and is
 * counted.
 * NATURAL JOIN, time travel, table functions, JSON_TABLE and MATCH_RECOGNIZE are refused by name.
 */
import type { AliasedRelation, Join, JoinOn, JoinStep, JoinUsing, Relation } from './ast.ts'
import { isAliasNext, queryIn } from './parser-ahead.ts'
import {
  type Cursor, accept, acceptOne, columnAliases, expect, expectOne, fail, identifier, inParentheses,
  listOf, nested, peek, qualifiedName, skipGroup, spanFrom, textOf, unsupported
} from './parser-cursor.ts'
import { expression, valueExpression } from './parser-expression.ts'
import { query } from './parser-query.ts'

/** One item of FROM with its joins. */
export const relation = (c: Cursor): Relation => {
  const n = c.index
  const first = sampledRelation(c)
  const rest: JoinStep[] = []
  for (let step = joinStep(c); step !== null; step = joinStep(c)) rest.push(step)
  const [one, ...more] = rest
  if (one === undefined) return first
  const join: Join = { kind: 'Join', at: spanFrom(c, n), first, rest: [one, ...more] }
  return join
}

const joinStep = (c: Cursor): JoinStep | null => {
  const n = c.index
  const kind = peek(c)
  if (kind === 'NATURAL') return naturalJoin(c)
  if (accept(c, 'CROSS')) {
    expect(c, 'JOIN')
    const right = sampledRelation(c)
    return { kind: 'JoinStep', at: spanFrom(c, n), type: 'CROSS', right, criteria: null }
  }
  const isOuter = kind === 'LEFT' || kind === 'RIGHT' || kind === 'FULL'
  if (!isOuter && kind !== 'JOIN' && kind !== 'INNER') return null
  const type = joinType(c)
  const right = nested(c, relation)
  const criteria = joinCriteria(c)
  return { kind: 'JoinStep', at: spanFrom(c, n), type, right, criteria }
}

const joinType = (c: Cursor): 'INNER' | 'LEFT' | 'RIGHT' | 'FULL' => {
  const type = acceptOne(c, 'INNER', 'LEFT', 'RIGHT', 'FULL') ?? 'INNER'
  if (type !== 'INNER') accept(c, 'OUTER')
  expect(c, 'JOIN')
  return type
}

const naturalJoin = (c: Cursor): JoinStep => {
  const n = expect(c, 'NATURAL')
  const type = joinType(c)
  unsupported(c, 'NATURAL JOIN', spanFrom(c, n))
  const right = sampledRelation(c)
  return { kind: 'JoinStep', at: spanFrom(c, n), type, right, criteria: null }
}

const joinCriteria = (c: Cursor): JoinOn | JoinUsing => {
  const n = c.index
  if (expectOne(c, 'ON', 'USING') === 'ON') {
    const value = expression(c)
    return { kind: 'JoinOn', at: spanFrom(c, n), expression: value }
  }
  const columns = inParentheses(c, (inner) => listOf(inner, identifier))
  return { kind: 'JoinUsing', at: spanFrom(c, n), columns }
}

const sampledRelation = (c: Cursor): Relation => {
  const n = c.index
  const sampled = patternRecognition(c, aliased(c, n))
  if (!accept(c, 'TABLESAMPLE')) return sampled
  const method = expectOne(c, 'BERNOULLI', 'SYSTEM')
  const percentage = inParentheses(c, expression)
  return { kind: 'SampledRelation', at: spanFrom(c, n), relation: sampled, method, percentage }
}

const patternRecognition = (c: Cursor, matched: Relation): Relation => {
  const n = c.index
  if (!accept(c, 'MATCH_RECOGNIZE')) return matched
  unsupported(c, 'MATCH_RECOGNIZE', spanFrom(c, n))
  skipGroup(c)
  return alias(c, { n, relation: matched })
}

const aliased = (c: Cursor, n: number): Relation => alias(c, { n, relation: primary(c) })

const alias = (
  c: Cursor,
  { n, relation: named }: { readonly n: number; readonly relation: Relation }
): Relation => {
  if (!accept(c, 'AS') && !isAliasNext(c)) return named
  const name = identifier(c)
  const columns = columnAliases(c)
  const result: AliasedRelation = {
    kind: 'AliasedRelation',
    at: spanFrom(c, n),
    relation: named,
    alias: name,
    columnAliases: columns
  }
  return result
}

const primary = (c: Cursor): Relation => {
  const n = c.index
  const kind = peek(c)
  if (kind === '(') return group(c)
  if (kind === 'UNNEST') return unnest(c)
  if (kind === 'LATERAL' && peek(c, 1) === '(') {
    c.index++
    const lateral = inParentheses(c, query)
    return { kind: 'Lateral', at: spanFrom(c, n), query: lateral }
  }
  if (
    (kind === 'TABLE' || kind === 'JSON_TABLE') && peek(c, 1) === '('
  ) return tableFunction(c, kind)
  const name = qualifiedName(c)
  if (peek(c) === 'FOR') timeTravel(c)
  return { kind: 'Table', at: name.at, name }
}

const group = (c: Cursor): Relation => {
  const n = c.index
  if (queryIn(c, n) === 'none') return inParentheses(c, relation)
  const subquery = inParentheses(c, query)
  return { kind: 'TableSubquery', at: spanFrom(c, n), query: subquery }
}

const unnest = (c: Cursor): Relation => {
  const n = expect(c, 'UNNEST')
  const expressions = inParentheses(c, (inner) => listOf(inner, expression))
  const withOrdinality = accept(c, 'WITH')
  if (withOrdinality) expect(c, 'ORDINALITY')
  return { kind: 'Unnest', at: spanFrom(c, n), expressions, withOrdinality }
}

/**
 * What takes the place of the function goes no further than the parser: a query with a finding has
 * no tree.
 */
const tableFunction = (c: Cursor, kind: 'TABLE' | 'JSON_TABLE'): Relation => {
  const n = c.index
  c.index++
  const at = spanFrom(c, n)
  unsupported(c, kind === 'TABLE' ? 'a table function' : kind, at)
  skipGroup(c)
  const name = {
    kind: 'Identifier',
    at,
    value: kind,
    isQuoted: false,
    name: kind.toLowerCase()
  } as const
  return { kind: 'Table', at, name: { kind: 'QualifiedName', at, parts: [name] } }
}

const timeTravel = (c: Cursor): void => {
  const n = expect(c, 'FOR')
  if (peek(c) !== 'TIMESTAMP' && textOf(c, c.index).toUpperCase() !== 'VERSION') fail(c)
  c.index++
  expect(c, 'AS')
  if (identifier(c).name !== 'of') fail(c, c.index - 1)
  unsupported(c, 'time travel', spanFrom(c, n))
  valueExpression(c)
}
