/**
 * What Slack is shown: every state of an elevation as text in test/slack/, rewritten with
 * UPDATE_SNAPSHOTS=1; Slack's limits at their edges; and nobody's text becomes markup.
 */
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import type { AskInput, Preview } from '../src/broker/broker.ts'
import type { Ask, AskedQuery } from '../src/elevation/elevation.ts'
import { parseElevationId, seconds } from '../src/elevation/ids.ts'
import { accept, refuse } from '../src/elevation/refusal.ts'
import { offersFor } from '../src/policy/decide.ts'
import { tablesOf } from '../src/elevation/target.ts'
import type { Policy } from '../src/policy/policy.ts'
import { type Card, cardOf, facesOf } from '../src/slack/card.ts'
import { type Home, type Message, type Modal, fitMessage, fitView, limits } from '../src/slack/limits.ts'
import {
  actions,
  askFields,
  callbacks,
  fieldAction,
  fieldBlock,
  fieldOfAction,
  fieldOfBlock,
  parseHandle,
  printHandle
} from '../src/slack/names.ts'
import { clean, code, cut, md, mention, said, withoutAddresses } from '../src/slack/text.ts'
import { approvalMessage } from '../src/slack/views/approval-message.ts'
import { approverReceipt } from '../src/slack/views/approver-receipt.ts'
import { askInputOf, errorsByBlock, nothingTyped, typedOf } from '../src/slack/views/ask-form.ts'
import { askModal } from '../src/slack/views/ask-modal.ts'
import { type AskOffer, askOffers } from '../src/slack/views/ask-offer.ts'
import type { ShownPreview } from '../src/slack/views/ask-preview.ts'
import { breakGlassNotice } from '../src/slack/views/break-glass-notice.ts'
import { helpText, statusList } from '../src/slack/views/command.ts'
import { detailsModal } from '../src/slack/views/details.ts'
import { extendModal } from '../src/slack/views/extend.ts'
import { homeStranger, homeView } from '../src/slack/views/home.ts'
import { denyModal, revokeModal } from '../src/slack/views/reason.ts'
import { endingSoon, requesterNotice, stepOf } from '../src/slack/views/requester-notice.ts'
import { known, person } from './fixtures-policy.ts'
import { root } from './place.ts'
import { at, policy, scene, stored, states, team } from './slack/scene.ts'
import { objectsOf, picture } from './slack/picture.ts'

const folder = join(root, 'test/slack')
const isUpdate = process.env['UPDATE_SNAPSHOTS'] === '1'
const pictured = new Set<string>()

/** The picture is the one in the repository. */
const matches = (t: Test, name: string, text: string): void => {
  const file = join(folder, `${name}.txt`)
  pictured.add(`${name}.txt`)
  if (isUpdate) {
    mkdirSync(folder, { recursive: true })
    writeFileSync(file, text)
  }
  t.equal(text, readFileSync(file, 'utf8'), name)
}

const names = Object.keys(states) as readonly (keyof typeof states)[]
const now = at(30)

/** All that is shown of one state, each under its heading. */
const shownOf = (card: Card): readonly (readonly [string, Message])[] => {
  const { elevation } = card.stored
  const step = stepOf(elevation)
  const [approval] = elevation.approvals
  return [
    ...(['channel', 'person'] as const).map((place): readonly [string, Message] => [
      place === 'channel' ? 'in the channel' : 'to an approver alone',
      elevation.ask.breakGlass
        ? breakGlassNotice(card, { now, place })
        : approvalMessage(card, { now, place })
    ]),
    ...(step === null ? [] : [['to the requester', requesterNotice(card, step)] as const]),
    ...(approval === undefined
      ? []
      : [['receipt of the first approver', approverReceipt(card, approval)] as const])
  ]
}

t.test('every state of an elevation has its own words', (t) => {
  for (const name of names) {
    const parts = shownOf(scene(name)).map(([heading, message]) => `== ${heading}\n${picture(message)}`)
    matches(t, name, parts.join('\n'))
  }
  t.end()
})

const offers = (of: Policy = policy): readonly AskOffer[] =>
  askOffers(
    of,
    offersFor(of, person('alice')).map(({ target, rules }) => ({
      target: target.id,
      workgroup: target.workgroup,
      region: target.region,
      classification: target.classification,
      tables: tablesOf(target),
      rules: rules.map(({ id, mode, maxDuration }) => ({ rule: id, mode, maxDuration }))
    }))
  )

const investigationOnly = (): readonly AskOffer[] =>
  offers().map((offer) => ({
    ...offer,
    demands: offer.demands.filter(({ rule }) => rule === 'investigation' || rule === 'emergency')
  }))

const typed = {
  ...nothingTyped,
  target: 'claims-pii',
  duration: '2h',
  tables: ['claims.customers'],
  columns: ['claims.customers.dob', 'claims.customers.zip'],
  reason: 'Duplicate payments in fraud case 4711',
  ticket: 'CLM-4711'
}

const wouldAsk: ShownPreview = {
  breakGlass: false,
  approvers: facesOf(policy, team, [person('bob'), person('carol'), person('dan')]),
  result: accept<Preview>({
    decision: 'needs_approval',
    rule: 'investigation',
    mode: 'credentials',
    duration: seconds(7200),
    startAt: null,
    approvers: [person('bob'), person('carol'), person('dan')],
    quorum: 2,
    reasons: []
  })
}
const denial: ShownPreview = {
  breakGlass: false,
  approvers: [],
  result: accept<Preview>({
    decision: 'deny',
    rule: 'investigation',
    mode: null,
    duration: null,
    startAt: null,
    approvers: [],
    quorum: null,
    reasons: [
      { outcome: 'met', rule: 'investigation', condition: 'tables', message: 'all tables are within' },
      { outcome: 'unmet', rule: 'investigation', condition: 'ticket', message: 'the ticket must look like CLM-<digits>' },
      { outcome: 'failed', rule: 'investigation', condition: 'when', message: 'when could not be evaluated' }
    ]
  })
}

