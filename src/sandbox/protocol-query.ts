/**
 * The AWS query protocol (STS, IAM): form fields or query parameters in, XML out. Lists are
 * flattened as `Tags.member.1.Key`. Refuses repeated and contradictory fields, unknown actions and
 * versions. Source: Smithy, "AWS query protocol".
 */
import { AwsFault, wireName } from './fault.ts'
import type { JsonObject, QueryService, RawResponse } from './service.ts'
import { element } from './xml.ts'
import type { XmlValue } from './xml.ts'

export type QueryAsk = { readonly action: string; readonly input: JsonObject }

/** The action and its nested input, from decoded pairs. */
export function parseQuery(
  service: QueryService,
  pairs: readonly (readonly [string, string])[]
): QueryAsk {
  const fields = new Map(pairs)
  if (fields.size !== pairs.length) throw malformed('A parameter is given twice.')
  const action = fields.get('Action') ?? ''
  const version = fields.get('Version')
  fields.delete('Action')
  fields.delete('Version')
  const known = Object.hasOwn(service.operations, action)
  if (!known || version !== service.version) {
    throw new AwsFault('InvalidAction', 400, 'Could not find the operation in this version.')
  }
  return { action, input: toInput(nest(fields)) }
}

/** The XML answer of a query service. */
export function queryAnswer(
  service: QueryService,
  action: string,
  answer: { readonly output: JsonObject; readonly requestId: string }
): RawResponse {
  const result = element(`${action}Result`, xmlObject(answer.output))
  const metadata = element('ResponseMetadata', { RequestId: answer.requestId })
  const xmlns = ` xmlns="${service.namespace}"`
  return xmlResponse(200, `<${action}Response${xmlns}>${result}${metadata}</${action}Response>`)
}

/** The error document of a query service; fields beyond code and message are not sent. */
export function queryFault(fault: AwsFault, requestId: string, namespace: string): RawResponse {
  const { code, status } = wireName(fault, 'query')
  const error = element('Error', {
    Type: status < 500 ? 'Sender' : 'Receiver',
    Code: code,
    Message: fault.message
  })
  const body = `${error}${element('RequestId', requestId)}`
  return xmlResponse(status, `<ErrorResponse xmlns="${namespace}">${body}</ErrorResponse>`)
}

function xmlResponse(status: number, xml: string): RawResponse {
  return { status, headers: { 'content-type': 'text/xml' }, body: Buffer.from(xml) }
}

type Node = Map<string, Node | string>

function nest(fields: ReadonlyMap<string, string>): Node {
  const root: Node = new Map()
  for (const [name, value] of fields) {
    const path = name.split('.')
    if (path.length > 12 || path.some((part) => !/^[A-Za-z0-9]{1,64}$/.test(part))) {
      throw malformed('A parameter name is malformed.')
    }
    insert(root, path, value)
  }
  return root
}

function insert(root: Node, path: readonly string[], value: string): void {
  let node = root
  for (const part of path.slice(0, -1)) {
    const next: Node | string = node.get(part) ?? new Map()
    if (typeof next === 'string') throw malformed('A parameter is both a value and a structure.')
    node.set(part, next)
    node = next
  }
  const leaf = path.at(-1) ?? ''
  if (node.has(leaf)) throw malformed('A parameter is both a value and a structure.')
  node.set(leaf, value)
}

function toInput(node: Node): JsonObject {
  return Object.fromEntries([...node].map(([name, item]) => [name, toValue(item)]))
}

function toValue(item: Node | string): unknown {
  if (typeof item === 'string') return item
  const members = item.get('member')
  if (item.size !== 1 || members === undefined) return toInput(item)
  if (typeof members === 'string') throw malformed('A list has no index.')
  const indexes = [...members.keys()].map(Number).toSorted((left, right) => left - right)
  if (indexes.some((index, at) => index !== at + 1)) throw malformed('A list has a gap.')
  return indexes.map((index) => toValue(members.get(String(index)) ?? ''))
}

function malformed(message: string): AwsFault {
  return new AwsFault('MalformedInput', 400, message)
}

// Outputs are made by the operations themselves; a value with no XML form is a bug.
function xmlObject(output: JsonObject): { readonly [name: string]: XmlValue } {
  return Object.fromEntries(Object.entries(output).map(([name, value]) => [name, xmlValue(value)]))
}

function xmlValue(value: unknown): XmlValue {
  if (value === null || value === undefined || value instanceof Date) return value
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') {
    return value
  }
  if (Array.isArray(value)) return value.map(xmlValue)
  if (typeof value === 'object') {
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, xmlValue(item)]))
  }
  throw new TypeError(`a ${typeof value} cannot be written as XML`)
}
