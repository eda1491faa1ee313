/**
 * What an evidence pack shows, as HTML made of the pack alone. The file's own check makes it again
 * and compares, so that text that was changed in the file is told.
 */
import { fromBase64, textOf } from '../ledger/bytes.ts'
import { type EntryBody, parseEntry } from '../ledger/envelope.ts'
import { speaksTo } from './mapping.ts'
import { type Markup, html, none } from './markup.ts'
import type { EntryRow, Pack, PackElevation, PackPolicy } from './pack-types.ts'
import { detailsOf, sentenceOf, toneOf } from './story.ts'

type Read = { readonly row: EntryRow; readonly text: string; readonly body: EntryBody | null }

/** Everything but the check itself. */
export const contentOf = (pack: Pack): Markup => {
  const read = pack.entries.map(readRow)
  const bodies = read.flatMap(({ body }) => body ?? [])
  return html`
<header>
<p class="product">Sallyport · evidence pack</p>
<h1>${titleOf(pack)}</h1>
<p class="lead">Made ${utc(pack.madeAt)} for <b>${pack.madeFor}</b>. ${countOf(read.length)}, each with
its proof under one signed checkpoint.</p>
</header>
<section aria-labelledby="story"><h2 id="story">What happened</h2>
${read.length === 0 ? html`<p class="empty">No entry is about this.</p>` : html`<ol class="timeline">${read.map(moment)}</ol>`}
</section>
${pack.elevations.map(elevationPart)}
${approvalsPart(read)}
${policyPart(pack.policies)}
<section aria-labelledby="entries"><h2 id="entries">Entries and proofs</h2>
<p class="quiet">The bytes are what the ledger has hashed. A path leads from the entry's hash to the
root of the checkpoint (RFC 9162, section 2.1.3).</p>
${read.map(entryPart)}
</section>
<section aria-labelledby="checkpoint"><h2 id="checkpoint">Checkpoint and key</h2>
<p>Every path above leads to this signed tree head (C2SP tlog-checkpoint):</p>
<pre>${pack.checkpoint}</pre>
<p>The broker says that its key is:</p>
<pre>${pack.key}</pre>
${pinning}
</section>
${mappingPart(new Set(bodies.map(({ type }) => type)))}
${limits}`
}

/** Names the file, too. */
export const titleOf = ({ about }: Pack): string =>
  'elevation' in about ? `Elevation ${about.elevation}` : `Ledger from ${about.from} to ${about.to}`

const readRow = (row: EntryRow): Read => {
  const bytes = fromBase64(row.bytes)
  const parsed = bytes === null ? null : parseEntry(bytes)
  const text = (bytes && textOf(bytes)) ?? 'These bytes are no text.'
  return { row, text, body: parsed?.ok ? parsed.body : null }
}

const countOf = (count: number): string =>
  count === 1 ? '1 ledger entry' : `${count} ledger entries`

const utc = (at: string): Markup =>
  html`<time datetime="${at}">${at.replace('T', ' ').replace(/\.\d+Z$/, ' UTC')}</time>`

const moment = ({ row, body }: Read): Markup => {
  if (body === null) {
    return html`<li class="bad"><p>Entry ${row.index} cannot be read.</p></li>`
  }
  const details = detailsOf(body, row.openings)
  return html`<li class="${toneOf(body)}"><p>${utc(body.at)} <b>${body.actor}</b> ${sentenceOf(body)}
<a href="#entry-${row.index}">entry ${row.index}</a></p>${factList(details)}</li>`
}

const factList = (facts: readonly (readonly [string, string])[]): Markup =>
  facts.length === 0
    ? none
    : html`<dl>${facts.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`

const elevationPart = ({ id, facts, sessionPolicy }: PackElevation): Markup => html`
<section><h2>Elevation ${id}, as the broker's store has it</h2>
<p class="quiet">No proof covers this part. What of it is in the ledger stands among the entries.</p>
${factList(facts)}
${sessionPolicy === null ? none : html`<details><summary>The session policy that AWS STS was sent</summary><pre>${pretty(sessionPolicy)}</pre></details>`}
</section>`

const pretty = (text: string): string => {
  try {
    return JSON.stringify(JSON.parse(text), null, 2)
  } catch {
    return text
  }
}

const votes: ReadonlySet<string> = new Set([
  'approval.recorded',
  'elevation.denied',
  'breakglass.reviewed'
])

