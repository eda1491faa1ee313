/**
 * What a page does where there are scripts: moments in the reader's zone, time counting down, a
 * page that loads itself again when what it shows has changed, a preview and a verdict while one
 * types, and typed text that outlives a session. Everything else works without it. Text is only
 * ever set as text.
 */
import type { Element, Form, Kept, Page, Place, Stream, Target } from './dom.ts'
import { keepDrafts } from './drafts.ts'
import { watchForms } from './forms.ts'
import { words } from './words.ts'

declare const document: Page
declare const location: Place
declare const sessionStorage: Kept
declare const window: Target
declare const EventSource: new (url: string) => Stream

const localTimes = (): void => {
  const zone = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' })
  for (const time of document.querySelectorAll('time[datetime]')) {
    const at = new Date(time.getAttribute('datetime') ?? '')
    if (!Number.isNaN(at.getTime())) time.textContent = zone.format(at)
  }
}

const two = (n: number): string => String(n).padStart(2, '0')

const leftText = (milliseconds: number): string => {
  const all = Math.max(0, Math.floor(milliseconds / 1000))
  const [h, m, s] = [Math.floor(all / 3600), Math.floor((all % 3600) / 60), all % 60]
  return h > 0 ? `${h} h ${two(m)} min` : m > 0 ? `${m} min ${two(s)} s` : `${s} s`
}

/** By what the server said was left: the clock of this machine may be another. */
const loadedAt = Date.now()
const countDown = (): void => {
  for (const left of document.querySelectorAll('[data-left]')) {
    const milliseconds = Number(left.dataset['left'] ?? Number.NaN)
    if (!Number.isNaN(milliseconds))
      left.textContent = leftText(milliseconds - (Date.now() - loadedAt))
  }
}

const isTyping = (): boolean => document.querySelector('form[data-touched]') !== null

/** Loads the page again, or says that it should be where something has been typed. */
const changed = (main: Element): void => {
  if (!isTyping()) return location.reload()
  if (document.querySelector('#stale') !== null) return undefined
  const note = document.createElement('p')
  note.className = 'note warn stale'
  note.setAttribute('id', 'stale')
  note.setAttribute('role', 'status')
  const link = document.createElement('a')
  link.setAttribute('href', location.pathname)
  link.textContent = words.load
  note.append(words.changed, link)
  return main.append(note)
}

const listen = (main: Element): void => {
  const path = main.dataset['live']
  if (path === undefined) return
  const stream = new EventSource(path)
  stream.addEventListener('changed', () => changed(main))
  window.addEventListener('pagehide', () => stream.close())
}

const again = (main: Element): void => {
  const milliseconds = Number(main.dataset['again'] ?? Number.NaN)
  if (milliseconds >= 500) setTimeout(() => changed(main), milliseconds)
}

/** Back from the browser's own memory: the page may be old, and its buttons were switched off. */
window.addEventListener('pageshow', ({ persisted }) => {
  if (persisted === true) location.reload()
})

localTimes()
countDown()
setInterval(countDown, 1000)
const forms = [...document.querySelectorAll('form')].flatMap((form) => (isForm(form) ? [form] : []))
keepDrafts(forms, sessionStorage)
watchForms(forms, document)
const main = document.querySelector('main')
if (main !== null) {
  listen(main)
  again(main)
}

function isForm(element: Element): element is Form {
  return 'elements' in element
}
