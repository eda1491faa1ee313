/** The style sheet, first part: tokens of both schemes, the frame, text, links and buttons. */
export const styles = `
:root {
  color-scheme: light dark;
  --page: #f5f6f9; --paper: #ffffff; --sunk: #eef0f5; --line: #dde1ea; --line-strong: #8a93a8;
  --ink: #161b2c; --soft: #4b5570; --accent: #1f4fd8; --accent-ink: #ffffff; --accent-soft: #e6edff;
  --good: #0b6b3f; --good-soft: #e0f4e9; --warn: #855000; --warn-soft: #fdf0d8;
  --bad: #b3201f; --bad-soft: #fde8e7; --idle: #4b5570; --idle-soft: #e8ebf2;
  --critical: #8f1414; --high: #d9480f; --medium: #b08000; --low: #8a93a8;
  --side: #12182b; --side-ink: #e8ecf8; --side-soft: #a9b3cf; --side-on: #26314f;
  --shadow: 0 1px 2px rgb(22 27 44 / 6%), 0 4px 16px rgb(22 27 44 / 5%);
  --radius: 10px;
  --mono: ui-monospace, "SF Mono", "Cascadia Code", Menlo, Consolas, "Liberation Mono", monospace;
  --sans: system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", sans-serif;
}
@media screen and (prefers-color-scheme: dark) {
  :root {
    --page: #0d1120; --paper: #151b2e; --sunk: #1c2439; --line: #2a3450; --line-strong: #7482a8;
    --ink: #e9edf8; --soft: #aab4d0; --accent: #8fb0ff; --accent-ink: #0b1230; --accent-soft: #1d2a4f;
    --good: #6fd8a3; --good-soft: #123527; --warn: #f2c266; --warn-soft: #3a2c0f;
    --bad: #ff9c97; --bad-soft: #43191c; --idle: #aab4d0; --idle-soft: #242d46;
    --critical: #ff6b64; --high: #ffa657; --medium: #f2d266; --low: #8895b8;
    --side: #090d19; --side-ink: #e9edf8; --side-soft: #9aa6c6; --side-on: #1d2742;
    --shadow: 0 1px 2px rgb(0 0 0 / 40%);
  }
}
[hidden] { display: none !important }
*, *::before, *::after { box-sizing: border-box }
html { font: 16px/1.5 var(--sans); background: var(--page); color: var(--ink); -webkit-text-size-adjust: 100% }
body { margin: 0; min-height: 100vh; overflow-wrap: break-word }
h1, h2, h3, p, ul, ol, dl, dd, figure { margin: 0; padding: 0 }
h1 { font-size: 1.625rem; line-height: 1.2; letter-spacing: -0.015em; font-weight: 680 }
h2 { font-size: 1.0625rem; line-height: 1.3; font-weight: 650; letter-spacing: -0.005em }
h3 { font-size: 0.9375rem; font-weight: 650 }
ul, ol { list-style: none }
a { color: var(--accent); text-underline-offset: 0.15em; text-decoration-thickness: 1px }
a:hover { text-decoration-thickness: 2px }
code, pre, .mono { font-family: var(--mono); font-size: 0.875em }
time { white-space: nowrap; font-variant-numeric: tabular-nums }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; border-radius: 4px }
main:focus { outline: none }
.skip { position: absolute; left: 8px; top: -60px; z-index: 9; background: var(--accent); color: var(--accent-ink); padding: 8px 14px; border-radius: 6px }
.skip:focus { top: 8px }
.quiet { color: var(--soft) }
.said { white-space: pre-wrap }
.hidden-label { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap }

body.inside { display: grid; grid-template-columns: 232px minmax(0, 1fr) }
.side { background: var(--side); color: var(--side-ink); display: flex; flex-direction: column; gap: 20px; padding: 20px 14px; position: sticky; top: 0; height: 100vh; overflow-y: auto }
.brand a { display: inline-flex; align-items: center; gap: 10px; color: inherit; text-decoration: none; font-weight: 700; font-size: 1.125rem; letter-spacing: -0.01em }
.side .brand { padding: 0 8px }
.side .gate { color: #8fb0ff }
.side nav a { display: block; padding: 8px 12px; border-radius: 8px; color: var(--side-soft); text-decoration: none; font-weight: 550 }
.side nav a:hover { color: var(--side-ink); background: var(--side-on) }
.side nav a[aria-current] { color: var(--side-ink); background: var(--side-on); box-shadow: inset 3px 0 0 #8fb0ff }
.side nav ul { display: grid; gap: 2px }
.side .who { margin-top: auto; padding: 12px 12px 0; border-top: 1px solid var(--side-on); font-size: 0.875rem; display: grid; gap: 4px }
.side .who .quiet { color: var(--side-soft) }
.side .who a, .side .who button { color: var(--side-soft) }
.side .who a:hover, .side .who button:hover { color: var(--side-ink) }
.side :focus-visible { outline-color: #8fb0ff }
main { padding: 32px clamp(16px, 3.5vw, 48px) 64px; max-width: 1240px; width: 100%; display: grid; gap: 20px; align-content: start }
main > *, .cols > * { min-width: 0 }
.title > :first-child { flex: 1 1 22rem }
.title { display: flex; flex-wrap: wrap; gap: 12px 20px; align-items: flex-end; justify-content: space-between }
.lead { color: var(--soft); margin-top: 4px; max-width: 70ch }
.actions { display: flex; flex-wrap: wrap; gap: 8px; align-items: center }
.crumb { font-size: 0.875rem }

body.outside { display: grid; grid-template-rows: auto 1fr; justify-items: center }
body.outside > .brand { padding: 56px 16px 8px; color: var(--ink) }
body.outside > .brand .gate { color: var(--accent) }
body.outside main { max-width: 520px; padding-top: 24px }

button, .button { font: inherit; font-weight: 600; line-height: 1.25; display: inline-flex; align-items: center; justify-content: center; gap: 6px; min-height: 38px; padding: 7px 15px; border-radius: 8px; border: 1px solid var(--line-strong); background: var(--paper); color: var(--ink); text-decoration: none; cursor: pointer }
button:hover, .button:hover { background: var(--sunk) }
button.primary, .button.primary { background: var(--accent); border-color: var(--accent); color: var(--accent-ink) }
button.primary:hover, .button.primary:hover { filter: brightness(1.08) }
button.danger, .button.danger { color: var(--bad); border-color: currentColor }
button.danger:hover, .button.danger:hover { background: var(--bad-soft) }
button.plain { border: 0; background: none; padding: 0; min-height: 0; font-weight: 400; text-decoration: underline; text-underline-offset: 0.15em; text-decoration-thickness: 1px }
button[disabled] { opacity: 0.6; cursor: default }

@media (max-width: 860px) {
  body.inside { display: block }
  .side { position: static; height: auto; padding: 12px 14px; gap: 10px }
  .side nav ul { display: flex; flex-wrap: wrap }
  .side nav a { white-space: nowrap; padding: 5px 9px }
  .side nav a[aria-current] { box-shadow: inset 0 -3px 0 #8fb0ff }
  .side .who { margin-top: 0; padding: 8px 8px 0; display: flex; flex-wrap: wrap; gap: 4px 14px; align-items: baseline }
  main { padding-top: 20px }
  h1 { font-size: 1.375rem }
}
`