const approvalsPart = (read: readonly Read[]): Markup => {
  const rows = read.flatMap(({ row, body }) =>
    body !== null && votes.has(body.type) ? [{ row, body }] : []
  )
  if (rows.length === 0) return none
  return html`
<section aria-labelledby="deciders"><h2 id="deciders">Who decided, and what shows it</h2>
<div class="wide"><table><thead><tr><th>Person</th><th>Decision</th><th>When</th><th>Where</th><th>Digest of the ask</th><th>Sign-in</th><th>Entry</th></tr></thead>
<tbody>${rows.map(
    ({
      row,
      body
    }) => html`<tr><td>${body.actor}</td><td>${sentenceOf(body)}</td><td>${utc(body.at)}</td>
<td>${plain(body.data['via'])}</td><td><code>${plain(body.data['askDigest'])}</code></td><td>${signInOf(body)}</td>
<td><a href="#entry-${row.index}">${row.index}</a></td></tr>`
  )}</tbody></table></div>
<p class="quiet">The digest binds the decision to the very ask: the same stands in the entry of the ask.
A decision from Slack counts only after Slack's signature over the request was checked; one from the
command line or the console comes with a token of the identity provider.</p></section>`
}

const plain = (value: unknown): string => (typeof value === 'string' ? value : '–')

const signInOf = ({ data }: EntryBody): string =>
  [
    said('signed in at', data['signedInAt']),
    said('acr', data['acr']),
    said('SHA-256 of what Slack signed:', data['signatureBase'])
  ]
    .flatMap((one) => one ?? [])
    .join(' · ') || 'not in the entry'

const said = (what: string, value: unknown): string | null =>
  typeof value === 'string' ? `${what} ${value}` : null

const policyPart = (policies: readonly PackPolicy[]): Markup => html`
<section aria-labelledby="policies"><h2 id="policies">Policy</h2>
${policies.length === 0 ? html`<p class="empty">No entry names a policy.</p>` : none}
${policies.map(
  ({ digest, excerpt, text }) => html`<h3><code>${digest}</code></h3>
${
  excerpt === null
    ? html`<p>The broker does not hold this policy any more. Take the policies folder of that time from version
control; <code>sallyport policy check DIR --json</code> prints its digest, which has to be this one.</p>`
    : html`<details><summary>Rules, targets and guardrails concerned</summary><pre>${excerpt}</pre></details>`
}
${text === null ? none : html`<details><summary>The whole policy: its SHA-256 is the digest</summary><pre>${text}</pre></details>`}`
)}</section>`

const entryPart = ({ row, text, body }: Read): Markup => html`
<details class="entry" id="entry-${row.index}"><summary><b>${row.index}</b> ${body?.type ?? 'unreadable'}
<span class="verdict" data-index="${row.index}"></span></summary>
<pre>${text}</pre>
${Object.entries(row.openings).map(([name, one]) => html`<p><b>${name}</b> ${openingNote(one)}</p>`)}
<p class="quiet">Path of ${row.path.length}:</p><pre class="path">${row.path.join('\n')}</pre></details>`

const openingNote = (one: EntryRow['openings'][string]): Markup => {
  switch (one.state) {
    case 'opened':
      return html`<q>${one.value}</q> <span class="quiet">salt <code>${one.salt}</code></span>`
    case 'erased':
      return html`erased by <a href="#entry-${one.by}">entry ${one.by}</a>`
    case 'MISSING':
      return html`<strong class="bad">MISSING: nobody erased it</strong>`
  }
}

const pinning = html`
<p><b>Pin the key from elsewhere.</b> Whoever made this file could have made another key and signed a
story of his own with it. Take the key from where the broker cannot change it: your own notes from
when the ledger was set up, the log of the start (<code>checkpoint</code> lines), an anchor file, the
Slack channel of the ledger, or a witness. Then compare it with this one, or paste it above.</p>`

const mappingPart = (types: ReadonlySet<string>): Markup => html`
<section aria-labelledby="mapping"><h2 id="mapping">What of this speaks to which control</h2>
<p>A guide for whoever assesses. It is no claim of compliance: no row says that a control is met.</p>
<div class="wide"><table><thead><tr><th>This pack shows</th><th>SOC 2</th><th>ISO/IEC 27001:2022</th><th>PCI DSS 4.0.1</th><th>HIPAA, 45 CFR</th><th>GDPR</th></tr></thead>
<tbody>${speaksTo(types).map(
  (row) =>
    html`<tr><td>${row.shows}</td><td>${row.soc2}</td><td>${row.iso}</td><td>${row.pci}</td><td>${row.hipaa}</td><td>${row.gdpr}</td></tr>`
)}</tbody></table></div></section>`

const limits = html`
<section aria-labelledby="limits"><h2 id="limits">What this file proves, and what it does not</h2>
<ul>
<li>With a key that you pinned: each entry here was in the ledger under this checkpoint, byte for byte.</li>
<li>Not that nothing is left out. That takes the whole log: <code>sallyport ledger export DIR</code>, then
<code>sallyport ledger verify DIR --key KEY --anchor CHECKPOINT --strict</code>.</li>
<li>Not that the log was never rewritten or forked by whoever has its key. That takes a checkpoint
kept elsewhere (an anchor) or a witness.</li>
<li>Not what was never recorded. That takes a comparison with CloudTrail.</li>
<li>Whoever can change this file can change its check, too. Check it with a program of your own:
<code>sallyport evidence --verify FILE --key KEY</code>.</li>
</ul></section>`
