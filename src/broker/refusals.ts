/**
 * Every code an answer can carry, once: HTTP status, title and the CLI's exit code. Edges hold no
 * other mapping. Titles never change with the occasion (RFC 9457 section 3.1.3).
 */
import type { RefusalCode } from '../elevation/refusal.ts'

/** Codes that arise before or around a verb: at the border, the identity provider, the ledger. */
export type BorderCode =
  | 'unauthenticated'
  | 'idp_unavailable'
  | 'invalid_body'
  | 'invalid_request'
  | 'not_found'
  | 'body_too_large'
  | 'unsupported_media_type'
  | 'request_timeout'
  | 'headers_too_large'
  | 'too_many_requests'
  | 'ledger_unavailable'
  | 'ledger_restored'
  | 'handler_timeout'
  | 'shutting_down'
  | 'internal'

export type ProblemCode = RefusalCode | BorderCode

/** 0 done, 1 refused, 2 wrong usage, 69 a needed service is unavailable, 78 bad configuration. */
export type ExitCode = 1 | 2 | 69

export type ProblemKind = {
  readonly status: number
  readonly title: string
  readonly exit: ExitCode
}

export const problemKinds: Readonly<Record<ProblemCode, ProblemKind>> = {
  unknown_person: { status: 403, title: 'You are not in the directory', exit: 1 },
  unknown_target: { status: 404, title: 'There is no such target', exit: 1 },
  unknown_elevation: { status: 404, title: 'There is no such elevation', exit: 1 },
  invalid_ask: { status: 422, title: 'The ask cannot be understood', exit: 2 },
  policy_denied: { status: 403, title: 'The policy denies it', exit: 1 },
  self_approval: { status: 403, title: 'No one approves their own ask', exit: 1 },
  not_an_approver: { status: 403, title: 'You may not decide on this ask', exit: 1 },
  channel_not_allowed: { status: 403, title: 'The rule is not decided from here', exit: 1 },
  sign_in_too_weak: { status: 403, title: 'A fresh or stronger sign-in is needed', exit: 1 },
  reciprocal_approval: { status: 403, title: 'You two would approve each other', exit: 1 },
  already_voted: { status: 409, title: 'You have approved already', exit: 1 },
  already_decided: { status: 409, title: 'The ask is decided already', exit: 1 },
  stale_ask: { status: 409, title: 'What was shown is not what is asked', exit: 1 },
  not_approved: { status: 409, title: 'The elevation is not approved', exit: 1 },
  not_active: { status: 409, title: 'The elevation is not active', exit: 1 },
  brokered_mode: { status: 403, title: 'Credentials of a brokered elevation stay inside', exit: 1 },
  lapsed: { status: 409, title: 'The elevation was not used or decided in time', exit: 1 },
  too_early: { status: 409, title: 'Its start has not come yet', exit: 1 },
  start_not_allowed: { status: 403, title: 'It may not be scheduled like this', exit: 1 },
  extension_not_allowed: { status: 403, title: 'It may not be extended again', exit: 1 },
  already_extended: { status: 409, title: 'It has been extended already', exit: 1 },
  ended: { status: 409, title: 'The elevation has ended', exit: 1 },
  idempotency_mismatch: { status: 422, title: 'The key was used with another body', exit: 1 },
  conflict: { status: 409, title: 'Somebody else changed it meanwhile', exit: 1 },
  locked: { status: 423, title: 'Access is locked', exit: 1 },
  policy_too_large: { status: 422, title: 'The session policy would be too large', exit: 1 },
  unsafe_name: { status: 422, title: 'A name cannot be put into a policy safely', exit: 1 },
  query_refused: { status: 422, title: 'The query may not run', exit: 1 },
  query_not_the_asked_one: {
    status: 403,
    title: 'Only the query that was asked for may run',
    exit: 1
  },
  not_brokered: { status: 409, title: 'The elevation hands out credentials instead', exit: 1 },
  unknown_query: { status: 404, title: 'There is no such query', exit: 1 },
  query_not_succeeded: { status: 409, title: 'The query has no results', exit: 1 },
  aws_refused: { status: 502, title: 'AWS refused', exit: 1 },
  aws_unavailable: { status: 503, title: 'AWS cannot be reached', exit: 69 },
  unauthenticated: { status: 401, title: 'A valid bearer token is needed', exit: 1 },
  idp_unavailable: { status: 503, title: 'The identity provider cannot be reached', exit: 69 },
  invalid_body: { status: 400, title: 'The body is not what this route takes', exit: 2 },
  invalid_request: { status: 400, title: 'The request is not what this route takes', exit: 2 },
  not_found: { status: 404, title: 'There is no such route', exit: 2 },
  body_too_large: { status: 413, title: 'The body is too large', exit: 2 },
  unsupported_media_type: { status: 415, title: 'Only uncompressed JSON is read', exit: 2 },
  request_timeout: { status: 408, title: 'The request came too slowly', exit: 69 },
  headers_too_large: { status: 431, title: 'The header fields are too large', exit: 2 },
  too_many_requests: { status: 429, title: 'Too many requests', exit: 69 },
  ledger_unavailable: { status: 503, title: 'The ledger cannot be written', exit: 69 },
  ledger_restored: { status: 503, title: 'The ledger is not the one that was anchored', exit: 69 },
  handler_timeout: { status: 503, title: 'No answer in time; look before you repeat', exit: 69 },
  shutting_down: { status: 503, title: 'The broker is shutting down', exit: 69 },
  internal: { status: 500, title: 'Something broke inside', exit: 69 }
}

/** Whether a text from outside, such as a problem document's `code`, is one of ours. */
export const isProblemCode = (text: string): text is ProblemCode =>
  Object.hasOwn(problemKinds, text)
