/**
 * The model of issuing and ending, searched through: with two processes, deaths, lost answers and
 * calls that land late, every invariant that a state can show holds in every state there is. Weaker
 * designs are searched as well, and each has to be caught: a checker that finds nothing proves nothing.
 */
import t from 'tap'
import {
  brokenDeciding,
  decidingKey,
  decidingMoves,
  isDecided,
  startDeciding,
  startScheduled
} from './model-decide.ts'
import { type Design, brokenBy, isTerminal, keyOf, movesOf, product, startWorld } from './model-issue.ts'
import { search } from './model-search.ts'

const searched = (design: Design, limits: { readonly crashes: number; readonly losses: number }) =>
  search({ start: startWorld, moves: movesOf(design, limits), keyOf, broken: brokenBy, isOver: isTerminal })

t.test('every reachable state of the design holds I2-I5, I7, I11 and I13', async (t) => {
  const began = performance.now()
  const { states, fault } = searched(product, { crashes: 2, losses: 2 })
  t.comment(`${states} states in ${Math.round(performance.now() - began)} ms`)
  t.equal(fault, null)
  t.ok(states > 10_000, `${states} states`)
})

const weaker: readonly (readonly [sentence: string, design: Partial<Design>, invariant: string])[] = [
  ['the effect before the intent', { hasIntent: false }, 'I4'],
  ['no fence on the commit', { isFenced: false }, 'a terminal row|I2|I3|I11'],
  ['the end without a late sweep', { sweepsLate: false }, 'I3'],
  ['given out by what was read before the revoke', { looksAgain: false }, 'I2'],
  ['a second CreateGrant under a new name', { keepsName: false }, 'I5'],
  ['a call sent after the lease', { heedsLease: false }, 'I3']
]

t.test('each weaker design is caught, by the invariant it breaks', async (t) => {
  for (const [sentence, part, invariant] of weaker) {
    const { states, fault } = searched({ ...product, ...part }, { crashes: 2, losses: 1 })
    t.match(fault?.broken, new RegExp(`^(${invariant})`), sentence)
    t.comment(`${sentence}: ${fault?.broken} after ${fault?.trace.length} steps (${states} states)`)
    t.comment(fault?.trace.join(' > ') ?? '')
  }
})

const deciding = (isFenced: boolean, start = startDeciding) =>
  search({
    start,
    moves: decidingMoves(isFenced),
    keyOf: decidingKey,
    broken: brokenDeciding,
    isOver: isDecided
  })

t.test('abuse 13, 14: votes, denials and withdrawals at the same moment decide once, by a quorum', async (t) => {
  const { states, fault } = deciding(true)
  t.comment(`${states} states`)
  t.equal(fault, null)
  const weak = deciding(false)
  t.match(weak.fault?.broken, /^(what is|a vote|I8)/, 'without the fence it is caught')
  t.comment(`no fence: ${weak.fault?.broken} after ${weak.fault?.trace.length} steps`)
  t.comment(weak.fault?.trace.join(' > ') ?? '')
})

t.test('a scheduled one is decided, opened and started once, never before its start, whatever the clock', async (t) => {
  const { states, fault } = deciding(true, startScheduled)
  t.comment(`${states} states`)
  t.equal(fault, null, fault?.trace.join(' > ') ?? '')
  t.ok(states > 100)
  const weak = deciding(false, startScheduled)
  t.match(weak.fault?.broken, /^(what is|a vote|I8|less)/, 'without the fence it is caught')
  t.comment(`no fence: ${weak.fault?.broken} after ${weak.fault?.trace.length} steps`)
})
