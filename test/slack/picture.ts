/** Messages and views as text a person can read: buttons in brackets, dates as {ISO}, notes indented. */
import type { KnownBlock } from '@slack/types'
import type { Home, Message, Modal } from '../../src/slack/limits.ts'

type Json = { readonly [key: string]: unknown }

export const picture = (shown: Message | Modal | Home): string => {
  const head =
    'text' in shown
      ? `(notification) ${shown.text}`
      : shown.type === 'home'
        ? '(home)'
        : `(modal ${shown.callback_id}) ${shown.title.text}${shown.submit ? ` [${shown.submit.text}]` : ''} [${shown.close?.text}]` +
          (shown.private_metadata === undefined ? '' : `\n(metadata) ${shown.private_metadata}`)
  return dates([head, ...shown.blocks.map(block)].join('\n')) + '\n'
}

/** Every object within, the thing itself included. */
export const objectsOf = (thing: unknown): readonly Json[] => {
  if (typeof thing !== 'object' || thing === null) return []
  const inner = Object.values(thing).flatMap(objectsOf)
  return Array.isArray(thing) ? inner : [thing as Json, ...inner]
}

const block = (of: KnownBlock): string => {
  if (of.type === 'divider') return '-----'
  if (of.type === 'header') return `# ${of.text.text}`
  if (of.type === 'section') {
    const fields = (of.fields ?? []).map((one) => `| ${one.text.replaceAll('\n', '\n|   ')}`)
    return [...(of.text ? [textOf(of.text)] : []), ...fields].join('\n')
  }
  if (of.type === 'context') {
    return of.elements.map((one) => `  ${'text' in one ? one.text : one.type}`).join('\n')
  }
  if (of.type === 'actions') return of.elements.map(element).join('\n')
  if (of.type !== 'input') throw new Error(`no picture of ${of.type}`)
  return [
    `${of.label.text}${of.optional ? ' (optional)' : ''}${of.dispatch_action ? ' (previews)' : ''} <${of.block_id}>`,
    `  ${element(of.element)}`,
    ...(of.hint ? [`  ${of.hint.text}`] : [])
  ].join('\n')
}

const textOf = (text: { readonly type: string; readonly text: string }): string =>
  text.type === 'mrkdwn' ? text.text : `"${text.text}"`

const word = (value: unknown): string =>
  typeof value === 'string' || typeof value === 'number' ? String(value) : ''

const element = (of: object): string => {
  const it = of as Json & { readonly type: string }
  const text = (key: string, from: Json = it): string => {
    const value = from[key]
    return typeof value === 'object' && value !== null ? word((value as Json)['text']) : ''
  }
  if (it.type === 'button') {
    const confirm = it['confirm'] as Json | undefined
    return (
      `[${text('text')}]${it['style'] ? ` (${word(it['style'])})` : ''} ${word(it['action_id'])} ${word(it['value'] ?? it['url'])}`.trimEnd() +
      (confirm ? `\n    asks: ${text('title', confirm)} ${text('text', confirm)} [${text('confirm', confirm)}] [${text('deny', confirm)}]` : '')
    )
  }
  const options = (it['options'] as Json[] | undefined) ?? []
  const chosen = [it['initial_option'], ...((it['initial_options'] as Json[] | undefined) ?? [])].flatMap((one) => (one ? [text('text', one as Json)] : []))
  const lengths = ['min_length', 'max_length'].flatMap((key) => (it[key] === undefined ? [] : [`${key} ${word(it[key])}`]))
  return [
    `${it.type}${it['multiline'] ? ' of lines' : ''} ${word(it['action_id'])}`,
    ...(it['initial_date_time'] === undefined ? [] : [`{${new Date(Number(it['initial_date_time']) * 1000).toISOString()}}`]),
    ...(it['initial_value'] === undefined ? [] : [`"${word(it['initial_value'])}"`]),
    ...lengths,
    ...(options.length > 12 ? [`${options.length} options`] : options.map((one) => `${chosen.includes(text('text', one)) ? '(x)' : '( )'} ${text('text', one)}${one['description'] ? ` – ${text('description', one)}` : ''}`))
  ].join('; ')
}

const dates = (text: string): string => text.replace(/<!date\^[0-9]+\^[^|>]*\|([^>]*)>/g, '{$1}')
