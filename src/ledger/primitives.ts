/**
 * The two primitives that verification needs, so that the same code runs on Node and in a browser.
 * Either may be synchronous (Node) or not (WebCrypto); hashing is asked for in batches, so that
 * waiting costs nothing per entry.
 */
export type Primitives = {
  /** SHA-256 of each message, in their order: 32 bytes each, one after the other. */
  readonly sha256: (messages: readonly Uint8Array[]) => Uint8Array | Promise<Uint8Array>
  /**
   * Pure Ed25519 (RFC 8032) of 32-byte keys and 64-byte signatures; anything malformed is false.
   */
  readonly verifySignature: (signed: Signed) => boolean | Promise<boolean>
}

export type Signed = {
  readonly publicKey: Uint8Array
  readonly message: Uint8Array
  readonly signature: Uint8Array
}

/** Length of a SHA-256 hash, in bytes. */
export const hashBytes = 32
