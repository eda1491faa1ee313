/**
 * The pages of the sandbox's sign-in: whom one wants to be, out of the people there are. It stands
 * for a company's login page and asks for no secret. Everything from a query string is escaped.
 */
import type { RawResponse } from './service.ts'

/** The page that lists people; each is a link that goes on as them. */
export const choosePage = (
  people: readonly string[],
  {
    path,
    query,
    client
  }: { readonly path: string; readonly query: URLSearchParams; readonly client: string }
): RawResponse => {
  const links = people.map((person) => {
    const next = new URLSearchParams(query)
    next.set('person', person)
    return `<li><a href="${escaped(`${path}?${next.toString()}`)}"><b>${escaped(person.slice(0, 1).toUpperCase())}</b>${escaped(person)}</a></li>`
  })
  return html(
    'Who are you?',
    `<p>This stands for your organisation’s sign-in. <code>${escaped(client.slice(0, 80))}</code> wants to
    know who you are; choose one of the people of the example policies. Nobody is asked for a password.</p>
    <ul>${links.join('')}</ul>`
  )
}

/** A page with a sentence. */
export const wordPage = (status: number, title: string, words: string): RawResponse => ({
  ...html(title, `<p>${escaped(words)}</p>`),
  status
})

const html = (title: string, body: string): RawResponse => ({
  status: 200,
  headers: {
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-store',
    'content-security-policy':
      "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'; base-uri 'none'",
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff'
  },
  body: Buffer.from(`<!doctype html><html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>${escaped(title)}</title>
<link rel="icon" href="data:,"><style>${style}</style></head>
<body><main><p class="tag">sandbox sign-in</p><h1>${escaped(title)}</h1>${body}</main></body></html>`)
})

const style = `
:root { color-scheme: light dark }
body { margin: 0; font: 16px/1.5 system-ui, sans-serif; background: light-dark(#eef1f6, #10141f); color: light-dark(#1a2233, #e8ecf5) }
main { max-width: 440px; margin: 8vh auto; padding: 28px; background: light-dark(#fff, #191f2e); border: 1px solid light-dark(#d8deea, #2b3347); border-radius: 14px }
h1 { margin: 4px 0 12px; font-size: 1.5rem } .tag { margin: 0; font-size: .8rem; letter-spacing: .06em; text-transform: uppercase; color: light-dark(#5b6478, #a3adc4) }
ul { list-style: none; padding: 0; margin: 18px 0 0; display: grid; gap: 8px; grid-template-columns: repeat(auto-fill, minmax(170px, 1fr)) }
a { display: flex; gap: 12px; align-items: center; padding: 9px 12px; border: 1px solid light-dark(#cbd3e2, #38425c); border-radius: 10px; color: inherit; text-decoration: none; font-weight: 600 }
a:hover { border-color: light-dark(#1f4fd8, #8fb0ff) } a:focus-visible { outline: 3px solid light-dark(#1f4fd8, #8fb0ff); outline-offset: 2px }
b { width: 30px; height: 30px; border-radius: 50%; display: grid; place-items: center; background: light-dark(#e3eaff, #26345f); color: light-dark(#1f4fd8, #a9c2ff) }
`

const escaped = (text: string): string =>
  text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
