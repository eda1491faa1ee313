/**
 * The form of an ask. The rule's demands stand below their fields before anybody can miss them; the
 * choices are only what this person may ask for. Nothing in it is believed when it comes back.
 */
import type { InputBlock, KnownBlock, PlainTextOption } from '@slack/types'
import { parseDuration, printDuration } from '../../elevation/duration.ts'
import { seconds } from '../../elevation/ids.ts'
import { type Modal, fitView, limits } from '../limits.ts'
import { callbacks } from '../names.ts'
import { type Mrkdwn, code, lines, md, plainText, said } from '../text.ts'
import { type AskErrors, type Typed, nothingTyped } from './ask-form.ts'
import {
  areOptions,
  field,
  lengthOptions,
  option,
  severalOf,
  sqlField,
  startField,
  textInput
} from './ask-field.ts'
import { type AskOffer, type Demand, demandsOn } from './ask-offer.ts'
import { type ShownPreview, previewBlocks } from './ask-preview.ts'
import { context, divider, section } from './blocks.ts'
import { channels, modeText } from './status.ts'

/**
 * The form, filled with what was typed. `errors` are shown above the fields too, for when the form
 * is drawn again after it was sent.
 */
export const askModal = ({
  offers,
  typed = nothingTyped,
  errors = {},
  preview = null
}: {
  readonly offers: readonly AskOffer[]
  readonly typed?: Typed
  readonly errors?: AskErrors
  readonly preview?: ShownPreview | null
}): Modal => {
  if (offers.length === 0) return nothingToAsk
  const chosen = offers.find(({ target }) => target === typed.target) ?? null
  return fitView({
    ...frame,
    submit: plainText('Ask', limits.viewTitle),
    blocks: [
      ...errorBlocks(errors),
      targetField(offers, chosen),
      ...tooMany(offers),
      ...(chosen === null ? [] : offerFields(chosen, typed)),
      divider,
      ...previewBlocks(chosen === null ? null : preview)
    ]
  })
}

const frame = {
  type: 'modal',
  callback_id: callbacks.ask,
  title: plainText('Ask for elevation', limits.viewTitle),
  close: plainText('Cancel', limits.viewTitle)
} as const

const nothingToAsk: Modal = {
  ...frame,
  blocks: [
    section(md`*There is nothing you may ask for.* No rule of the policy names you or a group you
      are in. Whoever owns the data can have one written.`)
  ]
}

const offerFields = (offer: AskOffer, typed: Typed): readonly KnownBlock[] => {
  const demands = demandsOn(offer, typed.breakGlass)
  return [
    context(...demands.slice(0, 8).map(demandText), ...moreDemands(demands)),
    ...breakGlassField(offer, typed),
    ...(demands.length === 0 ? [] : [durationField(offer, demands, typed)]),
    ...startField(offer, demands, typed),
    tablesField(offer, typed),
    ...columnsField(offer, typed),
    otherColumnsField(offer, typed),
    reasonField(demands, typed),
    ticketField(demands, typed),
    ...sqlField(offer, demands, typed)
  ]
}

const targetField = (offers: readonly AskOffer[], chosen: AskOffer | null): InputBlock => {
  const first = offers.slice(0, limits.options)
  // one that was typed with the command is shown, also where it comes after the hundredth
  const isShown = chosen === null || first.includes(chosen)
  const options = (isShown ? first : [...first.slice(0, -1), chosen]).map(targetOption)
  return field('target', null, {
    label: 'Target',
    dispatch: true,
    element: {
      type: 'static_select',
      placeholder: plainText('Which workgroup?', limits.placeholder),
      options,
      ...(chosen === null ? {} : { initial_option: targetOption(chosen) })
    }
  })
}

const tooMany = ({ length }: readonly AskOffer[]): readonly KnownBlock[] =>
  length > limits.options
    ? [
        context(md`The first ${limits.options} of your ${length} targets by name. Any other:
          ${code('/elevate TARGET')}.`)
      ]
    : []

const targetOption = ({ target, workgroup, classification }: AskOffer): PlainTextOption =>
  option(target, `${classification}, workgroup ${workgroup}`)

/**
 * Lengths that any rule of the target gives: which of them the ask falls under is chosen below, and
 * what is chosen here already has to stay among the options.
 */
const durationField = (offer: AskOffer, demands: readonly Demand[], typed: Typed): InputBlock => {
  const most = longestOf(offer.demands)
  const wanted = parseDuration(typed.duration)
  const initial = wanted !== null && wanted <= most ? wanted : Math.min(3600, most)
  return field('duration', offer.target, {
    label: 'How long',
    hint: `At most ${printDuration(seconds(longestOf(demands)))}. It runs from when you start it.`,
    dispatch: true,
    element: {
      type: 'static_select',
      options: [...lengthOptions(most, wanted)],
      initial_option: option(printDuration(seconds(initial)))
    }
  })
}

const longestOf = (demands: readonly Demand[]): number =>
  Math.max(...demands.map(({ maxDuration }) => maxDuration))