const pages: Readonly<Record<string, () => Message | Modal | Home>> = {
  'ask-nothing-chosen': () => askModal({ offers: offers() }),
  'ask-typed': () => askModal({ offers: investigationOnly(), typed, preview: wouldAsk }),
  'ask-denied': () => askModal({ offers: investigationOnly(), typed, preview: denial }),
  'ask-incomplete': () =>
    askModal({
      offers: investigationOnly(),
      typed: { ...nothingTyped, target: 'claims-pii' },
      preview: {
        ...denial,
        result: refuse('invalid_ask', 'The ask is not complete.', [
          { outcome: 'unmet', rule: null, condition: 'reason', message: 'reason: 1 to 500 characters' }
        ])
      }
    }),
  'ask-break-glass': () =>
    askModal({
      offers: investigationOnly(),
      typed: { ...typed, ticket: 'INC-99', duration: '30m', breakGlass: true },
      errors: { ticket: 'the ticket must look like INC-<digits>' },
      preview: {
        breakGlass: true,
        approvers: [],
        result: accept<Preview>({
          decision: 'approved', rule: 'emergency', mode: 'credentials', duration: seconds(1800), startAt: null,
          approvers: [], quorum: 0, reasons: []
        })
      }
    }),
  'ask-one-query': () =>
    askModal({
      offers: offers(),
      typed: { ...typed, sql: 'SELECT kind,\n  ssn\nFROM claims.customers' },
      errors: { sql: 'Line 2, column 3: column ssn of claims.customers is denied' },
      preview: denial
    }),
  'ask-planned': () =>
    askModal({
      offers: offers().map((offer) => ({ ...offer, demands: offer.demands.filter(({ rule }) => rule === 'planned') })),
      typed: { ...typed, startAt: '2026-11-22T12:00:00.000Z' },
      preview: {
        ...wouldAsk,
        result: accept<Preview>({
          decision: 'needs_approval', rule: 'planned', mode: 'credentials', duration: seconds(7200), startAt: at(26 * 60),
          approvers: [person('bob'), person('carol'), person('dan')], quorum: 1, reasons: []
        })
      }
    }),
  'ask-every-rule': () => askModal({ offers: offers(), typed, preview: wouldAsk }),
  'ask-no-offers': () => askModal({ offers: [] }),
  'deny-form': () => denyModal(scene('pending-1-of-2')),
  'revoke-form': () => revokeModal(scene('active')),
  'extend-form': () => extendModal(scene('active')),
  'details-pending': () => detailsModal(scene('pending-1-of-2'), { now }),
  'details-break-glass': () => detailsModal(scene('approved-break-glass'), { now }),
  'details-ended-revoked': () => detailsModal(scene('ended-revoked'), { now }),
  home: () =>
    homeView({
      mine: [scene('active'), scene('approved')],
      waiting: [scene('pending-0-of-2'), scene('pending-in-console')],
      recent: [scene('denied'), scene('ended-expired')],
      now
    }),
  'home-empty': () => homeView({ mine: [], waiting: [], recent: [], now }),
  'home-stranger': () => homeStranger('You are not in the directory of Sallyport. Ask an operator.'),
  help: () => helpText(),
  status: () => statusList({ mine: [scene('active')], waiting: [scene('pending-0-of-2')], now }),
  'status-empty': () => statusList({ mine: [], waiting: [], now }),
  'ending-soon': () => endingSoon(scene('active')),
  'ending-soon-no-more': () => endingSoon({ ...scene('active'), rule: { ...known(scene('active').rule), extensions: 0 } }),
  'ending-soon-late': () => endingSoon(scene('ended-expired')),
  'pending-too-late': () => approvalMessage(scene('pending-1-of-2'), { now: at(120), place: 'person' }),
  'pending-rule-gone': () =>
    approvalMessage(cardOf({ ...policy, rules: [] }, stored(states['pending-0-of-2']), { team, consoleUrl: null }), { now, place: 'person' }),
  'pending-nobody-left': () => approvalMessage(scene('pending-0-of-2', { approvers: [] }), { now, place: 'person' }),
  'requester-late-notice': () => requesterNotice(scene('ended-released'), 'approved')
}

t.test('forms, home and answers look as in the repository', (t) => {
  for (const [name, page] of Object.entries(pages)) matches(t, name, picture(page()))
  t.end()
})

const hostile =
  '<!channel> <https://evil.example|Approve> <@U0EVIL> & &amp; *bold* `code`\n' +
  ':white_check_mark: *Approved* by <@U0BOB>\u2028\u202Egnp.exe\u2066\u200B\u200D\uFEFF\u00AD\u{E0041}\u3164\u0000\u001B[31m mail eve@evil.example'

const queryOfText = ({ query }: Ask, text: string): { readonly query?: AskedQuery } =>
  query === undefined ? {} : { query: { ...query, shape: text, reads: { [text]: [text, text], [`${text}2`]: [] } } }

