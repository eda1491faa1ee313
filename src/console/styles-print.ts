/** The style sheet, last part: on paper, what is said and no more. */
export const printStyles = `
@media print {
  :root {
    color-scheme: light; --page: #fff; --paper: #fff; --sunk: #f2f2f2; --line: #bbb; --ink: #000;
    --soft: #333; --accent: #000; --shadow: none;
  }
  html { font-size: 11pt }
  body.inside { display: block }
  .side, .skip, .actions, form, button, .pager, .stale { display: none !important }
  main { padding: 0; max-width: none; gap: 12pt }
  .card { break-inside: avoid; border-color: #bbb; padding: 10pt }
  .card.flush { break-inside: auto }
  .cols { grid-template-columns: minmax(0, 1fr) }
  tr, .line > li { break-inside: avoid }
  thead { display: table-header-group }
  .scroll { overflow: visible }
  a { color: inherit; text-decoration: none }
  @page { margin: 16mm }
}
`
