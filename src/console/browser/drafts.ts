/**
 * Typed text that outlives a session which ended in the middle of a form: kept in this tab alone
 * while it is sent, put back where the same form comes again empty, and dropped when something
 * else came of it.
 */
import type { Control, Form, Kept } from './dom.ts'

/** Forms without a name of their own (`data-draft`) are left alone. */
export const keepDrafts = (forms: readonly Form[], kept: Kept): void => {
  for (const form of forms) {
    const name = form.dataset['draft']
    if (name === undefined) continue
    putBack(form, kept.getItem(keyOf(name)))
    kept.removeItem(keyOf(name))
    form.addEventListener('submit', () => kept.setItem(keyOf(name), JSON.stringify(textsOf(form))))
  }
}

const keyOf = (name: string): string => `draft ${name}`

const isTyped = ({ type, name }: Control): boolean =>
  name !== '' && (type === 'text' || type === 'textarea' || type === 'datetime-local')

const textsOf = (form: Form): Record<string, string> =>
  Object.fromEntries(
    [...form.elements].filter(isTyped).map(({ name, value }) => [name, value] as const)
  )

const putBack = (form: Form, text: string | null): void => {
  const draft: unknown = text === null ? null : JSON.parse(text)
  if (typeof draft !== 'object' || draft === null) return
  const values = new Map<string, unknown>(Object.entries(draft))
  for (const control of form.elements) {
    const value = values.get(control.name)
    const isUntouched = control.value === '' || control.name === 'duration'
    if (isTyped(control) && isUntouched && typeof value === 'string') control.value = value
  }
}
