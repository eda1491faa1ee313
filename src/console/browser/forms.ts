/**
 * Forms while one types: what the broker would say of an ask or of a query, half a second after the
 * last key, by the same route that a button without scripts sends to. A form that is sent is sent
 * once.
 */
import type { Control, Element, Form, Page } from './dom.ts'
import { words } from './words.ts'

type Shown = {
  readonly tone: string
  readonly title: string
  readonly lines: readonly string[]
  readonly place: { readonly offset: number; readonly length: number } | null
}

const quietMilliseconds = 500
/** while the broker does not answer; then it is asked again at the next key */
const pauseMilliseconds = 1000
const mostTries = 5

export const watchForms = (forms: readonly Form[], page: Page): void => {
  for (const form of forms) {
    form.addEventListener('input', () => form.setAttribute('data-touched', ''))
    if (isTyped(form)) form.setAttribute('data-touched', '')
    form.addEventListener('submit', (event) => {
      form.removeAttribute('data-touched')
      // after the browser has read which button it was
      setTimeout(() => {
        // what a script of the page does itself is not sent
        if (event.defaultPrevented) return
        for (const control of form.elements) if (control.type === 'submit') control.disabled = true
      }, 0)
    })
    ask(form, page, { path: form.dataset['preview'], panel: 'preview' })
    ask(form, page, { path: form.dataset['check'], panel: 'verdict' })
  }
}

const ask = (
  form: Form,
  page: Page,
  { path, panel }: { readonly path: string | undefined; readonly panel: string }
): void => {
  if (path === undefined) return
  let timer: ReturnType<typeof setTimeout> | undefined
  let turn = 0
  const later = (milliseconds: number, tries: number): void => {
    clearTimeout(timer)
    turn += 1
    const mine = turn
    timer = setTimeout(() => {
      void answerOf(path, form).then((shown) => {
        if (mine !== turn) return
        if (shown !== null) show(page, { panel, shown, form })
        else if (tries > 1) later(pauseMilliseconds, tries - 1)
      })
    }, milliseconds)
  }
  form.addEventListener('input', () => later(quietMilliseconds, mostTries))
  if (isTyped(form)) later(0, mostTries)
}

/** Some of it was there before this script was: typed early, or kept over a reload. */
const isTyped = (form: Form): boolean =>
  [...form.elements].some(({ value, defaultValue = value }) => value !== defaultValue)

const answerOf = async (path: string, form: Form): Promise<Shown | null> => {
  const body = new URLSearchParams()
  for (const control of form.elements) {
    if (control.name !== '' && (control.type !== 'checkbox' || control.checked)) {
      body.append(control.name, control.value)
    }
  }
  try {
    const answer = await fetch(path, {
      method: 'POST',
      headers: { accept: 'application/json' },
      body
    })
    return answer.ok ? shownIn(await answer.json()) : null
  } catch {
    return null
  }
}

const shownIn = (value: unknown): Shown | null => {
  if (typeof value !== 'object' || value === null) return null
  if (!('tone' in value && 'title' in value && 'lines' in value)) return null
  const { tone, title, lines } = value
  if (typeof tone !== 'string' || typeof title !== 'string' || !Array.isArray(lines)) return null
  const place = 'place' in value ? placeIn(value.place) : null
  return {
    tone,
    title,
    place,
    lines: lines.filter((line): line is string => typeof line === 'string')
  }
}

const placeIn = (value: unknown): Shown['place'] => {
  if (typeof value !== 'object' || value === null) return null
  if (!('offset' in value && 'length' in value)) return null
  const { offset, length } = value
  return typeof offset === 'number' && typeof length === 'number' ? { offset, length } : null
}

const show = (
  page: Page,
  { panel, shown, form }: { readonly panel: string; readonly shown: Shown; readonly form: Form }
): void => {
  const section = page.querySelector(`#${panel}`)
  const title = page.querySelector(`#${panel}-title`)
  const list = page.querySelector(`#${panel}-lines`)
  if (section === null || title === null || list === null) return
  section.className = `note ${shown.tone}`
  section.hidden = false
  title.textContent = shown.title
  list.replaceChildren(
    ...shown.lines.map((line) => {
      const item = page.createElement('li')
      item.textContent = line
      return item
    })
  )
  page.querySelector(`#${panel}-place`)?.remove()
  const sql = [...form.elements].find(({ name }) => name === 'sql')
  if (shown.place !== null && sql !== undefined) section.append(marked(page, sql, shown.place))
}

/** The line of the fault with its place marked, and a button that puts the caret there. */
const marked = (
  page: Page,
  sql: Control,
  { offset, length }: NonNullable<Shown['place']>
): Element => {
  const text = sql.value
  const start = text.lastIndexOf('\n', offset - 1) + 1
  const stop = text.indexOf('\n', offset + length)
  const block = page.createElement('div')
  block.setAttribute('id', 'verdict-place')
  block.className = 'tight'
  const line = page.createElement('pre')
  line.className = 'block'
  const mark = page.createElement('mark')
  mark.textContent = text.slice(offset, offset + Math.max(1, length)) || ' '
  const end = offset + Math.max(1, length)
  line.append(text.slice(start, offset), mark, text.slice(end, stop < 0 ? text.length : stop))
  const jump = page.createElement('button')
  jump.setAttribute('type', 'button')
  jump.textContent = words.showMe
  jump.addEventListener('click', () => {
    sql.focus()
    sql.setSelectionRange(offset, end)
  })
  block.append(line, jump)
  return block
}
