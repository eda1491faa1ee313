/**
 * The JSON functions without their literals: a path is one, and what stands for an error may be.
 */
import type {
  JsonForm,
  JsonFormat,
  JsonInput,
  JsonNulls,
  JsonOutput,
  JsonPath,
  JsonValueBehavior
} from './ast-json.ts'
import { type Inner, expressionShape, nameShape, typeShape } from './shape-expression.ts'

export const jsonShape = (node: JsonForm, inner: Inner): string => {
  const of = (input: JsonInput): string =>
    `${expressionShape(input.value, inner)}${formatShape(input.format)}`
  switch (node.kind) {
    case 'JsonExists':
      return call('JSON_EXISTS', pathShape(node, of), on(node.onError, 'ERROR'))
    case 'JsonValue': {
      const { returning, onEmpty, onError } = node
      return call(
        'JSON_VALUE',
        pathShape(node, of),
        returning === null ? '' : `RETURNING ${typeShape(returning)}`,
        on(onEmpty && behaviorShape(onEmpty, inner), 'EMPTY'),
        on(onError && behaviorShape(onError, inner), 'ERROR')
      )
    }
    case 'JsonQuery':
      return call(
        'JSON_QUERY',
        pathShape(node, of),
        outputShape(node.returning),
        node.wrapper === null ? '' : wrappers[node.wrapper],
        node.quotes === null ? '' : `${node.quotes} QUOTES`,
        on(node.onEmpty?.replace('_', ' ') ?? null, 'EMPTY'),
        on(node.onError?.replace('_', ' ') ?? null, 'ERROR')
      )
    case 'JsonObject': {
      const members = node.members.map(
        ({ key, value }) => `${expressionShape(key, inner)} : ${of(value)}`
      )
      const keys = node.uniqueKeys === null ? '' : `${node.uniqueKeys} UNIQUE KEYS`
      const { nulls, returning } = node
      return call('JSON_OBJECT', listed(members), nullsShape(nulls), keys, outputShape(returning))
    }
    case 'JsonArray': {
      const items = listed(node.items.map(of))
      return call('JSON_ARRAY', items, nullsShape(node.nulls), outputShape(node.returning))
    }
  }
}

const call = (name: string, ...parts: readonly string[]): string =>
  `${name}(${parts.filter((part) => part !== '').join(' ')})`

/** Like ones next to each other as one, where nothing in them is a name. */
const listed = (shapes: readonly string[]): string =>
  shapes.filter((shape, n) => shape !== shapes[n - 1] || !/^[?: ]+$/.test(shape)).join(', ')

const pathShape = (
  { input, passing }: JsonPath,
  of: (input: JsonInput) => string
): string => {
  const passed = passing.map((one) => `${of(one.input)} AS ${nameShape(one.name)}`)
  return `${of(input)}, ?${passed.length === 0 ? '' : ` PASSING ${passed.join(', ')}`}`
}

const formatShape = (format: JsonFormat | null): string => {
  if (format === null) return ''
  return format === 'JSON' ? ' FORMAT JSON' : ` FORMAT JSON ENCODING ${format}`
}

const outputShape = (output: JsonOutput | null): string =>
  output === null ? '' : `RETURNING ${typeShape(output.type)}${formatShape(output.format)}`

const nullsShape = (nulls: JsonNulls): string => (nulls === null ? '' : `${nulls} ON NULL`)

const wrappers = {
  WITHOUT: 'WITHOUT WRAPPER',
  CONDITIONAL: 'WITH CONDITIONAL WRAPPER',
  UNCONDITIONAL: 'WITH WRAPPER'
} as const

const behaviorShape = (behavior: JsonValueBehavior, inner: Inner): string =>
  behavior.kind === 'Default'
    ? `DEFAULT ${expressionShape(behavior.value, inner)}`
    : behavior.kind.toUpperCase()

const on = (behavior: string | null, what: 'EMPTY' | 'ERROR'): string =>
  behavior === null ? '' : `${behavior} ON ${what}`
