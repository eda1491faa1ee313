/**
 * The one HTML file: what the pack shows, the pack itself as data, and its check. A policy in the
 * file allows exactly its own script and style, by their hashes, and no request to anywhere.
 */
import { base64, utf8 } from '../ledger/bytes.ts'
import type { Primitives } from '../ledger/primitives.ts'
import { contentOf, titleOf } from './content.ts'
import { type Markup, html, raw } from './markup.ts'
import type { Pack } from './pack-types.ts'
import { style } from './style.ts'

/** The JSON of a pack, the same bytes wherever it is written. */
export const packJson = (pack: Pack): string => `${JSON.stringify(pack, null, 1)}\n`

/** `script` is the bundle of browser-check.ts. */
export const packFile = async (pack: Pack, script: string, by: Primitives): Promise<string> => {
  if (/<\/script|<!--/i.test(script)) throw new RangeError('the script would end before its end')
  const policy = [
    "default-src 'none'",
    `script-src '${await sourceOf(script, by)}'`,
    `style-src '${await sourceOf(style, by)}'`,
    "base-uri 'none'",
    "form-action 'none'"
  ].join('; ')
  const whole = html`<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>${titleOf(pack)} · Sallyport evidence</title>
<style>${raw(style)}</style></head><body>
${checkPart}
<main id="content">${contentOf(pack)}</main>
<footer>Made by Sallyport. The same as JSON: <code>sallyport evidence … --format json</code>.</footer>
<script type="application/json" id="pack">${dataOf(pack)}</script>
<script>${raw(script)}</script>
</body></html>
`
  return whole.markup
}

/** The JSON in a file of `packFile`, or null. */
export const jsonIn = (file: string): string | null =>
  /<script type="application\/json" id="pack">([^<]*)<\/script>/.exec(file)?.[1] ?? null

const sourceOf = async (text: string, by: Primitives): Promise<string> =>
  `sha256-${base64(await by.sha256([utf8(text)]))}`

/** JSON has no `<` outside of strings, where it can be spelled so. */
const dataOf = (pack: Pack): Markup => raw(packJson(pack).replaceAll('<', '\\u003c'))

const checkPart = html`
<section id="check" aria-labelledby="check-title"><h2 id="check-title">Check this file</h2>
<div id="result" role="status"><p>Not checked. The check needs JavaScript, and no network.</p></div>
<form id="check-form"><label for="key">The ledger's key, as you know it from elsewhere</label>
<textarea id="key" rows="2" spellcheck="false" autocomplete="off"></textarea>
<button>Check with this key</button></form></section>`