/** A card with this text in every field that has text. */
const cardOfText = (name: keyof typeof states, text: string): Card => {
  const card = scene(name)
  const { elevation } = card.stored
  const column = { name: text, class: text }
  return {
    ...card,
    stored: {
      ...card.stored,
      elevation: {
        ...elevation,
        ask: { ...elevation.ask, reason: text, ticket: text, tables: [text, `${text}2`], columns: [text], ...queryOfText(elevation.ask, text) }
      }
    },
    target: { workgroup: text, classification: text },
    columns: [column, column],
    rule: card.rule === null ? null : { ...card.rule, quorum: text },
    explanation: [text, text],
    words: text
  }
}

const formOfText = (text: string): Modal => {
  const [offer] = offers()
  return askModal({
    offers: [
      {
        ...known(offer),
        workgroup: text,
        classification: text,
        tables: [text],
        columns: [{ name: text, class: text }],
        demands: known(offer).demands.map((demand) => ({ ...demand, rule: text, ticket: text }))
      }
    ],
    typed: { ...typed, reason: text, ticket: text, tables: [text], columns: [text], sql: text },
    errors: { reason: text, ticket: text, sql: text },
    preview: {
      ...denial,
      result: refuse('policy_denied', text, [
        { outcome: 'unmet', rule: text, condition: text, message: text },
        { outcome: 'failed', rule: text, condition: text, message: text }
      ])
    }
  })
}

/** Everything that is shown anywhere with this text in it. */
const allWith = (
  text: string,
  of: readonly (keyof typeof states)[] = names
): readonly (Message | Modal | Home)[] => [
  ...of.flatMap((name) => {
    const card = cardOfText(name, text)
    return [...shownOf(card).map(([, message]) => message), detailsModal(card, { now })]
  }),
  ...[cardOfText('pending-0-of-2', text), cardOfText('active', text)].flatMap((card) => [
    denyModal(card),
    revokeModal(card),
    endingSoon(card),
    extendModal(card),
    homeView({ mine: [card], waiting: [card], recent: [card], now }),
    statusList({ mine: [card], waiting: [card], now })
  ]),
  formOfText(text),
  homeStranger(text)
]

t.test('hostile text in every field is shown as the text it is', (t) => {
  for (const name of ['pending-1-of-2', 'pending-one-query', 'denied', 'active', 'approved-break-glass'] as const) {
    const parts = shownOf(cardOfText(name, hostile)).map(([heading, message]) => `== ${heading}\n${picture(message)}`)
    matches(t, `hostile-${name}`, parts.join('\n'))
  }
  matches(t, 'hostile-details', picture(detailsModal(cardOfText('denied', hostile), { now })))
  matches(t, 'hostile-ask', picture(formOfText(hostile)))
  t.end()
})

const invisible = /[\p{Cf}\p{Default_Ignorable_Code_Point}\p{Zl}\p{Zp}\p{Cs}]|(?!\n)\p{Cc}/u
const ours = /<@U0(?:ALICE|BOB|CAROL|SAM)>|<!date\^[0-9]+\^\{date_short_pretty\} \{time\}\|[0-9TZ:.-]+>/g

/** What of a thing could be markup that came with somebody's text, or cannot be seen. */
const faultsOf = (thing: Message | Modal | Home): readonly string[] => {
  const objects = objectsOf(thing)
  const mrkdwn = objects.flatMap((one) => {
    if (one['type'] === 'mrkdwn') return [one]
    return 'blocks' in one && 'text' in one ? [{ ...one, verbatim: true }] : []
  })
  const plain = objects.filter((one) => one['type'] === 'plain_text')
  return [
    ...mrkdwn.flatMap((one) => {
      const text = String(one['text'])
      const rest = text.replace(ours, '')
      const isFine = !/[<>]|&(?!amp;|lt;|gt;)/.test(rest) && !invisible.test(text) && one['verbatim'] === true
      return isFine ? [] : [text]
    }),
    ...plain.flatMap((one) => {
      const text = String(one['text'])
      return invisible.test(text) || text.includes('\n') || one['emoji'] !== false ? [text] : []
    })
  ]
}

const various = [
  'pending-1-of-2', 'pending-all-but-a-set', 'pending-in-console', 'pending-one-query', 'approved-break-glass', 'denied', 'ended-revoked'
] as const

t.test('no text from outside becomes markup, stays invisible or breaks a line', (t) => {
  const piece = fc.constantFrom(
    '<', '>', '&', '&lt;', '<!here>', '<@U0EVIL>', '<#C1|x>', '<https://e.x|ok>', '\n', '\r\n', '\u2028', '\u202E',
    '\u2067', '\u200B', '\u200D', '\uFEFF', '\u034F', '\u115F', '\u{E0001}', '\uD800', '\0', '`', '*', '_', '~', '@', 'a', ' '
  )
  const text = fc.oneof(
    fc.array(piece, { maxLength: 60 }).map((pieces) => pieces.join('')),
    fc.string({ unit: 'binary', maxLength: 700 }),
    fc.nat(4000).map((length) => '&'.repeat(length))
  )
  fc.assert(
    fc.property(text, (given) => {
      for (const shown of allWith(given, various)) {
        const faults = faultsOf(shown)
        if (faults.length > 0) throw new Error(JSON.stringify(faults))
      }
    }),
    { numRuns: 30 }
  )
  t.same(allWith(hostile).flatMap(faultsOf), [])
  t.end()
})

