/** Where somebody is signed in, and ending it: one session, or all of them at once. */
import type { ConsoleSessions } from '../ports-console.ts'
import { type Cookies, dropCookie } from './cookie.ts'
import { fieldsOf } from './form.ts'
import { sendPage } from './frame.tsx'
import { type Pages, forViewers } from './pages.ts'
import { Act, Csrf, Time } from './pieces.tsx'
import { viewerOf } from './viewer.ts'
import { words } from './words.ts'

export type SessionParts = { readonly sessions: ConsoleSessions; readonly cookies: Cookies }

/** Adds the routes. */
export const sessionPages = ({ app, now }: Pages, { sessions, cookies }: SessionParts): void => {
  app.get('/sessions', forViewers, async (request, reply) => {
    const viewer = viewerOf(request)
    const mine = await sessions.sessionsOf(viewer.caller.person, now())
    return sendPage(reply, {
      title: words.sessions.title,
      lead: words.sessions.lead,
      viewer,
      actions: (
        <a class="button danger" href="/console/sessions/end-all">
          {words.sessions.everywhere} …
        </a>
      ),
      body: (
        <section class="card flush">
          <div class="scroll">
            <table>
              <thead>
                <tr>
                  <th scope="col">{words.sessions.since}</th>
                  <th scope="col">{words.sessions.strength}</th>
                  <th scope="col">{words.sessions.ends}</th>
                  <th scope="col">
                    <span class="hidden-label">{words.sessions.end}</span>
                  </th>
                </tr>
              </thead>
              <tbody>
                {mine.map(({ digest, madeAt, endsAt, acr, amr }) => (
                  <tr key={digest}>
                    <td>
                      <Time at={madeAt} />
                    </td>
                    <td>
                      {[...amr, ...(acr === null ? [] : [acr])].join(', ') || words.sessions.untold}
                    </td>
                    <td>
                      <Time at={endsAt} />
                    </td>
                    <td>
                      {digest === viewer.session ? (
                        <span class="state good">{words.sessions.here}</span>
                      ) : (
                        <Act
                          viewer={viewer}
                          to="/console/sessions/end"
                          label={words.sessions.end}
                          fields={{ session: digest }}
                        />
                      )}
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </section>
      )
    })
  })

  app.post('/sessions/end', forViewers, async (request, reply) => {
    const { caller } = viewerOf(request)
    await sessions.close(fieldsOf(request).one('session'), caller.person)
    return reply.redirect('/console/sessions', 303)
  })

  app.get('/sessions/end-all', forViewers, (request, reply) => {
    const viewer = viewerOf(request)
    return sendPage(reply, {
      title: words.sessions.everywhereTitle,
      lead: words.sessions.everywhereLead,
      viewer,
      body: (
        <section class="card">
          <form method="post" action="/console/sessions/end-all">
            <Csrf viewer={viewer} />
            <div class="row">
              <button class="danger">{words.sessions.everywhere}</button>
              <a class="button" href="/console/sessions">
                {words.frame.back}
              </a>
            </div>
          </form>
        </section>
      )
    })
  })

  app.post('/sessions/end-all', forViewers, async (request, reply) => {
    await sessions.closeAll(viewerOf(request).caller.person)
    dropCookie(reply, cookies, cookies.session)
    return reply.redirect('/console/signed-out', 303)
  })
}
