/** The style of an evidence pack: light and dark, narrow and wide, on paper. */
export const style = `
:root{color-scheme:light dark;--ink:#1b2430;--quiet:#566273;--paper:#fff;--band:#f3f5f8;--line:#d8dde5;
--good:#1a7f4b;--bad:#b3261e;--over:#6b5bb5;--link:#0b5cad}
@media (prefers-color-scheme:dark){:root{--ink:#e6eaf0;--quiet:#a3aebd;--paper:#12161c;--band:#1b212a;
--line:#333c49;--good:#5fd39a;--bad:#ff8a80;--over:#b9acff;--link:#7fb6ff}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,sans-serif}
body>*{max-width:64rem;margin-inline:auto;padding-inline:1.25rem}
header{padding-top:2rem}
.product{margin:0;color:var(--quiet);font-weight:600;letter-spacing:.02em}
h1{font-size:1.6rem;line-height:1.25;margin:.2rem 0;overflow-wrap:anywhere}
h2{font-size:1.2rem;margin:2.2rem 0 .6rem;padding-top:.8rem;border-top:1px solid var(--line);overflow-wrap:anywhere}
h3{font-size:1rem;overflow-wrap:anywhere}
a{color:var(--link)}
.lead,.quiet{color:var(--quiet)}
pre,code{font:13px/1.5 ui-monospace,monospace;overflow-wrap:anywhere}
pre{background:var(--band);padding:.7rem .9rem;border-radius:6px;white-space:pre-wrap}
dl{display:grid;gap:.15rem;margin:.3rem 0 0}
dl div{display:grid;grid-template-columns:minmax(7rem,14rem) 1fr;gap:.2rem 1rem}
dt{color:var(--quiet)}dd{margin:0;overflow-wrap:anywhere;white-space:pre-wrap}
@media (max-width:40rem){dl div{grid-template-columns:1fr}dd{padding-left:.8rem}}
.timeline{list-style:none;margin:0;padding:0 0 0 1.1rem;border-left:2px solid var(--line)}
.timeline li{position:relative;padding:0 0 1.1rem .4rem}
.timeline li::before{content:"";position:absolute;left:-1.53rem;top:.45rem;width:.7rem;height:.7rem;
border-radius:50%;background:var(--quiet);border:2px solid var(--paper)}
.timeline li.good::before{background:var(--good)}.timeline li.bad::before{background:var(--bad)}
.timeline li.over::before{background:var(--over)}
.timeline p{margin:0}.timeline time{color:var(--quiet);margin-right:.4rem;font-variant-numeric:tabular-nums}
.wide{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:.92rem}
th,td{text-align:left;vertical-align:top;padding:.45rem .7rem .45rem 0;border-bottom:1px solid var(--line)}
td code{font-size:12px}
details{margin:.4rem 0}summary{cursor:pointer;padding:.25rem 0}
details.entry{border-bottom:1px solid var(--line);margin:0}
:focus-visible{outline:3px solid var(--link);outline-offset:2px}
.verdict{float:right;font-size:.9rem}
.good{color:var(--good)}.timeline .good,.timeline .bad,.timeline .over{color:inherit}
.bad{color:var(--bad)}
#check{background:var(--band);border:1px solid var(--line);border-radius:8px;padding:1rem 1.25rem;margin-top:1.2rem;
width:calc(100% - 2.5rem);max-width:61.5rem}
#check h2{border:0;padding:0;margin:0 0 .4rem}
#check label{display:block;font-weight:600;margin-top:.6rem}
#check textarea{width:100%;font:13px/1.5 ui-monospace,monospace;background:var(--paper);color:var(--ink);
border:1px solid var(--quiet);border-radius:6px;padding:.5rem}
#check button{font:inherit;font-weight:600;color:var(--paper);background:var(--link);border:0;border-radius:6px;
padding:.45rem 1.1rem;margin-top:.6rem;cursor:pointer}
#check p{margin:.4rem 0}#check ul{margin:.3rem 0;padding-left:1.2rem}
footer{padding-block:1.5rem 3rem;color:var(--quiet)}
@media print{:root{color-scheme:light;--ink:#000;--quiet:#444;--paper:#fff;--band:#f4f4f4;--line:#bbb}
body{font-size:10.5pt}#check form,.verdict:empty{display:none}
details::details-content{content-visibility:visible;block-size:auto}
pre,li,tr{break-inside:avoid}pre.path{display:none}h2{break-after:avoid}a{color:inherit;text-decoration:none}}
`