t.test('a channel reads no reason, no address and nobody’s words', (t) => {
  for (const name of names) {
    const text = JSON.stringify(shownOf(cardOfText(name, 'my eve@evil.example SELECT 1'))[0])
    t.notMatch(text, /@evil|@acme\.example/, name)
    const plainly = JSON.stringify(shownOf(scene(name))[0])
    t.notMatch(plainly, /Duplicate payments|Not under this ticket/, name)
  }
  const odd = { ...scene('pending-0-of-2') }
  const { elevation } = odd.stored
  const ticket = { ...odd, stored: { ...odd.stored, elevation: { ...elevation, ask: { ...elevation.ask, ticket: "WHERE ssn = '123-45-6789'" } } } }
  t.notMatch(JSON.stringify(approvalMessage(ticket, { now, place: 'channel' })), /123-45/)
  t.match(JSON.stringify(approvalMessage(ticket, { now, place: 'person' })), /123-45/)
  t.equal(withoutAddresses('to eve@evil.example, now'), 'to [address], now')
  t.end()
})

const idsIn = (thing: Message | Modal | Home): readonly string[] =>
  objectsOf(thing).flatMap((one) => (one['type'] === 'button' ? [String(one['action_id']).replace('sallyport_', '')] : []))

t.test('a button is only where it can work', (t) => {
  const decide = ['approve', 'deny', 'details', 'console']
  const again = ['ask', 'console']
  const cases: Readonly<Record<keyof typeof states, readonly [approvers: string[], requester: string[], receipt: string[]]>> = {
    'pending-0-of-2': [decide, ['cancel', 'console'], []],
    'pending-1-of-2': [decide, ['cancel', 'console'], ['revoke']],
    'pending-all-but-a-set': [decide, ['cancel', 'console'], ['revoke']],
    'pending-in-console': [['console', 'details'], ['cancel', 'console'], []],
    'pending-fresh-sign-in': [['console', 'details'], ['cancel', 'console'], []],
    'pending-some-columns': [decide, ['cancel', 'console'], []],
    'pending-one-query': [decide, ['cancel', 'console'], []],
    approved: [[], ['start', 'cancel', 'console'], ['revoke']],
    'approved-by-itself': [[], ['start', 'cancel', 'console'], []],
    'approved-break-glass': [['revoke', 'console'], ['start', 'cancel', 'console'], []],
    denied: [[], again, []],
    'cancelled-withdrawn': [[], again, []],
    'cancelled-taken-back': [[], again, []],
    'lapsed-not-decided': [[], again, []],
    'lapsed-not-started': [[], again, []],
    'lapsed-policy-changed': [[], again, []],
    'pending-scheduled': [decide, ['cancel', 'console'], []],
    'approved-scheduled': [[], ['cancel', 'console'], ['revoke']],
    'approved-can-start': [[], ['start', 'cancel', 'console'], ['revoke']],
    'lapsed-at-its-start': [[], again, []],
    'pending-extension': [decide, ['cancel', 'console'], []],
    'lapsed-extended-revoked': [[], again, []],
    issuing: [[], [], ['revoke']],
    active: [[], ['end', 'extend', 'console'], ['revoke']],
    'ending-expired': [[], ['console'], []],
    'ending-revoked': [[], ['console'], []],
    'ending-failed': [[], ['console'], []],
    'ending-stuck': [[], ['console'], []],
    'ended-expired': [[], again, []],
    'ended-revoked': [[], again, []],
    'ended-released': [[], again, []],
    failed: [[], again, []]
  }
  for (const name of names) {
    const shown = new Map(shownOf(scene(name)))
    const of = (heading: string) => {
      const message = shown.get(heading)
      return message === undefined ? [] : idsIn(message)
    }
    const [approvers, requester, receipt] = cases[name]
    t.same(of('in the channel'), approvers, name)
    t.same(of('to an approver alone'), approvers, name)
    t.same(of('to the requester'), requester, name)
    t.same(of('receipt of the first approver'), receipt, name)
  }
  const late = approvalMessage(scene('pending-1-of-2'), { now: at(120), place: 'channel' })
  t.same(idsIn(late), [], 'the time to decide is over')
  const gone = scene('approved', { rule: null })
  t.same(idsIn(requesterNotice(gone, 'approved')), ['cancel', 'console'], 'the rule is gone')
  const fresh = scene('approved', { rule: scene('pending-fresh-sign-in').rule })
  t.same(idsIn(requesterNotice(fresh, 'approved')), ['cancel', 'console'], 'Slack shows no sign-in')
  t.same(idsIn(requesterNotice(scene('active'), 'approved')), [], 'a notice of an earlier step')
  const rule = known(scene('approved').rule)
  const wants = (toApprove: boolean, toStart: boolean) => ({ rule: { ...rule, needsSignIn: { toApprove, toStart } } })
  const asked = (change: Partial<Card>) =>
    idsIn(approvalMessage(scene('pending-0-of-2', change), { now, place: 'channel' })).includes('approve')
  const told = (change: Partial<Card>) => idsIn(requesterNotice(scene('approved', change), 'approved')).includes('start')
  t.same([asked(wants(true, false)), told(wants(true, false))], [false, true], 'a sign-in of the approver')
  t.same([asked(wants(false, true)), told(wants(false, true))], [true, false], 'a sign-in of the requester')
  t.end()
})

t.test('App Home shows the first of a thousand and says how many more', (t) => {
  const many = Array.from({ length: 1000 }, () => scene('pending-0-of-2'))
  const home = homeView({ mine: many, waiting: many, recent: many, now })
  t.equal(idsIn(home).filter((id) => id === 'approve').length, 10)
  t.equal(JSON.stringify(home).match(/… and 990 more\./g)?.length, 3)
  matches(t, 'home-1000-waiting', picture(homeView({ mine: [], waiting: many, recent: [], now })))
  const list = statusList({ mine: many, waiting: many, now })
  t.equal(JSON.stringify(list).match(/… and 995 more/g)?.length, 2)
  t.end()
})

