/**
 * The style of the HTML report: light and dark by the reader's setting, black on white in print.
 */
export const reportStyle = `
:root{color-scheme:light dark;--page:#fff;--ink:#1b1f24;--soft:#57606a;--line:#d0d7de;--rest:#e4e8ec;--good:#1a7f37;--critical:#a40e26;--high:#cf222e;--medium:#9a6700;--low:#0969da;--plain:#57606a;--code:#f3f5f7}
@media (prefers-color-scheme:dark){:root{--page:#0d1117;--ink:#e6edf3;--soft:#9aa4af;--line:#30363d;--rest:#2b323a;--good:#3fb950;--critical:#ff8182;--high:#ff7b72;--medium:#d29922;--low:#58a6ff;--plain:#9aa4af;--code:#161b22}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:66rem;padding:2rem 1.25rem;background:var(--page);color:var(--ink);font:16px/1.5 system-ui,sans-serif}
h1{font-size:1.7rem;margin:0 0 .25rem}h2{font-size:1.2rem;margin:2.2rem 0 .6rem}h3{font-size:1rem;margin:0}
p{margin:.35rem 0}.soft{color:var(--soft)}
.figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(18rem,1fr));gap:1.25rem 2rem}
figure{margin:0}figcaption{font-weight:600;margin-bottom:.25rem}
svg{max-width:100%;height:auto;display:block}svg text{fill:var(--ink);font:13px system-ui,sans-serif}
article{border-top:1px solid var(--line);padding:.9rem 0;break-inside:avoid}
.severity{font-size:.8rem;font-weight:700;text-transform:uppercase;letter-spacing:.03em}
.critical{color:var(--critical)}.high{color:var(--high)}.medium{color:var(--medium)}.low{color:var(--low)}
code,pre{font:13px/1.45 ui-monospace,monospace;overflow-wrap:anywhere}
pre{background:var(--code);border:1px solid var(--line);border-radius:4px;padding:.5rem .7rem;margin:.4rem 0;white-space:pre-wrap}
table{border-collapse:collapse;width:100%;font-size:.92rem}th,td{text-align:left;vertical-align:top;padding:.3rem .6rem .3rem 0;border-bottom:1px solid var(--line);overflow-wrap:anywhere}
summary{cursor:pointer;color:var(--soft)}
@media print{:root{--page:#fff;--ink:#000;--soft:#333;--line:#999;--rest:#ddd;--good:#1a7f37;--critical:#a40e26;--high:#cf222e;--medium:#7d4e00;--low:#0550ae;--plain:#333;--code:#fff}body{padding:0;max-width:none;font-size:10.5pt}details>*{display:block}a{color:inherit}@page{margin:16mm}}
`
