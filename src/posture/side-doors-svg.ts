/**
 * The graph of side doors as one SVG: four columns, each ordered so that lines cross little, a line
 * of text per node, every ARN and statement in a <title>. No script, no outside resource, light and
 * dark by the reader's own setting. Everything that others named is escaped.
 */
import {
  type Graph,
  type GraphEdge,
  type GraphNode,
  type Layer,
  layers
} from './side-doors-graph.ts'

const row = 26
const columns: Readonly<Record<Layer, number>> = {
  principal: 20,
  role: 370,
  resource: 720,
  table: 1070
}
const box = { width: 250, height: 20 }
const top = 64
const longest = 34

type Placed = ReadonlyMap<string, { readonly x: number; readonly y: number }>

/** A complete SVG document. */
export const svgOf = (graph: Graph): string => {
  const ordered = orderOf(graph)
  const most = Math.max(1, ...layers.map((layer) => ordered[layer].length))
  const height = top + most * row + 20
  const placed = place(ordered, most)
  const width = columns.table + box.width + 20
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" ` +
      `width="${width}" height="${height}" role="img">`,
    '<title>Side doors: who reads classified tables without an elevation</title>',
    `<style>${style}</style>`,
    `<rect class="page" width="${width}" height="${height}"/>`,
    ...layers.map(
      (layer) => `<text class="head" x="${columns[layer]}" y="28">${heads[layer]}</text>`
    ),
    `<text class="key" x="20" y="48">${legend}</text>`,
    ...graph.edges.map((edge) => lineOf(edge, placed)),
    ...graph.nodes.map((node) => nodeOf(node, placed)),
    '</svg>',
    ''
  ].join('\n')
}

const legend = 'red: certain · orange: possible · dashed: after a change it may make'

const heads: Readonly<Record<Layer, string>> = {
  principal: 'Principals',
  role: 'acting as',
  resource: 'Workgroups, keys, buckets',
  table: 'Tables'
}

const style = [
  '.page{fill:#fff}text{font:12px ui-sans-serif,system-ui,sans-serif;fill:#1b1f24}',
  '.head{font-weight:600;font-size:14px}.key{fill:#57606a}',
  '.node{fill:#f3f4f6;stroke:#8c959f}.table{fill:#fff3d6;stroke:#b7791f}',
  '.line{fill:none;stroke-width:1.3;stroke-opacity:.75}.line:hover{stroke-width:3}',
  '.certain{stroke:#b42318}.possible{stroke:#c2700c}.changes{stroke-dasharray:5 4}',
  '@media (prefers-color-scheme:dark){.page{fill:#0d1117}text{fill:#e6edf3}.key{fill:#9aa4af}',
  '.node{fill:#1f262e;stroke:#6e7681}.table{fill:#3a2d0d;stroke:#d29922}',
  '.certain{stroke:#ff7b72}.possible{stroke:#f0a04b}}',
  '@media print{.page{fill:#fff}text{fill:#000}}'
].join('')

type Ordered = Readonly<Record<Layer, readonly GraphNode[]>>

/** Each node to the middle of its neighbours, a few times over (Sugiyama's barycentres). */
const orderOf = ({ nodes, edges }: Graph): Ordered => {
  const byLabel = nodes.toSorted((a, b) => (a.label < b.label ? -1 : 1))
  const start = Object.fromEntries(
    layers.map((layer) => [layer, byLabel.filter((node) => node.layer === layer)])
  )
  let ordered: Ordered = {
    principal: start['principal'] ?? [],
    role: start['role'] ?? [],
    resource: start['resource'] ?? [],
    table: start['table'] ?? []
  }
  const near = neighbours(edges)
  for (let sweep = 0; sweep < 4; sweep++) {
    for (const layer of sweep % 2 === 0 ? layers : layers.toReversed()) {
      const at = new Map(
        layers.flatMap((one) =>
          ordered[one].map(({ id }, index) => [id, index / ordered[one].length] as const)
        )
      )
      const middle = ({ id }: GraphNode): number => {
        const others = (near.get(id) ?? []).map((other) => at.get(other) ?? 0)
        return others.length === 0
          ? (at.get(id) ?? 0)
          : others.reduce((sum, one) => sum + one, 0) / others.length
      }
      ordered = { ...ordered, [layer]: ordered[layer].toSorted((a, b) => middle(a) - middle(b)) }
    }
  }
  return ordered
}

const neighbours = (edges: readonly GraphEdge[]): ReadonlyMap<string, readonly string[]> => {
  const near = new Map<string, string[]>()
  const put = (from: string, to: string): void => {
    const known = near.get(from)
    if (known === undefined) near.set(from, [to])
    else known.push(to)
  }
  for (const { from, to } of edges) {
    put(from, to)
    put(to, from)
  }
  return near
}

/** Spread over the height of the longest column. */
const place = (ordered: Ordered, most: number): Placed =>
  new Map(
    layers.flatMap((layer) => {
      const step = (most * row) / Math.max(1, ordered[layer].length)
      return ordered[layer].map(
        ({ id }, index) => [id, { x: columns[layer], y: top + step * (index + 0.5) }] as const
      )
    })
  )

const lineOf = (edge: GraphEdge, placed: Placed): string => {
  const from = placed.get(edge.from)
  const to = placed.get(edge.to)
  if (from === undefined || to === undefined) return ''
  const same = from.x === to.x
  const [x1, x2] = [from.x + box.width, same ? to.x + box.width : to.x]
  const bend = same ? 60 : (x2 - x1) / 2
  const back = same ? x2 + bend : x2 - bend
  const curve = `C${x1 + bend} ${y(from.y)} ${back} ${y(to.y)} ${x2} ${y(to.y)}`
  const words = ['line', edge.certainty, ...(edge.changes ? ['changes'] : [])].join(' ')
  const title = escaped(`${edge.from} → ${edge.to}\n${edge.title}`)
  return `<path class="${words}" d="M${x1} ${y(from.y)}${curve}"><title>${title}</title></path>`
}

const nodeOf = ({ id, label, layer }: GraphNode, placed: Placed): string => {
  const at = placed.get(id)
  if (at === undefined) return ''
  const shown = label.length <= longest ? label : `${label.slice(0, longest - 1)}…`
  const words = layer === 'table' ? 'node table' : 'node'
  return (
    `<g><title>${escaped(id)}</title>` +
    `<rect class="${words}" x="${at.x}" y="${y(at.y - box.height / 2)}" ` +
    `width="${box.width}" height="${box.height}" rx="4"/>` +
    `<text x="${at.x + 8}" y="${y(at.y + 4)}">${escaped(shown)}</text></g>`
  )
}

const y = (value: number): string => value.toFixed(1).replace(/\.0$/, '')

/** For text and attributes of XML; control characters have no spelling there. */
const escaped = (text: string): string =>
  text
    .replace(/[^\t\n\x20-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/gu, '\uFFFD')
    .replace(/[&<>"']/g, (one) => `&#${one.charCodeAt(0)};`)