const many = (count: number, offer: AskOffer = known(offers()[0])): readonly AskOffer[] =>
  Array.from({ length: count }, (_, n) => ({ ...offer, target: `target-${String(n).padStart(3, '0')}` as AskOffer['target'] }))
const inputsOf = (modal: Modal) => modal.blocks.flatMap((block) => (block.type === 'input' ? [block] : []))
const inputOf = (modal: Modal, field: string) => known(inputsOf(modal).find(({ block_id: id }) => fieldOfBlock(id ?? '') === field))
const optionsOf = (modal: Modal, field: string): readonly string[] => {
  const { element } = inputOf(modal, field)
  return 'options' in element ? (element.options ?? []).map((option) => option.value ?? '') : []
}

t.test('the form offers what somebody may ask for, and what is theirs to know of it', (t) => {
  t.equal(optionsOf(askModal({ offers: many(100) }), 'target').length, 100)
  t.notMatch(JSON.stringify(askModal({ offers: many(100) })), /first 100 of/)
  const over = askModal({ offers: many(240) })
  t.equal(optionsOf(over, 'target').length, 100)
  t.match(JSON.stringify(over), /The first 100 of your 240 targets by name/)
  const last = askModal({ offers: many(240), typed: { ...nothingTyped, target: 'target-200' } })
  t.same(optionsOf(last, 'target').slice(98), ['target-098', 'target-200'], 'one that was typed is shown')
  t.same(inputsOf(askModal({ offers: [] })), [], 'nothing to ask for has no fields')
  t.equal(askModal({ offers: [] }).submit, undefined)
  const unknown = askModal({ offers: many(2), typed: { ...nothingTyped, target: 'no-such' }, preview: wouldAsk })
  t.same(inputsOf(unknown).length, 1, 'a target that is not theirs has no fields')
  t.notMatch(JSON.stringify(unknown), /Will be asked/)

  const lengths = (duration: string, breakGlass = false) => {
    const modal = askModal({ offers: investigationOnly(), typed: { ...typed, duration, breakGlass } })
    const { element } = inputOf(modal, 'duration')
    const chosen = element.type === 'static_select' ? element.initial_option?.value : null
    return [optionsOf(modal, 'duration').join(' '), chosen]
  }
  t.same(lengths('2h'), ['15m 30m 1h 2h 4h', '2h'])
  t.same(lengths('90m'), ['15m 30m 1h 1h30m 2h 4h', '1h30m'])
  t.same(lengths('12h'), ['15m 30m 1h 2h 4h', '1h'], 'more than any rule gives is not offered')
  t.same(lengths(''), ['15m 30m 1h 2h 4h', '1h'])
  t.same(lengths('2h', true), ['15m 30m 1h 2h 4h', '2h'], 'what is chosen stays an option')
  t.match(JSON.stringify(askModal({ offers: investigationOnly(), typed: { ...typed, breakGlass: true } })), /At most 30m/)

  const [offer] = offers()
  const wide = (tables: number, name = 'd.t'): AskOffer => ({
    ...known(offer), tables: Array.from({ length: tables }, (_, n) => `${name}${n}`)
  })
  const tables = (of: AskOffer) => inputOf(askModal({ offers: [of], typed }), 'tables').element.type
  t.equal(tables(wide(100)), 'multi_static_select')
  t.equal(tables(wide(101)), 'plain_text_input')
  t.equal(tables(wide(1, 'd.'.padEnd(149, 't'))), 'multi_static_select', 'a value of 150')
  t.equal(tables(wide(1, 'd.'.padEnd(150, 't'))), 'plain_text_input', 'a value of 151')
  const reads = (demands: AskOffer['demands']) => {
    const modal = askModal({ offers: [{ ...known(offer), demands }], typed })
    return inputOf(modal, 'ticket').optional
  }
  const wants = known(offer).demands
  t.equal(reads(wants.filter(({ rule }) => rule === 'investigation')), false, 'the only rule wants a ticket')
  t.equal(reads(wants), true, 'one of the rules wants none')
  t.doesNotThrow(() => reads([]), 'the rules have just left the policy')
  t.end()
})

t.test('what was typed comes back as the ask, and errors to their fields', (t) => {
  t.same(typedOf({}), nothingTyped)
  const read = typedOf({
    target: ['claims-pii'],
    duration: ['2h'],
    tables: ['claims.customers'],
    columns: ['claims.customers.dob'],
    otherColumns: ['claims.customers.zip, claims.customers.dob\nclaims.claims.x'],
    reason: [' two\nlines '],
    ticket: ['CLM-1'],
    sql: ['\n SELECT  a\nFROM t\n'],
    breakGlass: ['yes']
  })
  t.same(askInputOf(read), {
    target: 'claims-pii',
    duration: '2h',
    tables: ['claims.customers'],
    columns: ['claims.customers.dob', 'claims.customers.zip', 'claims.claims.x'],
    reason: 'two lines',
    ticket: 'CLM-1',
    sql: 'SELECT  a\nFROM t',
    breakGlass: true
  } satisfies AskInput)
  t.same(Object.keys(askInputOf(nothingTyped)), ['target', 'duration', 'reason'])
  const blocks = inputsOf(askModal({ offers: investigationOnly(), typed })).map(({ block_id: id }) => id ?? '')
  t.same(errorsByBlock({ ticket: 'no', tables: 'none', breakGlass: 'not now' }, blocks), {
    [fieldBlock('ticket', null)]: 'no',
    [fieldBlock('tables', 'claims-pii')]: 'none',
    [fieldBlock('breakGlass', null)]: 'not now'
  })
  t.same(errorsByBlock({ ticket: 'a', reason: 'b' }, [fieldBlock('target', null)]), {
    [fieldBlock('target', null)]: 'a b'
  })
  t.end()
})

