/**
 * What stands in FROM. A chain of joins is one list; a join that waits for its ON nests and is
 * counted. JSON_TABLE, which version 414 does not have, is refused by name.
 */
import type {
  AliasedRelation, JoinNatural, JoinOn, JoinStep, JoinUsing, QueryPeriod, Relation
} from './ast.ts'
import { isAliasNext, queryIn } from './parser-ahead.ts'
import {
  type Cursor, accept, acceptOne, columnAliases, expect, expectOne, halt,
  identifier, identifiers, inParentheses, nested, peek, qualifiedName, since
} from './parser-cursor.ts'
import { expression, expressions, valueExpression } from './parser-expression.ts'
import { matchRecognize } from './parser-pattern.ts'
import { query } from './parser-query.ts'
import { tableFunction } from './parser-table-function.ts'

/** One item of FROM with its joins. */
export const relation = (c: Cursor): Relation => {
  const n = c.index
  const first = sampledRelation(c)
  const one = joinStep(c)
  if (one === null) return first
  const two = joinStep(c)
  if (two === null) return { kind: 'Join', at: since(c, n), first, rest: [one] }
  // two are made at once: a list that grows takes room for many
  const rest: [JoinStep, ...JoinStep[]] = [one, two]
  for (let step = joinStep(c); step !== null; step = joinStep(c)) rest.push(step)
  return { kind: 'Join', at: since(c, n), first, rest }
}

const joinStep = (c: Cursor): JoinStep | null => {
  const n = c.index
  const kind = peek(c)
  if (kind === 'NATURAL') return naturalJoin(c)
  if (accept(c, 'CROSS')) {
    expect(c, 'JOIN')
    const right = sampledRelation(c)
    return { kind: 'JoinStep', at: since(c, n), type: 'CROSS', right, criteria: null }
  }
  const isOuter = kind === 'LEFT' || kind === 'RIGHT' || kind === 'FULL'
  if (!isOuter && kind !== 'JOIN' && kind !== 'INNER') return null
  const type = joinType(c)
  const right = nested(c, relation)
  const criteria = joinCriteria(c)
  return { kind: 'JoinStep', at: since(c, n), type, right, criteria }
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
  const criteria: JoinNatural = { kind: 'JoinNatural', at: since(c, n) }
  const right = sampledRelation(c)
  return { kind: 'JoinStep', at: since(c, n), type, right, criteria }
}

const joinCriteria = (c: Cursor): JoinOn | JoinUsing => {
  const n = c.index
  if (expectOne(c, 'ON', 'USING') === 'ON') {
    const value = expression(c)
    return { kind: 'JoinOn', at: since(c, n), expression: value }
  }
  const columns = inParentheses(c, identifiers)
  return { kind: 'JoinUsing', at: since(c, n), columns }
}

const sampledRelation = (c: Cursor): Relation => {
  const n = c.index
  const sampled = patternRecognition(c, { n, relation: alias(c, { n, relation: primary(c) }) })
  if (!accept(c, 'TABLESAMPLE')) return sampled
  const method = expectOne(c, 'BERNOULLI', 'SYSTEM')
  const percentage = inParentheses(c, expression)
  return { kind: 'SampledRelation', at: since(c, n), relation: sampled, method, percentage }
}

/** A relation read so far, and the token it began with. */
type Begun = { readonly n: number; readonly relation: Relation }

const patternRecognition = (c: Cursor, { n, relation: matched }: Begun): Relation => {
  if (peek(c) !== 'MATCH_RECOGNIZE') return matched
  const match = matchRecognize(c)
  const at = since(c, n)
  return alias(c, { n, relation: { kind: 'PatternRecognition', at, relation: matched, match } })
}

const alias = (c: Cursor, { n, relation: named }: Begun): Relation => {
  if (!accept(c, 'AS') && !isAliasNext(c)) return named
  const name = identifier(c)
  const columns = columnAliases(c)
  const result: AliasedRelation = {
    kind: 'AliasedRelation',
    at: since(c, n),
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
    return { kind: 'Lateral', at: since(c, n), query: lateral }
  }
  if (kind === 'TABLE') return tableFunction(c)
  if (kind === 'JSON_TABLE') {
    c.index++
    return halt('UNSUPPORTED', 'JSON_TABLE is not supported', since(c, n))
  }
  const name = qualifiedName(c)
  const period = peek(c) === 'FOR' ? queryPeriod(c) : null
  return { kind: 'Table', at: period === null ? name.at : since(c, n), name, period }
}

const group = (c: Cursor): Relation => {
  const n = c.index
  if (queryIn(c, n) === 'none') return inParentheses(c, relation)
  const subquery = inParentheses(c, query)
  return { kind: 'TableSubquery', at: since(c, n), query: subquery }
}

const unnest = (c: Cursor): Relation => {
  const n = expect(c, 'UNNEST')
  const values = inParentheses(c, expressions)
  const withOrdinality = accept(c, 'WITH')
  if (withOrdinality) expect(c, 'ORDINALITY')
  return { kind: 'Unnest', at: since(c, n), expressions: values, withOrdinality }
}

const queryPeriod = (c: Cursor): QueryPeriod => {
  const n = expect(c, 'FOR')
  const type = expectOne(c, 'TIMESTAMP', 'VERSION')
  expect(c, 'AS')
  expect(c, 'OF')
  const end = valueExpression(c)
  return { kind: 'QueryPeriod', at: since(c, n), type, end }
}
