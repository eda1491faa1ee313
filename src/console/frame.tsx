/**
 * The frame around every page: head, navigation by what the viewer may see, and who is signed in.
 * Preact escapes all text; nothing here or in a page sets markup from a string.
 */
import type { FastifyReply } from 'fastify'
import type { ComponentChildren, VNode } from 'preact'
import { renderToString } from 'preact-render-to-string'
import { navigation } from './navigation.ts'
import type { Viewer } from './viewer.ts'
import { words } from './words.ts'

export type Page = {
  readonly title: string
  /** null = nobody is signed in */
  readonly viewer: Viewer | null
  readonly body: ComponentChildren
  /** the line under the title */
  readonly lead?: ComponentChildren
  /** beside the title: links and buttons about the whole page */
  readonly actions?: ComponentChildren
  /** path of the entry of the navigation it belongs to, such as `/console/approvals` */
  readonly at?: string
  /** path of the event stream that says when to load the page again */
  readonly live?: string
  /** milliseconds after which a script loads the page again: something is under way */
  readonly again?: number
}

/** The whole document as text. */
export const page = (parts: Page): string =>
  `<!doctype html>${renderToString(<Document {...parts} />)}`

/** Answers with the page. Its status is 200 unless another was set. */
export const sendPage = (reply: FastifyReply, parts: Page): FastifyReply =>
  reply.type('text/html; charset=utf-8').send(page(parts))

const Document = ({ title, viewer, body, lead, actions, at, live, again }: Page): VNode => (
  <html lang="en">
    <head>
      <meta charset="utf-8" />
      <meta name="viewport" content="width=device-width, initial-scale=1" />
      <meta name="color-scheme" content="light dark" />
      <title>{`${title} · ${words.product}`}</title>
      <link rel="icon" href="/console/assets/icon.svg" type="image/svg+xml" />
      <link rel="stylesheet" href="/console/assets/console.css" />
      <script type="module" src="/console/assets/app.js" />
    </head>
    <body class={viewer === null ? 'outside' : 'inside'}>
      <a class="skip" href="#main">
        {words.frame.skip}
      </a>
      {viewer === null ? <Brand /> : <Side viewer={viewer} at={at ?? ''} />}
      <main
        id="main"
        tabIndex={-1}
        {...(live === undefined ? {} : { 'data-live': live })}
        {...(again === undefined ? {} : { 'data-again': String(again) })}
      >
        <div class="title">
          <div>
            <h1>{title}</h1>
            {lead === undefined ? null : <p class="lead">{lead}</p>}
          </div>
          {actions === undefined ? null : <div class="actions">{actions}</div>}
        </div>
        {body}
      </main>
    </body>
  </html>
)

const Brand = (): VNode => (
  <header class="brand">
    <a href="/console">
      <Gate />
      <span>{words.product}</span>
    </a>
  </header>
)

const Side = ({ viewer, at }: { readonly viewer: Viewer; readonly at: string }): VNode => (
  <header class="side">
    <div class="brand">
      <a href="/console">
        <Gate />
        <span>{words.product}</span>
      </a>
    </div>
    <nav aria-label={words.frame.navigation}>
      <ul>
        {navigation(viewer.roles).map(({ path, label }) => (
          <li key={path}>
            <a href={path} {...(path === at ? { 'aria-current': 'page' as const } : {})}>
              {label}
            </a>
          </li>
        ))}
      </ul>
    </nav>
    <div class="who">
      <p>
        <span class="quiet">{words.frame.signedInAs}</span> <b>{viewer.caller.person}</b>
      </p>
      <p class="links">
        <a href="/console/sessions">{words.frame.sessions}</a>
      </p>
      <form method="post" action="/console/sign-out">
        <input type="hidden" name="csrf" value={viewer.csrf} />
        <button class="plain">{words.frame.signOut}</button>
      </form>
    </div>
  </header>
)

/** A gate of two doors, of which one is open. */
const Gate = (): VNode => (
  <svg class="gate" viewBox="0 0 24 24" width="24" height="24" aria-hidden="true">
    <path d="M3 21V10a9 9 0 0 1 18 0v11h-3V10a6 6 0 0 0-12 0v11z" fill="currentColor" />
    <path d="M8.5 21V10.5A3.5 3.5 0 0 1 11 7.1V21z" fill="currentColor" />
    <path d="M15.5 21v-8.5l-2.5-2V21z" fill="currentColor" opacity="0.45" />
  </svg>
)