t.test('a query in the form is shown to the letter or not at all', (t) => {
  const shownSql = (sql: string) => {
    const { element } = inputOf(askModal({ offers: offers(), typed: { ...typed, sql } }), 'sql')
    return element.type === 'plain_text_input' ? (element.initial_value ?? null) : null
  }
  for (const sql of ["SELECT 'a  b'\n\tFROM t", '\u00e9 -- x']) t.equal(shownSql(sql), sql)
  for (const sql of ['', 'a\u200bb', 'a\u202eb', 'a\rb', 'a\u0000b', 'a\ud800b', 'x'.repeat(3001)]) {
    t.equal(shownSql(sql), null, JSON.stringify(sql.slice(0, 9)))
  }
  t.notOk(picture(askModal({ offers: investigationOnly(), typed })).includes('only this may run'), 'no rule is brokered')
  t.end()
})

t.test('names print and parse as themselves, and nothing else parses', (t) => {
  const id = known(parseElevationId('01KAJTH8G0000000000000000A'))
  const digest = `sha256:${'a'.repeat(64)}`
  t.same(parseHandle(printHandle({ elevation: id, digest })), { elevation: id, digest })
  for (const wrong of [
    '', 'v1', id, `v2 ${id} ${digest}`, `v1 ${id} ${digest} `, ` v1 ${id} ${digest}`, `v1 ${id} ${digest}\n`,
    `v1  ${id} ${digest}`, `v1 ${id.toLowerCase()} ${digest}`, `v1 ${id} ${digest.toUpperCase()}`, `v1 ${id} sha256:${'a'.repeat(63)}`,
    `v1 81KAJTH8G0000000000000000A ${digest}`, `v1 ${id} ${digest}, 2h`
  ]) {
    t.equal(parseHandle(wrong), null, JSON.stringify(wrong))
  }
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => parseHandle(text) === null))
  for (const field of askFields) {
    t.equal(fieldOfAction(fieldAction(field)), field)
    t.equal(fieldOfBlock(fieldBlock(field, 'claims-pii')), field)
    t.equal(fieldOfBlock(fieldBlock(field, null)), field)
  }
  t.equal(fieldOfAction('sallyport_ask_'), null)
  t.equal(fieldOfBlock('target'), null)
  t.equal(new Set(Object.values(actions)).size, Object.keys(actions).length)
  t.equal(new Set(Object.values(callbacks)).size, Object.keys(callbacks).length)
  t.end()
})

t.test('a card names people by their account in this team, and only who may decide', (t) => {
  const card = scene('pending-0-of-2')
  t.same(card.approvers, [
    { person: 'bob', slack: 'U0BOB' },
    { person: 'carol', slack: 'U0CAROL' },
    { person: 'dan', slack: null }
  ])
  t.same(cardOf(policy, card.stored, { team: 'T0OTHER', consoleUrl: null }).approvers.map(({ slack }) => slack), ['U0BAD', null, null])
  const only = { ...card.stored.elevation, terms: { ...card.stored.elevation.terms, approvers: [person('carol'), person('fay')] } }
  t.same(cardOf(policy, stored(only), { team, consoleUrl: null }).approvers.map((face) => face.person), ['carol'], 'of those then, who still may')
  const now = { ...only, terms: { ...only.terms, approvers: null } }
  t.same(cardOf(policy, stored(now), { team, consoleUrl: null }).approvers.length, 3, 'where everybody counts who may now')
  const own = { ...now, ask: { ...now.ask, requester: person('dan') } }
  t.same(cardOf(policy, stored(own), { team, consoleUrl: null }).approvers.map((face) => face.person), ['bob', 'carol'], 'never the requester')
  for (const name of names) {
    t.notMatch(JSON.stringify(scene(name)), /@acme\.example/, `${name}: no address is in it`)
  }
  t.same(scene('pending-some-columns').columns, [
    { name: 'claims.claims.amount', class: null },
    { name: 'claims.customers.dob', class: 'quasi' },
    { name: 'claims.customers.ssn', class: 'direct' }
  ])
  const breakGlass = scene('approved-break-glass')
  t.same([breakGlass.told, breakGlass.reviewers].map((faces) => faces.map((face) => face.person)), [['bob', 'sam'], ['sam']])
  t.end()
})

const section = (text: string) => ({ type: 'section' as const, text: { type: 'mrkdwn' as const, text } })
const option = (value: string, text = 'x', description = 'x') => ({
  text: { type: 'plain_text' as const, text }, value, description: { type: 'plain_text' as const, text: description }
})
const plain = (length: number) => ({ type: 'plain_text' as const, text: 'x'.repeat(length) })
const upTo = <T>(count: number, make: (n: number) => T): T[] => Array.from({ length: count }, (_, n) => make(n))
const inMessage = (...blocks: Message['blocks']): Message => ({ text: 'x', blocks })
const button = { type: 'button' as const, text: plain(1), action_id: 'a' }
const withButton = (change: object) => inMessage({ type: 'actions', elements: [{ ...button, ...change }] })
const modal = (change: Partial<Modal>): Modal => ({
  type: 'modal', title: plain(1), submit: plain(1), blocks: [section('x')], ...change
})
const withInput = (element: object, change: object = {}): Modal =>
  modal({ blocks: [{ type: 'input', label: plain(1), element, ...change }] as unknown as Modal['blocks'] })