const tablesField = ({ target, tables }: AskOffer, typed: Typed): InputBlock => {
  const about = {
    label: 'Tables',
    hint: `Nothing chosen means all ${tables.length} tables of ${target}.`,
    optional: true
  }
  if (!areOptions(tables)) {
    return field('tables', target, {
      ...about,
      hint: `${about.hint} Write db.table, one per line.`,
      element: textInput(typed.tables.join('\n'), true)
    })
  }
  return field('tables', target, {
    ...about,
    dispatch: true,
    element: severalOf(
      tables.map((table) => option(table)),
      typed.tables
    )
  })
}

/** The columns that have a class, with it; nothing where there are none, or too many to choose. */
const columnsField = ({ target, columns }: AskOffer, typed: Typed): readonly InputBlock[] =>
  columns.length === 0 || !areOptions(columns.map(({ name }) => name))
    ? []
    : [
        field('columns', target, {
          label: 'Classified columns',
          hint: 'Ask for those you need. No column at all, here and below, means every column.',
          optional: true,
          dispatch: true,
          element: severalOf(
            columns.map(({ name, class: kind }) => option(name, kind)),
            typed.columns
          )
        })
      ]

const otherColumnsField = ({ target, tables, columns }: AskOffer, typed: Typed): InputBlock => {
  const all = columns.map(({ name }) => name)
  const known = new Set(areOptions(all) ? all : [])
  // what was typed for another target stays there
  const written = typed.columns.filter(
    (name) => !known.has(name) && tables.some((table) => name.startsWith(`${table}.`))
  )
  return field('otherColumns', target, {
    label: known.size === 0 ? 'Columns' : 'Other columns',
    hint: 'db.table.column, one per line. Left empty with nothing chosen: every column.',
    optional: true,
    element: textInput(written.join('\n'), true)
  })
}

const reasonField = (demands: readonly Demand[], typed: Typed): InputBlock => {
  const lengths = demands.map(({ reasonMinLength }) => reasonMinLength)
  const least = lengths.length === 0 ? 0 : Math.min(longest, ...lengths)
  return field('reason', null, {
    label: 'Why',
    hint:
      (least > 1 ? `At least ${least} characters. ` : '') +
      'Approvers read it and it is recorded: no personal data, please.',
    element: {
      ...textInput(typed.reason.slice(0, longest), true),
      max_length: longest,
      ...(least > 0 ? { min_length: least } : {})
    }
  })
}

const ticketField = (demands: readonly Demand[], typed: Typed): InputBlock => {
  const forms = [...new Set(demands.flatMap(({ ticket }) => (ticket === null ? [] : [ticket])))]
  const isWanted = forms.length > 0 && demands.every(({ ticket }) => ticket !== null)
  return field('ticket', null, {
    label: 'Ticket',
    ...(forms.length === 0 ? {} : { hint: `Like ${forms.slice(0, 5).join(' or ')}.` }),
    optional: !isWanted,
    element: { ...textInput(typed.ticket.slice(0, longest), false), max_length: longest }
  })
}

const breakGlassField = ({ demands }: AskOffer, typed: Typed): readonly InputBlock[] => {
  if (!demands.some(({ approval }) => approval === 'breakGlass')) return []
  const yes = option('yes', 'Everybody named is told at once, and it is reviewed afterwards.', {
    text: 'An emergency: start without an approval'
  })
  return [
    field('breakGlass', null, {
      label: 'Break-glass',
      optional: true,
      dispatch: true,
      element: {
        type: 'checkboxes',
        options: [yes],
        ...(typed.breakGlass ? { initial_options: [yes] } : {})
      }
    })
  ]
}

const demandText = (demand: Demand): Mrkdwn => {
  const { rule, mode, maxDuration, reasonMinLength, ticket, via, approval, needsSignIn } = demand
  const wants = [
    ...(reasonMinLength > 1 ? [`a reason of ${reasonMinLength} characters`] : []),
    ...(ticket === null ? [] : [`a ticket like ${ticket}`]),
    ...(needsSignIn ? ['a fresh sign-in, which Slack cannot show'] : [])
  ]
  const elsewhere = via.includes('slack')
    ? md``
    : md` *Not asked from Slack*, but from ${via.map((one) => channels[one]).join(' or ')}.`
  return md`Rule ${code(rule)}: at most ${printDuration(maxDuration)}, ${decides[approval]}. Wants
    ${said(wants.join(', ') || 'nothing more', 300)}.${elsewhere} Mode ${modeText(mode)}.`
}

const decides: Readonly<Record<Demand['approval'], string>> = {
  people: 'approved by others',
  auto: 'approved by itself',
  breakGlass: 'without an approval in an emergency'
}

const moreDemands = ({ length }: readonly Demand[]): readonly Mrkdwn[] => {
  if (length === 0) return [md`No rule is known for it any more.`]
  return length > 8 ? [md`and ${length - 8} more rules`] : []
}

const errorBlocks = (errors: AskErrors): readonly KnownBlock[] => {
  const all = Object.entries(errors).map(
    ([name, message]) => md`• *${name}*: ${said(message, 250)}`
  )
  return all.length === 0 ? [] : [section(lines(md`:warning: *Not sent yet:*`, ...all))]
}

/** of a reason and a ticket, as the broker takes them */
const longest = 500
