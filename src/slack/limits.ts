/**
 * Slack's limits, in this one place (docs.slack.dev/reference/block-kit, .../surfaces/modals). A
 * message or view that would not fit, or has a block this app never sends, is a bug and throws:
 * whatever comes from outside has been cut before. Lengths are UTF-16 code units after escaping,
 * the most cautious of the ways one can count.
 */
import type {
  ActionsBlockElement,
  HomeView,
  InputBlockElement,
  KnownBlock,
  ModalView,
  Option,
  SectionBlockAccessory,
  TextObject
} from '@slack/types'

/** `text` is what notifications and screen readers get. */
export type Message = { readonly text: string; readonly blocks: KnownBlock[] }
export type Modal = Omit<ModalView, 'blocks'> & { readonly blocks: KnownBlock[] }
export type Home = Omit<HomeView, 'blocks'> & { readonly blocks: KnownBlock[] }

export const limits = {
  messageBlocks: 50,
  /** Slack cuts at 40,000 and asks for no more than this */
  messageText: 4000,
  viewBlocks: 100,
  viewBytes: 250_000,
  viewTitle: 24,
  privateMetadata: 3000,
  callbackId: 255,
  blockId: 255,
  actionId: 255,
  header: 150,
  sectionText: 3000,
  fields: 10,
  field: 2000,
  contextElements: 10,
  contextText: 3000,
  actionsElements: 25,
  buttonText: 75,
  buttonValue: 2000,
  url: 3000,
  options: 100,
  optionText: 75,
  optionValue: 150,
  optionDescription: 75,
  checkboxes: 10,
  placeholder: 150,
  inputLabel: 2000,
  inputHint: 2000,
  inputText: 3000,
  confirmTitle: 100,
  confirmText: 300,
  confirmButton: 30
} as const

/** The message itself; throws a RangeError that names what does not fit. */
export const fitMessage = (message: Message): Message => {
  const faults = [
    ...over('text', message.text, limits.messageText),
    ...(message.text === '' ? ['text is empty'] : []),
    ...faultsOf(message.blocks, limits.messageBlocks)
  ]
  return fits(message, faults)
}

/** The view itself; throws a RangeError that names what does not fit. */
export const fitView = <V extends Modal | Home>(view: V): V => {
  const bytes = Buffer.byteLength(JSON.stringify(view))
  const faults = [
    ...over('callback_id', view.callback_id ?? '', limits.callbackId),
    ...over('private_metadata', view.private_metadata ?? '', limits.privateMetadata),
    ...faultsOf(view.blocks, limits.viewBlocks),
    ...(bytes > limits.viewBytes ? [`the view has ${bytes} bytes`] : []),
    ...(view.type === 'modal' ? faultsOfModal(view) : [])
  ]
  return fits(view, faults)
}

const fits = <T>(thing: T, faults: readonly string[]): T => {
  if (faults.length > 0) throw new RangeError(`Slack would refuse it: ${faults.join('; ')}`)
  return thing
}

const faultsOfModal = ({ title, submit, close, blocks }: Modal): readonly string[] => [
  ...over('title', title.text, limits.viewTitle),
  ...over('submit', submit?.text ?? '', limits.viewTitle),
  ...over('close', close?.text ?? '', limits.viewTitle),
  ...(blocks.some(({ type }) => type === 'input') && submit === undefined
    ? ['an input without submit']
    : [])
]

const faultsOf = (blocks: readonly KnownBlock[], most: number): readonly string[] => {
  const ids = blocks.flatMap(({ block_id: id }) => (id === undefined ? [] : [id]))
  return [
    ...many('blocks', blocks, most),
    ...twice('block_id', ids),
    ...ids.flatMap((id) => over('block_id', id, limits.blockId)),
    ...blocks.flatMap((block, n) => faultsOfBlock(block).map((fault) => `block ${n}: ${fault}`))
  ]
}

const faultsOfBlock = (block: KnownBlock): readonly string[] => {
  switch (block.type) {
    case 'divider':
      return []
    case 'header':
      return faultsOfText('header', block.text, limits.header)
    case 'section':
      return [
        ...(block.text === undefined && block.fields === undefined ? ['a section of nothing'] : []),
        ...(block.text === undefined ? [] : faultsOfText('text', block.text, limits.sectionText)),
        ...(block.fields === undefined ? [] : many('fields', block.fields, limits.fields)),
        ...(block.fields ?? []).flatMap((field) => faultsOfText('field', field, limits.field)),
        ...(block.accessory === undefined ? [] : faultsOfElement(block.accessory))
      ]
    case 'context':
      return [
        ...many('elements', block.elements, limits.contextElements),
        ...block.elements.flatMap((element) =>
          element.type === 'image'
            ? ['an image']
            : faultsOfText('context', element, limits.contextText)
        )
      ]
    case 'actions':
      return [
        ...many('elements', block.elements, limits.actionsElements),
        ...twice('action_id', block.elements.map(({ action_id: id }) => id)),
        ...block.elements.flatMap(faultsOfElement)
      ]
    case 'input':
      return [
        ...faultsOfText('label', block.label, limits.inputLabel),
        ...(block.hint === undefined ? [] : faultsOfText('hint', block.hint, limits.inputHint)),
        ...faultsOfElement(block.element)
      ]
    case 'alert':
    case 'card':
    case 'carousel':
    case 'container':
    case 'context_actions':
    case 'data_table':
    case 'file':
    case 'image':
    case 'markdown':
    case 'plan':
    case 'rich_text':
    case 'table':
    case 'task_card':
    case 'video':
      return [`a ${block.type} block, which this app never sends`]
  }
}