const edges: readonly (readonly [string, number, (n: number) => Message | Modal])[] = [
  ['blocks of a message', limits.messageBlocks, (n) => inMessage(...upTo(n, () => section('x')))],
  ['text of a message', limits.messageText, (n) => ({ text: 'x'.repeat(n), blocks: [section('x')] })],
  ['text of a section', limits.sectionText, (n) => inMessage(section('x'.repeat(n)))],
  ['fields', limits.fields, (n) => inMessage({ type: 'section', fields: upTo(n, () => plain(1)) })],
  ['text of a field', limits.field, (n) => inMessage({ type: 'section', fields: [plain(n)] })],
  ['header', limits.header, (n) => inMessage({ type: 'header', text: plain(n) })],
  ['elements of a context', limits.contextElements, (n) => inMessage({ type: 'context', elements: upTo(n, () => plain(1)) })],
  ['text of a context', limits.contextText, (n) => inMessage({ type: 'context', elements: [plain(n)] })],
  ['buttons', limits.actionsElements, (n) => inMessage({ type: 'actions', elements: upTo(n, (i) => ({ ...button, action_id: `a${i}` })) })],
  ['text of a button', limits.buttonText, (n) => withButton({ text: plain(n) })],
  ['value of a button', limits.buttonValue, (n) => withButton({ value: 'x'.repeat(n) })],
  ['address of a button', limits.url, (n) => withButton({ url: 'x'.repeat(n) })],
  ['action_id', limits.actionId, (n) => withButton({ action_id: 'x'.repeat(n) })],
  ['block_id', limits.blockId, (n) => inMessage({ ...section('x'), block_id: 'x'.repeat(n) })],
  ['title of a confirm', limits.confirmTitle, (n) => withButton({ confirm: { title: plain(n), text: plain(1) } })],
  ['text of a confirm', limits.confirmText, (n) => withButton({ confirm: { text: plain(n) } })],
  ['button of a confirm', limits.confirmButton, (n) => withButton({ confirm: { text: plain(1), confirm: plain(n) } })],
  ['blocks of a view', limits.viewBlocks, (n) => modal({ blocks: upTo(n, () => section('x')) })],
  ['title of a view', limits.viewTitle, (n) => modal({ title: plain(n) })],
  ['submit of a view', limits.viewTitle, (n) => modal({ submit: plain(n) })],
  ['close of a view', limits.viewTitle, (n) => modal({ close: plain(n) })],
  ['private_metadata', limits.privateMetadata, (n) => modal({ private_metadata: 'x'.repeat(n) })],
  ['callback_id', limits.callbackId, (n) => modal({ callback_id: 'x'.repeat(n) })],
  ['label', limits.inputLabel, (n) => withInput({ type: 'plain_text_input' }, { label: plain(n) })],
  ['hint', limits.inputHint, (n) => withInput({ type: 'plain_text_input' }, { hint: plain(n) })],
  ['initial_value', limits.inputText, (n) => withInput({ type: 'plain_text_input', initial_value: 'x'.repeat(n) })],
  ['max_length', limits.inputText, (n) => withInput({ type: 'plain_text_input', max_length: n })],
  ['placeholder', limits.placeholder, (n) => withInput({ type: 'plain_text_input', placeholder: plain(n) })],
  ['options', limits.options, (n) => withInput({ type: 'static_select', options: upTo(n, (i) => option(`${i}`)) })],
  ['options of several', limits.options, (n) => withInput({ type: 'multi_static_select', options: upTo(n, (i) => option(`${i}`)) })],
  ['checkboxes', limits.checkboxes, (n) => withInput({ type: 'checkboxes', options: upTo(n, (i) => option(`${i}`)) })],
  ['text of an option', limits.optionText, (n) => withInput({ type: 'static_select', options: [option('1', 'x'.repeat(n))] })],
  ['value of an option', limits.optionValue, (n) => withInput({ type: 'static_select', options: [option('x'.repeat(n))] })],
  ['description of an option', limits.optionDescription, (n) => withInput({ type: 'static_select', options: [option('1', 'x', 'x'.repeat(n))] })]
]

const fit = (thing: Message | Modal): unknown => ('text' in thing ? fitMessage(thing) : fitView(thing))

t.test('what is exactly at a limit of Slack fits, one more does not', (t) => {
  for (const [name, limit, make] of edges) {
    const at = make(limit)
    t.equal(fit(at), at, `${name}: ${limit}`)
    t.throws(() => fit(make(limit + 1)), RangeError, `${name}: ${limit + 1}`)
  }
  const bytes = (n: number): Modal => {
    const empty = modal({ blocks: upTo(90, () => section('x'.repeat(2700))), private_metadata: '' })
    return { ...empty, private_metadata: 'x'.repeat(n - Buffer.byteLength(JSON.stringify(empty))) }
  }
  const largest = Math.min(limits.viewBytes, Buffer.byteLength(JSON.stringify(bytes(limits.viewBytes))))
  t.equal(largest, limits.viewBytes)
  t.doesNotThrow(() => fitView(bytes(limits.viewBytes)))
  t.throws(() => fitView(bytes(limits.viewBytes + 1)), RangeError)
  t.end()
})

