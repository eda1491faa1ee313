/** The parts that the fields of the ask's form are made of, and the field of its one query. */
import type { InputBlock, InputBlockElement, PlainTextOption } from '@slack/types'
import { limits } from '../limits.ts'
import { type Seconds, seconds } from '../../elevation/ids.ts'
import { printDuration } from '../../elevation/duration.ts'
import { type AskField, fieldAction, fieldBlock } from '../names.ts'
import { clean, plainText } from '../text.ts'
import type { Typed } from './ask-form.ts'
import type { AskOffer, Demand } from './ask-offer.ts'

export const field = (
  name: AskField,
  target: string | null,
  of: {
    readonly label: string
    readonly hint?: string
    readonly optional?: boolean
    readonly dispatch?: boolean
    readonly element: InputBlockElement
  }
): InputBlock => ({
  type: 'input',
  block_id: fieldBlock(name, target),
  label: plainText(of.label, limits.inputLabel),
  ...(of.hint === undefined ? {} : { hint: plainText(of.hint, limits.inputHint) }),
  optional: of.optional ?? false,
  ...(of.dispatch ? { dispatch_action: true } : {}),
  element: { ...of.element, action_id: fieldAction(name) }
})

export const option = (
  value: string,
  description = '',
  { text = value }: { readonly text?: string } = {}
): PlainTextOption => ({
  text: plainText(text, limits.optionText),
  value,
  ...(clean(description) === ''
    ? {}
    : { description: plainText(description, limits.optionDescription) })
})

/** What can be offered for choosing: not too many, none too long for a value, none empty. */
export const areOptions = (values: readonly string[]): boolean =>
  values.length > 0 &&
  values.length <= limits.options &&
  values.every((value) => clean(value) !== '' && value.length <= limits.optionValue)

export const severalOf = (options: PlainTextOption[], values: readonly string[]) => {
  const chosen = options.filter(({ value }) => value !== undefined && values.includes(value))
  return {
    type: 'multi_static_select' as const,
    options,
    ...(chosen.length === 0 ? {} : { initial_options: chosen })
  }
}

export const textInput = (typed: string, multiline: boolean) => ({
  type: 'plain_text_input' as const,
  multiline,
  ...(typed === ''
    ? {}
    : { initial_value: typed.split('\n').map(clean).join('\n').slice(0, limits.inputText) })
})

/** Lengths to choose from, up to the longest, the wanted one among them. */
export const lengthOptions = (most: number, wanted: number | null): readonly PlainTextOption[] => {
  const lengths = [...usual, most, ...(wanted === null ? [] : [wanted])].filter(
    (length) => length <= most
  )
  return [...new Set(lengths)]
    .toSorted((a, b) => a - b)
    .map((length) => option(printDuration(seconds(length))))
}

/** seconds */
const usual = [900, 1800, 3600, 7200, 14_400, 28_800]

/** Where no rule lets a start be scheduled, there is nothing to choose. */
export const startField = (
  { target }: AskOffer,
  demands: readonly Demand[],
  { startAt }: Typed
): readonly InputBlock[] => {
  const longest = demands.reduce<Seconds | null>(
    (most, { startAhead }) => (startAhead !== null && startAhead > (most ?? 0) ? startAhead : most),
    null
  )
  if (longest === null) return []
  const chosen = Math.floor(Date.parse(startAt) / 1000)
  return [
    field('startAt', target, {
      label: 'Not before',
      hint:
        `At most ${printDuration(longest)} ahead. Left empty: as soon as it is approved. ` +
        'You are told when it can start.',
      optional: true,
      dispatch: true,
      element: {
        type: 'datetimepicker',
        ...(/^[0-9]{10}$/.test(String(chosen)) ? { initial_date_time: chosen } : {})
      }
    })
  ]
}

/** Where no rule runs queries through the broker, no query can be bound. */
export const sqlField = (
  { target }: AskOffer,
  demands: readonly Demand[],
  { sql }: Typed
): readonly InputBlock[] =>
  demands.some(({ mode }) => mode === 'brokered')
    ? [
        field('sql', target, {
          label: 'Query (only this may run)',
          hint:
            'Left empty: any query that the guardrail lets through. Approvers see its tables, ' +
            'columns and shape, without its values. A longer one: sallyport request --sql FILE.',
          optional: true,
          element: {
            type: 'plain_text_input',
            multiline: true,
            max_length: limits.inputText,
            // what cannot be seen would be changed by showing it, and then another query may run
            ...(sql === '' || sql.length > limits.inputText || unseen.test(sql)
              ? {}
              : { initial_value: sql })
          }
        })
      ]
    : []

const unseen = /[\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]|[^\P{Cc}\n\t]/u
