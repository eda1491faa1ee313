/** The style sheet, last part: on paper, what is said and no more. */
export const printStyles = `
@media print {
  :root {
    color-scheme: light; --page: #fff; --paper: #fff; --sunk: #f2f2f2; --line: #bbb; --ink: #000;
    --soft: #333; --accent: #000; --shadow: none;
  }
  html { font-size: 11pt }
  body.inside { display: block }
  .side, .skip, .actions, form, button, .button, .pager, .stale, .crumb, summary, .chart details, .card:has(> form:only-child) { display: none !important }
  .state, .tag, .note, .dot, .block, thead th { print-color-adjust: exact }
  main { padding: 0; max-width: none; gap: 12pt }
  .card { break-inside: avoid; border-color: #bbb; padding: 10pt }
  .card.flush { break-inside: auto }
  .cols { grid-template-columns: minmax(0, 1fr) }
  tr, .line > li { break-inside: avoid }
  thead { display: table-header-group }
  .scroll { overflow: visible }
  table { font-size: 9pt }
  th, td { padding: 4pt 6pt }
  td.mono, td code { overflow-wrap: anywhere }
  td time, .oneline, td:first-child a { white-space: normal }
  .halves { grid-template-columns: minmax(0, 1fr) minmax(0, 1fr) }
  .halves > *, .chart > * { min-width: 0 }
  .chart, .graph { break-inside: avoid; min-width: 0 }
  details::details-content { content-visibility: visible; block-size: auto }
  a { color: inherit; text-decoration: none }
  @page { margin: 16mm }
}
`