t.test('what Slack refuses besides is a bug that throws', (t) => {
  const [chosen, other] = [option('1'), option('2')]
  const wrong: readonly (readonly [string, Message | Modal])[] = [
    ['no text', { text: '', blocks: [section('x')] }],
    ['no blocks', inMessage()],
    ['an empty text', inMessage(section(''))],
    ['a section of nothing', inMessage({ type: 'section' })],
    ['a block_id twice', inMessage({ ...section('x'), block_id: 'a' }, { ...section('y'), block_id: 'a' })],
    ['an action_id twice', inMessage({ type: 'actions', elements: [button, button] })],
    ['an image', inMessage({ type: 'context', elements: [{ type: 'image', image_url: 'https://x', alt_text: 'x' }] })],
    ['a block of a kind that is never sent', inMessage({ type: 'markdown', text: '<!channel>' })],
    ['an element of a kind that is never sent', withInput({ type: 'rich_text_input' })],
    ['an input without submit', { type: 'modal', title: plain(1), blocks: withInput({ type: 'plain_text_input' }).blocks }],
    ['options twice', withInput({ type: 'static_select', options: [chosen, chosen] })],
    ['a choice that is no option', withInput({ type: 'static_select', options: [chosen], initial_option: other })],
    ['choices that are no options', withInput({ type: 'multi_static_select', options: [chosen], initial_options: [other] })],
    ['no choice of several', withInput({ type: 'multi_static_select', options: [chosen], initial_options: [] })],
    ['no options', withInput({ type: 'static_select', options: [] })]
  ]
  for (const [name, thing] of wrong) t.throws(() => fit(thing), RangeError, name)
  t.end()
})

const long = (n: number) => `claims.${'<'.repeat(200)}${n}`

t.test('however much there is of anything, it fits', (t) => {
  for (const name of names) {
    const card = scene(name)
    const { elevation } = card.stored
    const faces = upTo(300, (n) => ({ person: person(`p${n}`.padEnd(63, 'x')), slack: null }))
    const vote = { by: person('bob'), at: at(1), via: 'slack' as const }
    const large: Card = {
      ...card,
      stored: {
        ...card.stored,
        ledger: upTo(5000, (n) => n),
        elevation: {
          ...elevation,
          ask: { ...elevation.ask, tables: upTo(300, long), columns: upTo(1000, long), reason: '<'.repeat(5000), ticket: '<'.repeat(5000) },
          approvals: upTo(60, () => vote)
        }
      },
      approvers: faces,
      told: faces,
      reviewers: faces,
      columns: upTo(1000, (n) => ({ name: long(n), class: `${'>'.repeat(200)}${n}` })),
      explanation: upTo(50, () => '&'.repeat(5000)),
      words: '&'.repeat(5000)
    }
    t.doesNotThrow(() => {
      shownOf(large)
      detailsModal(large, { now })
      homeView({ mine: upTo(30, () => large), waiting: upTo(30, () => large), recent: upTo(30, () => large), now })
      statusList({ mine: upTo(30, () => large), waiting: upTo(30, () => large), now })
    }, name)
  }
  const reasons = upTo(500, () => ({ outcome: 'unmet' as const, rule: null, condition: '&'.repeat(500), message: '&'.repeat(5000) }))
  const demands = upTo(50, () => ({ ...known(known(offers()[0]).demands[0]), rule: '<'.repeat(500), ticket: '<'.repeat(500), reasonMinLength: 9000 }))
  const preview: ShownPreview = { ...denial, result: refuse('policy_denied', '<'.repeat(5000), reasons) }
  t.doesNotThrow(() =>
    askModal({
      offers: many(500).map((offer) => ({ ...offer, demands, tables: upTo(300, long) })),
      typed: { ...typed, target: 'target-007', reason: '<'.repeat(5000), ticket: '<'.repeat(5000), tables: upTo(300, long), columns: upTo(900, long) },
      errors: Object.fromEntries(askFields.map((field) => [field, '&'.repeat(5000)])),
      preview
    })
  )
  t.end()
})

t.test('a cut can be seen, fits, and never falls within an escape or a character', (t) => {
  t.equal(cut('x'.repeat(30), 30), 'x'.repeat(30))
  t.equal(cut('x'.repeat(200), 100), `${'x'.repeat(81)}… (+119 characters)`)
  t.equal(said('<'.repeat(30), 60).mrkdwn, `${'&lt;'.repeat(10)}… (+20 characters)`)
  t.equal(clean(' a\u202E\n\t b\u200B\uD800 '), 'a b\uFFFD')
  t.equal(code('a`b*').mrkdwn, "`a'b*`")
  t.equal(md`a ${'<b>'} ${said('&')}`.mrkdwn, 'a &lt;b&gt; &amp;')
  t.equal(mention('U0EVIL> <!channel', 'bob').mrkdwn, '`bob`')
  t.equal(mention(null, 'bob').mrkdwn, '`bob`')
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 400 }), fc.integer({ min: 24, max: 300 }), (text, most) => {
      const shown = cut(text, most)
      const marked = said(text, most).mrkdwn
      const dropped = Number(/… \(\+([0-9]+) characters\)$/.exec(shown)?.[1] ?? 0)
      return (
        shown.length <= most && shown.isWellFormed() && marked.length <= most &&
        !/&(?!amp;|lt;|gt;)/.test(marked) && dropped <= Array.from(text).length
      )
    })
  )
  t.end()
})

t.test('every snapshot belongs to a state that is drawn', (t) => {
  const files = readdirSync(folder).filter((name) => name.endsWith('.txt'))
  t.same(files.filter((name) => !pictured.has(name)), [])
  t.ok(files.length > 40, `${files.length} snapshots`)
  t.end()
})
