/**
 * The style sheet, second part: cards, tables, forms, states, time lines and what else pages share.
 */
export const pieceStyles = `
.card { background: var(--paper); border: 1px solid var(--line); border-radius: var(--radius); box-shadow: var(--shadow); padding: 18px 20px; display: grid; gap: 12px; align-content: start }
.card > *, .stack > *, .tight > *, .tiles > *, form > * { min-width: 0; max-width: 100% }
.card > header { display: flex; flex-wrap: wrap; gap: 6px 14px; align-items: baseline; justify-content: space-between }
.card.flush { padding: 0; gap: 0; overflow: hidden }
.card.flush > header { padding: 16px 20px 12px }
.card.failure { gap: 14px }
body.inside .card > .button, body.inside .card > button { justify-self: start }
.cols { display: grid; gap: 20px; grid-template-columns: minmax(0, 1.6fr) minmax(0, 1fr); align-items: start }
.stack { display: grid; gap: 20px; align-content: start }
.tiles { display: grid; gap: 14px; grid-template-columns: repeat(auto-fill, minmax(min(100%, 300px), 1fr)) }
.tile { gap: 10px; align-content: start }
.tile .foot { margin-top: auto; display: flex; flex-wrap: wrap; gap: 8px; align-items: center; justify-content: space-between }
.row { display: flex; flex-wrap: wrap; gap: 8px 12px; align-items: center }
.row.between { justify-content: space-between }

.facts { display: grid; grid-template-columns: fit-content(42%) minmax(0, 1fr); gap: 8px 20px }
.facts > div { display: grid; grid-column: 1 / -1; grid-template-columns: subgrid; gap: 2px 20px }
.facts dt { min-width: 110px }
.facts dt { color: var(--soft); font-size: 0.9375rem }
.tags { display: flex; flex-wrap: wrap; gap: 6px }
.tag { display: inline-block; max-width: 100%; font-family: var(--mono); font-size: 0.8125rem; line-height: 1.45; padding: 1px 8px; border-radius: 6px; background: var(--sunk); color: var(--ink) }
.tag.direct { background: var(--bad-soft); color: var(--bad) }
.tag.quasi { background: var(--warn-soft); color: var(--warn) }

.state { display: inline-flex; align-items: center; gap: 7px; padding: 2px 10px 2px 9px; border-radius: 999px; font-size: 0.8125rem; font-weight: 650; line-height: 1.55; white-space: nowrap; background: var(--idle-soft); color: var(--idle) }
.state::before { content: ""; width: 8px; height: 8px; border-radius: 50%; background: currentColor; flex: none }
.state.good { background: var(--good-soft); color: var(--good) }
.state.warn { background: var(--warn-soft); color: var(--warn) }
.state.bad { background: var(--bad-soft); color: var(--bad) }
.state.busy { background: var(--accent-soft); color: var(--accent) }
.left { font-variant-numeric: tabular-nums; font-weight: 650 }
blockquote { margin: 0; padding: 4px 14px; border-left: 4px solid var(--line-strong); flex-basis: 100% }
.big { font-size: 1.75rem; line-height: 1.15; letter-spacing: -0.02em }

.note { border-left: 4px solid var(--line-strong); background: var(--sunk); border-radius: 6px; padding: 10px 14px; display: grid; gap: 4px }
.note.good { border-color: var(--good); background: var(--good-soft) }
.note.warn { border-color: var(--warn); background: var(--warn-soft) }
.note.bad { border-color: var(--bad); background: var(--bad-soft) }
.note ul, .dots { list-style: disc; padding-left: 20px }
.empty { text-align: center; padding: 34px 20px; color: var(--soft); display: grid; gap: 10px; justify-items: center }
.card > .empty { padding: 12px 0 }
.empty b { color: var(--ink) }

.scroll { overflow-x: auto; position: relative }
table { border-collapse: collapse; width: 100%; font-size: 0.9375rem }
th, td { text-align: left; padding: 10px 14px; border-top: 1px solid var(--line); vertical-align: top }
thead th { border-top: 0; color: var(--soft); font-weight: 600; font-size: 0.8125rem; background: var(--sunk); white-space: nowrap }
th:first-child, td:first-child { padding-left: 20px }
td:first-child a { white-space: nowrap }
th:last-child, td:last-child { padding-right: 20px }
tbody tr:hover { background: color-mix(in srgb, var(--sunk) 55%, transparent) }
table.data { font-family: var(--mono); font-size: 0.8125rem }
table.data td { white-space: pre; max-width: 40ch; overflow: hidden; text-overflow: ellipsis }
td .null { color: var(--soft); font-style: italic }
.num { text-align: right; font-variant-numeric: tabular-nums }

form { display: grid; gap: 16px; justify-items: start }
.field.wide { max-width: none }
.tight { display: grid; gap: 7px; justify-items: start }
form.inline { display: inline-flex; gap: 8px; align-items: center }
.field { display: grid; gap: 5px; width: 100%; max-width: 640px }
.field > label, .field > .label, legend { font-weight: 600 }
.field .hint { color: var(--soft); font-size: 0.875rem }
.field .fault { color: var(--bad); font-size: 0.9375rem; font-weight: 600 }
fieldset { border: 0; padding: 0; margin: 0; min-width: 0; display: grid; gap: 6px }
input[type=text], input[type=search], input[type=date], input[type=datetime-local], select, textarea { font: inherit; width: 100%; min-height: 40px; padding: 8px 11px; border-radius: 8px; border: 1px solid var(--line-strong); background: var(--paper); color: var(--ink) }
textarea { resize: vertical; min-height: 92px }
textarea.sql { font-family: var(--mono); font-size: 0.875rem; min-height: 150px; line-height: 1.5; tab-size: 2 }
input::placeholder, textarea::placeholder { color: var(--soft); opacity: 1 }
input[aria-invalid=true], textarea[aria-invalid=true], select[aria-invalid=true] { border-color: var(--bad); box-shadow: inset 0 0 0 1px var(--bad) }
.checks { display: grid; gap: 6px 18px; grid-template-columns: repeat(auto-fill, minmax(min(100%, 230px), 1fr)) }
.check { display: flex; gap: 9px; align-items: flex-start; padding: 4px 0; cursor: pointer }
.check input { width: 18px; height: 18px; margin: 3px 0 0; accent-color: var(--accent); flex: none }
details > summary { cursor: pointer; font-weight: 600; color: var(--accent) }
details[open] > summary { margin-bottom: 10px }
pre.block { margin: 0; padding: 12px 14px; background: var(--sunk); border-radius: 8px; overflow-x: auto; line-height: 1.5 }
pre.block mark { background: var(--bad-soft); color: var(--bad); border-bottom: 2px solid currentColor }

.line { display: grid }
.line > li { display: grid; grid-template-columns: 22px minmax(0, 1fr); gap: 0 12px; padding-bottom: 18px; position: relative }
.line > li::before { content: ""; width: 12px; height: 12px; margin: 6px 0 0 5px; border-radius: 50%; background: var(--paper); border: 3px solid var(--line-strong) }
.line > li::after { content: ""; position: absolute; left: 10px; top: 20px; bottom: -6px; width: 2px; background: var(--line) }
.line > li:last-child::after { display: none }
.line > li:last-child { padding-bottom: 0 }
.line > li.good::before { border-color: var(--good) }
.line > li.warn::before { border-color: var(--warn) }
.line > li.bad::before { border-color: var(--bad) }
.line > li.busy::before { border-color: var(--accent) }
.line .what { display: flex; flex-wrap: wrap; gap: 2px 12px; justify-content: space-between; align-items: baseline }
.line .what b { font-weight: 620 }
.line .more { color: var(--soft); font-size: 0.9375rem; display: grid; gap: 2px }
.pager { display: flex; gap: 10px; padding: 14px 20px; border-top: 1px solid var(--line); flex-wrap: wrap; align-items: center }
.stale { position: sticky; bottom: 16px; z-index: 5; box-shadow: var(--shadow) }

@media (max-width: 860px) { .cols { grid-template-columns: minmax(0, 1fr) } }
@media (max-width: 560px) {
  .card { padding: 15px 15px }
  table.wordy { min-width: 680px }
  .facts, .facts > div { grid-template-columns: minmax(0, 1fr) }
  th:first-child, td:first-child { padding-left: 15px }
  th:last-child, td:last-child { padding-right: 15px }
  .card.flush > header { padding: 15px 15px 10px }
}
@media (prefers-reduced-motion: no-preference) { .state.busy::before { animation: pulse 1.6s ease-in-out infinite } }
@keyframes pulse { 50% { opacity: 0.3 } }
@media (forced-colors: active) { .state, .tag, .note { border: 1px solid } }
`
