/**
 * Doors as a graph: principals, the roles they act as, what opens the data to them, the tables.
 * Every node and edge is there once, however many doors share it. Names are whatever others chose.
 */
import type { Certainty, Door } from './side-doors-door.ts'

/** From left to right. */
export const layers = ['principal', 'role', 'resource', 'table'] as const

export type Layer = (typeof layers)[number]

export type GraphNode = {
  /** ARN, or `*` */
  readonly id: string
  readonly label: string
  readonly layer: Layer
}

export type GraphEdge = {
  readonly from: string
  readonly to: string
  readonly certainty: Certainty
  /** something has to be changed first */
  readonly changes: boolean
  /** actions and the statements that allow them */
  readonly title: string
}

export type Graph = { readonly nodes: readonly GraphNode[]; readonly edges: readonly GraphEdge[] }

export const graphOf = (doors: readonly Door[]): Graph => {
  const nodes = new Map<string, GraphNode>()
  const edges = new Map<string, GraphEdge>()
  const add = (id: string, layer: Layer): void => {
    const known = nodes.get(id)
    // whom others act as stands among the roles
    if (known === undefined || (known.layer === 'principal' && layer === 'role')) {
      nodes.set(id, { id, label: labelOf(id), layer })
    }
  }
  const join = (edge: GraphEdge): void => {
    const key = JSON.stringify([edge.from, edge.to])
    const known = edges.get(key)
    if (known === undefined) edges.set(key, edge)
    else edges.set(key, stronger(known, edge))
  }
  for (const door of doors) {
    const changes = door.kind === 'could_open'
    const { certainty } = door
    add(door.principal, 'principal')
    const actors = [...new Set([door.principal, ...door.hops.map((hop) => hop.principal)])]
    for (const [at, to] of actors.entries()) {
      const from = actors[at - 1]
      if (from === undefined) continue
      add(to, 'role')
      const between = door.hops.filter((hop) => hop.principal === from && hop.resource === to)
      const title = titleOf(between)
      join({ from, to, certainty, changes, title })
    }
    add(door.tableArn, 'table')
    const last = actors.at(-1) ?? door.principal
    const opening = door.hops.filter((hop) => isData(hop.resource))
    for (const resource of new Set(opening.map((hop) => resourceOf(hop.resource)))) {
      const hops = opening.filter((hop) => resourceOf(hop.resource) === resource)
      add(resource, 'resource')
      join({ from: last, to: resource, certainty, changes, title: titleOf(hops) })
      join({ from: resource, to: door.tableArn, certainty, changes, title: door.table })
    }
  }
  return { nodes: [...nodes.values()], edges: [...edges.values()] }
}

const shapes: Readonly<Record<Layer, string>> = {
  principal: 'box',
  role: 'ellipse',
  resource: 'component',
  table: 'cylinder'
}

/** The graph in Graphviz's language. */
export const dotOf = ({ nodes, edges }: Graph): string => {
  const lines = [
    ...nodes.map(
      ({ id, label, layer }) =>
        `  ${quoted(id)} [label=${quoted(label)}, shape=${shapes[layer]}, tooltip=${quoted(id)}]`
    ),
    ...edges.map(({ from, to, certainty, changes, title }) => {
      const style = changes ? 'dashed' : 'solid'
      const colour = certainty === 'certain' ? 'firebrick' : 'darkorange'
      const attributes = `style=${style}, color=${colour}, tooltip=${quoted(title)}`
      return `  ${quoted(from)} -> ${quoted(to)} [${attributes}]`
    }),
    ...layers.map((layer) => {
      const same = nodes.filter((node) => node.layer === layer).map((node) => quoted(node.id))
      return `  { rank=same; ${same.join('; ')} }`
    })
  ]
  const head = ['digraph "side doors" {', '  rankdir=LR', '  node [fontname="sans-serif"]']
  return [...head, ...lines, '}', ''].join('\n')
}

const quoted = (text: string): string =>
  `"${text.replace(/[\p{Cc}]/gu, '\uFFFD').replace(/["\\]/g, '\\$&')}"`

const stronger = (a: GraphEdge, b: GraphEdge): GraphEdge => ({
  ...a,
  certainty: a.certainty === 'certain' || b.certainty === 'certain' ? 'certain' : 'possible',
  changes: a.changes && b.changes,
  title: a.title === '' ? b.title : a.title
})

const titleOf = (hops: Door['hops']): string =>
  [...new Set(hops.map(({ action, by }) => `${action}: ${by}`))].join('\n')

const isData = (resource: string): boolean => /^arn:[a-z-]+:(?:athena|kms|s3):/.test(resource)

const resourceOf = (resource: string): string =>
  /^(arn:[a-z-]+:s3:::[^/]+)/.exec(resource)?.[1] ?? resource

/** `role/analysts`, `workgroup/claims-pii`, `claims.customers` */
const labelOf = (id: string): string => {
  if (id === '*') return 'anybody'
  const [, , service = '', , account = '', ...rest] = id.split(':')
  const name = rest.join(':')
  if (service === 'glue') return name.replace(/^table\//, '').replace('/', '.')
  if (service === 's3') return `bucket/${name}`
  return name === 'root' ? `account ${account}` : name.replace(/^((?:role|user)\/).*\//, '$1')
}
