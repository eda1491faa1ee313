/** The few blocks and elements of all views; every text in them has been through text.ts. */
import type {
  ActionsBlock,
  Button,
  ContextBlock,
  DividerBlock,
  HeaderBlock,
  SectionBlock
} from '@slack/types'
import { limits } from '../limits.ts'
import { actions } from '../names.ts'
import { type Mrkdwn, mrkdwnText, plainText } from '../text.ts'

export const header = (text: string): HeaderBlock => ({
  type: 'header',
  text: plainText(text, limits.header)
})

export const section = (text: Mrkdwn): SectionBlock => ({ type: 'section', text: mrkdwnText(text) })

/** What a person wrote, as they wrote it. */
export const quoted = (text: string, most: number): SectionBlock => ({
  type: 'section',
  text: plainText(text, most)
})

/** Two columns of at most ten. */
export const fields = (texts: readonly Mrkdwn[]): SectionBlock => ({
  type: 'section',
  fields: texts.map(mrkdwnText)
})

export const context = (...texts: readonly Mrkdwn[]): ContextBlock => ({
  type: 'context',
  elements: texts.map(mrkdwnText)
})

export const divider: DividerBlock = { type: 'divider' }

/** Nothing where there is no button. */
export const buttons = (...elements: readonly Button[]): readonly ActionsBlock[] =>
  elements.length === 0 ? [] : [{ type: 'actions', elements: [...elements] }]

export type ButtonOf = {
  readonly text: string
  readonly action: string
  readonly value?: string
  readonly style?: 'primary' | 'danger'
  /** what is asked once more before it counts */
  readonly confirm?: { readonly title: string; readonly text: string; readonly yes: string }
}

export const button = ({ text, action, value, style, confirm }: ButtonOf): Button => ({
  type: 'button',
  text: plainText(text, limits.buttonText),
  action_id: action,
  ...(value === undefined ? {} : { value }),
  ...(style === undefined ? {} : { style }),
  ...(confirm === undefined
    ? {}
    : {
        confirm: {
          title: plainText(confirm.title, limits.confirmTitle),
          text: plainText(confirm.text, limits.confirmText),
          confirm: plainText(confirm.yes, limits.confirmButton),
          deny: plainText('Back', limits.confirmButton)
        }
      })
})

/** A link into the console; nothing where there is none, or an address Slack would not take. */
export const consoleButton = (url: string | null): readonly Button[] =>
  url === null || url.length > limits.url
    ? []
    : [{ ...button({ text: 'Open in the console', action: actions.console }), url }]
