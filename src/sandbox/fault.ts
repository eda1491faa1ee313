/**
 * A refusal in AWS's words. Handlers throw it; the protocol that carried the call renders it in its
 * own form (query XML, JSON with `__type`, S3 XML). `code` is the general name; the few names that
 * differ between protocols are in `wireName`. The message never carries a secret or policy text.
 */
export type Protocol = 'query' | 'json' | 'rest-xml'

export type FaultFields = Readonly<Record<string, string>>

/** Thrown by every sandbox service for a refusal that AWS would answer too. */
export class AwsFault extends Error {
  readonly code: string
  readonly status: number
  readonly fields: FaultFields

  /** `status` is the HTTP status of the answer; `fields` are further members of the error body. */
  constructor(code: string, status: number, message: string, fields: FaultFields = {}) {
    super(message)
    this.name = code
    this.code = code
    this.status = status
    this.fields = fields
  }
}

export type WireName = { readonly code: string; readonly status: number }

/**
 * The code and status as this protocol spells them. General names that a handler or `authorize`
 * throws: AccessDenied, ExpiredToken, InvalidClientTokenId, SignatureDoesNotMatch, RequestExpired,
 * MissingAuthenticationToken, ValidationError. Every other code is sent as it was thrown.
 */
export const wireName = (fault: AwsFault, protocol: Protocol): WireName =>
  spelled[protocol][fault.code] ?? { code: fault.code, status: fault.status }

const spelled: Readonly<Record<Protocol, Readonly<Record<string, WireName>>>> = {
  query: {
    AccessDenied: { code: 'AccessDenied', status: 403 },
    AccessDeniedException: { code: 'AccessDenied', status: 403 },
    RequestExpired: { code: 'SignatureDoesNotMatch', status: 403 }
  },
  json: {
    AccessDenied: { code: 'AccessDeniedException', status: 400 },
    ExpiredToken: { code: 'ExpiredTokenException', status: 400 },
    InvalidClientTokenId: { code: 'UnrecognizedClientException', status: 400 },
    SignatureDoesNotMatch: { code: 'InvalidSignatureException', status: 400 },
    RequestExpired: { code: 'InvalidSignatureException', status: 400 },
    MissingAuthenticationToken: { code: 'MissingAuthenticationTokenException', status: 400 },
    IncompleteSignature: { code: 'IncompleteSignatureException', status: 400 },
    ValidationError: { code: 'ValidationException', status: 400 }
  },
  'rest-xml': {
    AccessDenied: { code: 'AccessDenied', status: 403 },
    AccessDeniedException: { code: 'AccessDenied', status: 403 },
    ExpiredToken: { code: 'ExpiredToken', status: 400 },
    InvalidClientTokenId: { code: 'InvalidAccessKeyId', status: 403 },
    RequestExpired: { code: 'RequestTimeTooSkewed', status: 403 },
    MissingAuthenticationToken: { code: 'AccessDenied', status: 403 },
    IncompleteSignature: { code: 'AuthorizationHeaderMalformed', status: 400 }
  }
}
