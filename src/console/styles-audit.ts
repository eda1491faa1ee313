/** The style sheet of the pages for auditors and operators: searches, charts, long ids. */
export const auditStyles = `
.find { grid-template-columns: repeat(auto-fill, minmax(min(100%, 200px), 1fr)); align-items: end; justify-items: stretch; width: 100%; gap: 12px 16px }
.find .row { align-self: end }
.find label { display: grid; gap: 5px; font-weight: 600 }
.pair { grid-template-columns: repeat(auto-fit, minmax(160px, 1fr)); width: 100% }
.pair label { display: grid; gap: 5px }
.pair legend { padding: 0 0 6px }
.halves { display: grid; gap: 20px; grid-template-columns: repeat(auto-fit, minmax(min(100%, 420px), 1fr)); align-items: start }
.stack { grid-template-columns: minmax(0, 1fr) }
.stack-small { display: grid; gap: 10px }
.small { font-size: 0.8125rem }
.wrap, pre.wrap { overflow-wrap: anywhere; white-space: pre-wrap }
.oneline { white-space: nowrap }
.find input, .find select { height: 42px }
.dot { display: inline-block; width: 9px; height: 9px; border-radius: 50%; background: var(--line-strong); margin-right: 3px }
.dot.good { background: var(--good) }
.dot.bad { background: var(--bad) }
.dot.over { background: var(--accent) }
progress { width: 100%; height: 12px; accent-color: var(--accent) }
.chart { display: grid; gap: 10px }
.chart svg { width: 100%; height: auto; display: block }
.chart .legend svg { width: 12px; height: 12px; display: inline-block; flex: none }
.chart text { fill: var(--soft); font: 12px var(--sans) }
.chart text.label { font-weight: 600 }
.chart .grid { stroke: var(--line) }
.chart .axis { stroke: var(--line-strong) }
.series-0 { fill: var(--accent) }
.series-1 { fill: var(--good) }
.series-2 { fill: var(--bad) }
.series-3 { fill: var(--line-strong) }
.critical { fill: var(--critical) }
.high { fill: var(--high) }
.medium { fill: var(--medium) }
.low { fill: var(--low) }
.graph { display: block; width: 100%; min-width: 880px; height: auto }
.legend { display: flex; flex-wrap: wrap; gap: 4px 18px; font-size: 0.875rem }
.legend li { display: flex; gap: 7px; align-items: center }
`