type Element = ActionsBlockElement | InputBlockElement | SectionBlockAccessory

const faultsOfElement = (element: Element): readonly string[] => {
  if (element.type === 'image') return ['an image']
  const id = over('action_id', element.action_id ?? '', limits.actionId)
  return [...id, ...faultsByType(element)]
}

const faultsByType = (element: Element): readonly string[] => {
  if (element.type === 'button') {
    const { text, value = '', url = '', confirm } = element
    return [
      ...faultsOfText('button', text, limits.buttonText),
      ...over('value', value, limits.buttonValue),
      ...over('url', url, limits.url),
      ...(confirm === undefined ? [] : faultsOfConfirm(confirm))
    ]
  }
  if (element.type === 'plain_text_input') {
    const { initial_value: typed = '', min_length: least = 0, max_length: most = 1 } = element
    return [
      ...over('initial_value', typed, limits.inputText),
      ...(Math.max(least, most) > limits.inputText ? ['an input longer than allowed'] : []),
      ...faultsOfPlaceholder(element)
    ]
  }
  if (element.type === 'static_select') {
    const { options = [], initial_option: chosen } = element
    return [
      ...faultsOfOptions(options, limits.options),
      ...faultsOfChosen(options, chosen === undefined ? [] : [chosen]),
      ...faultsOfPlaceholder(element)
    ]
  }
  if (element.type === 'multi_static_select') {
    const { options = [], initial_options: chosen } = element
    return [
      ...faultsOfOptions(options, limits.options),
      ...(chosen === undefined ? [] : many('initial_options', chosen, limits.options)),
      ...faultsOfChosen(options, chosen ?? []),
      ...faultsOfPlaceholder(element)
    ]
  }
  if (element.type === 'checkboxes') {
    const { options, initial_options: chosen } = element
    return [
      ...faultsOfOptions(options, limits.checkboxes),
      ...(chosen === undefined ? [] : many('initial_options', chosen, limits.checkboxes)),
      ...faultsOfChosen(options, chosen ?? [])
    ]
  }
  if (element.type === 'datetimepicker') {
    const { initial_date_time: chosen = 1_000_000_000 } = element
    return /^[0-9]{10}$/.test(String(chosen)) ? [] : ['a moment without ten digits']
  }
  return [`a ${element.type}, which this app never sends`]
}

const faultsOfConfirm = (confirm: {
  readonly title?: TextObject
  readonly text: TextObject
  readonly confirm?: TextObject
  readonly deny?: TextObject
}): readonly string[] => [
  ...(confirm.title === undefined ? [] : faultsOfText('title', confirm.title, limits.confirmTitle)),
  ...faultsOfText('confirm', confirm.text, limits.confirmText),
  ...[confirm.confirm, confirm.deny].flatMap((button) =>
    button === undefined ? [] : faultsOfText('confirm button', button, limits.confirmButton)
  )
]

const faultsOfOptions = (options: readonly Option[], most: number): readonly string[] => [
  ...many('options', options, most),
  ...twice('option', options.map(({ value }) => value)),
  ...options.flatMap(({ text, value = '', description }) => [
    ...faultsOfText('option', text, limits.optionText),
    ...over('option value', value, limits.optionValue),
    ...(description === undefined
      ? []
      : faultsOfText('option description', description, limits.optionDescription))
  ])
]

/** Slack refuses what is chosen beforehand where it is not, to the letter, one of the options. */
const faultsOfChosen = (
  options: readonly Option[],
  chosen: readonly Option[]
): readonly string[] => {
  const known = new Set(options.map((option) => JSON.stringify(option)))
  return chosen.every((option) => known.has(JSON.stringify(option)))
    ? []
    : ['chosen beforehand, but not an option']
}

const faultsOfPlaceholder = ({
  placeholder
}: {
  readonly placeholder?: TextObject
}): readonly string[] =>
  placeholder === undefined ? [] : faultsOfText('placeholder', placeholder, limits.placeholder)

const faultsOfText = (name: string, { text }: TextObject, most: number): readonly string[] =>
  text === '' ? [`${name} is empty`] : over(name, text, most)

const over = (name: string, text: string, most: number): readonly string[] =>
  text.length > most ? [`${name} has ${text.length} characters, at most ${most}`] : []

const many = (name: string, list: readonly unknown[], most: number): readonly string[] =>
  list.length === 0 || list.length > most ? [`${list.length} ${name}, 1 to ${most}`] : []

const twice = (name: string, ids: readonly (string | undefined)[]): readonly string[] => {
  const given = ids.flatMap((id) => (id === undefined ? [] : [id]))
  return new Set(given).size < given.length ? [`a ${name} twice`] : []
}
