/**
 * The verbs bound to their dependencies. Here, once, every refusal of a known person becomes a
 * ledger entry, and the worker is woken when something has to be removed.
 */
import type { PersonId } from '../elevation/ids.ts'
import { type Result, accept, refuse } from '../elevation/refusal.ts'
import { tablesOf } from '../elevation/target.ts'
import { offersFor } from '../policy/decide.ts'
import { personByEmail, personBySlack, personBySubject } from '../policy/people.ts'
import { activate } from './activate.ts'
import type { Broker, Caller, TargetOffer } from './broker.ts'
import { catalogs, targetDetail } from './catalog.ts'
import { approve, cancel, deny } from './decide.ts'
import type { Deps } from './deps.ts'
import { end, revoke } from './end.ts'
import { entries } from './entries.ts'
import { erase } from './erase.ts'
import { extend } from './extend.ts'
import { find, list } from './find.ts'
import { noteReads } from './ledger-reads.ts'
import { lock, locks, unlock } from './lock.ts'
import { checkpoint, file, logKey, proof } from './log.ts'
import { checkQuery } from './query-check.ts'
import { queryResults, queryStatus, stopQuery } from './query-results.ts'
import { querySessions } from './query-sessions.ts'
import type { QueryInput, QueryStarted } from './query-verbs.ts'
import { type QueryParts, query as start } from './query.ts'
import { attempted, recordRefused } from './record.ts'
import { review } from './review.ts'
import { preview, submit } from './submit.ts'
import { acceptRestore, copyStore, rotateKey } from './upkeep.ts'
import { credentials } from './vend.ts'

/** `wake` asks the worker to look now instead of at its next tick. */
export const makeBroker = (deps: Deps, wake: () => void): Broker => {
  const on = <T>(
    verb: string,
    person: PersonId,
    elevation: string | null,
    run: () => Promise<Result<T>>
  ): Promise<Result<T>> => attempted(deps, { person, verb, elevation }, run)

  const catalogOf = catalogs(deps)
  const noteRead = noteReads(deps)
  const sessions = querySessions(deps)
  const parts = { deps, catalogOf, sessions }

  const ending = async <T>(done: Promise<Result<T>>): Promise<Result<T>> => {
    const result = await done
    wake()
    return result
  }

  return {
    identify: (subject) => {
      const person = personBySubject(deps.policy(), subject)
      return person
        ? accept(person.id)
        : refuse(
            'unknown_person',
            'You are not in the directory. Ask whoever keeps policies/people.'
          )
    },
    identifySlack: ({ team, user, email }) => {
      const mapped = personBySlack(deps.policy(), { team, user })
      const person = mapped ?? (email === null ? null : personByEmail(deps.policy(), email))
      return person
        ? accept(person.id)
        : refuse(
            'unknown_person',
            'Your Slack account is nobody in the directory. Ask whoever keeps policies/people.'
          )
    },
    targets: (person) => offers(deps, person),
    target: (person, id) =>
      on('target', person, null, () => {
        const offer = offers(deps, person).find(({ target }) => target === id)
        return targetDetail(catalogOf, offer, offer && deps.policy().targets.get(offer.target))
      }),
    preview: (caller, ask) => preview({ deps, catalogOf }, caller, ask),
    submit: (caller, input, idempotency) =>
      on('submit', caller.person, null, () =>
        submit({ deps, catalogOf }, caller, { input, idempotency })
      ),
    extend: (caller, id, input, idempotency) =>
      on('extend', caller.person, id, () =>
        extend({ deps, catalogOf }, caller, { id, input, idempotency })
      ),
    get: (person, id) => on('get', person, id, () => find(deps, person, id)),
    list: (person, query) => list(deps, person, query),
    approve: (caller, id, shown) =>
      on('approve', caller.person, id, () => approve(deps, caller, { id, shown })),
    deny: (person, id, reason) => on('deny', person, id, () => deny(deps, person, { id, reason })),
    cancel: (person, id) => on('cancel', person, id, () => cancel(deps, person, id)),
    activate: (caller, id) =>
      on('activate', caller.person, id, () => activate(deps, caller, { id, keep: sessions.keep })),
    credentials: (caller, id) =>
      on('credentials', caller.person, id, () => credentials(deps, caller, id)),
    end: (person, id) => on('end', person, id, () => ending(end(deps, person, id))),
    revoke: (person, id, reason) =>
      on('revoke', person, id, () => ending(revoke(deps, person, { id, reason }))),
    review: (person, id, note) =>
      on('review', person, id, () => review(deps, person, { id, note })),
    entries: (person, from, limit) =>
      on('entries', person, null, () => entries(deps, { person, from, limit }, noteRead)),
    erase: (caller, asked) =>
      on('erase', caller.person, null, () => erase(deps, caller.person, asked)),
    logKey: (person) => on('logKey', person, null, async () => logKey(deps, person)),
    checkpoint: (person) =>
      on('checkpoint', person, null, () => checkpoint(deps, person, noteRead)),
    logFile: (person, path) =>
      on('logFile', person, null, () => file(deps, { person, path }, noteRead)),
    proof: (person, id) => on('proof', person, id, () => proof(deps, { person, id }, noteRead)),
    acceptRestore: (person, reason) =>
      on('acceptRestore', person, null, () => acceptRestore(deps, { person, reason })),
    rotateKey: (person, reason) =>
      on('rotateKey', person, null, () => rotateKey(deps, { person, reason })),
    copyStore: (person, reason) =>
      on('copyStore', person, null, () => copyStore(deps, { person, reason })),
    query: (caller, id, input) => runQuery(parts, caller, { id, input, wake }),
    queryStatus: (person, elevation, id) =>
      on('queryStatus', person, elevation, () =>
        queryStatus(deps, person, { elevation, query: id })
      ),
    queryResults: (person, elevation, at) =>
      on('queryResults', person, elevation, () =>
        queryResults(parts, person, { elevation, ...at })
      ),
    stopQuery: (person, elevation, id) =>
      on('stopQuery', person, elevation, () => stopQuery(deps, person, { elevation, query: id })),
    checkQuery: (caller, input) => checkQuery(parts, caller, input),
    lock: (person, asked) => on('lock', person, null, () => ending(lock(deps, person, asked))),
    unlock: (person, asked) => on('unlock', person, null, () => unlock(deps, person, asked)),
    locks: (person) => on('locks', person, null, () => locks(deps, person)),
    refused: (person, attempt) => recordRefused(deps, person, attempt)
  }
}

/** A query that the guard refused has an entry of its own, which also says who it was. */
const runQuery = async (
  parts: QueryParts,
  caller: Caller,
  {
    id,
    input,
    wake
  }: { readonly id: string; readonly input: QueryInput; readonly wake: () => void }
): Promise<Result<QueryStarted>> => {
  const result = await start(parts, caller, { id, input })
  if (result.ok) return result
  const { code } = result.refusal
  if (!ownEntry.has(code)) {
    await recordRefused(parts.deps, caller.person, { verb: 'query', elevation: id, code })
  }
  // it may have been the one too many
  wake()
  return result
}

const ownEntry: ReadonlySet<string> = new Set(['query_refused', 'query_not_the_asked_one'])

const offers = (deps: Deps, person: PersonId): readonly TargetOffer[] =>
  offersFor(deps.policy(), person).map(({ target, rules }) => ({
    target: target.id,
    workgroup: target.workgroup,
    region: target.region,
    classification: target.classification,
    tables: tablesOf(target),
    rules: rules.map(({ id, mode, maxDuration }) => ({ rule: id, mode, maxDuration }))
  }))
