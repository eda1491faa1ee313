/**
 * Verifying the ledger in the browser: the page, its program, and the log's files for it. The page
 * says what that proves, since both come from the broker that is being checked.
 */
import { bundle } from '../evidence/bundle.ts'
import { type AuditPages, shown } from './audit-pages.ts'
import { absent } from './failure.ts'
import { sendPage } from './frame.tsx'
import { ledgerPath } from './ledger-pages.tsx'
import { forAnybody, forPrograms, forViewers } from './pages.ts'
import { Card, Field } from './pieces.tsx'
import { viewerOf } from './viewer.ts'
import { audit as words } from './words-audit.ts'

/** Adds the page, its script and the files of the log. */
export const ledgerVerifyPages = ({ app, broker, read }: AuditPages): void => {
  app.get('/ledger/verify', forViewers, async (request, reply) => {
    const viewer = viewerOf(request)
    // who may not fetch the log is told so before the button is pressed
    shown(await broker.logKey(viewer.caller.person))
    return sendPage(reply, {
      title: words.verify.title,
      lead: words.verify.lead,
      viewer,
      at: ledgerPath,
      body: (
        <>
          <p class="crumb">
            <a href={ledgerPath}>{words.ledger.back}</a>
          </p>
          <div class="cols">
            <Card title={words.verify.start}>
              <noscript>
                <p class="note warn">{words.verify.needsScript}</p>
              </noscript>
              <form id="verify" method="get" action={`${ledgerPath}/verify`}>
                <Field name="key" label={words.verify.key} hint={words.verify.keyHint}>
                  {(attributes) => (
                    <textarea rows={2} spellcheck={false} autocomplete="off" {...attributes} />
                  )}
                </Field>
                <div class="row">
                  <button class="primary">{words.verify.start}</button>
                  <button type="button" id="stop" hidden>
                    {words.verify.stop}
                  </button>
                </div>
              </form>
              <progress id="progress" max={1} value={0} hidden aria-label={words.verify.start} />
              <div id="result" role="status" />
            </Card>
            <Card title={words.verify.honestTitle}>
              {words.verify.honest.map((line) => (
                <p key={line}>{line}</p>
              ))}
              <pre class="block wrap">
                {
                  'sallyport ledger export DIR\nsallyport ledger verify DIR --key KEY --anchor CHECKPOINT --strict'
                }
              </pre>
            </Card>
          </div>
          <script type="module" src="/console/assets/verify.js" />
        </>
      )
    })
  })

  let script: string | null = null
  app.get('/assets/verify.js', forAnybody, (_request, reply) => {
    script ??= bundle('console/browser/verify.js', read)
    return reply
      .header('cache-control', 'no-cache')
      .type('text/javascript; charset=utf-8')
      .send(script)
  })

  app.get('/ledger/files/key', forPrograms, async (request, reply) =>
    reply
      .type('text/plain; charset=utf-8')
      .send(shown(await broker.logKey(viewerOf(request).caller.person)))
  )

  app.get('/ledger/files/checkpoint', forPrograms, async (request, reply) => {
    const bytes = shown(await broker.checkpoint(viewerOf(request).caller.person))
    return reply.type('text/plain; charset=utf-8').send(Buffer.from(bytes))
  })

  app.get<{ Params: { readonly '*': string } }>(
    '/ledger/files/tile/*',
    forPrograms,
    async (request, reply) => {
      const path = `tile/${request.params['*']}`
      const bytes = shown(await broker.logFile(viewerOf(request).caller.person, path))
      if (bytes === null) throw absent()
      return reply.type('application/octet-stream').send(Buffer.from(bytes))
    }
  )
}
