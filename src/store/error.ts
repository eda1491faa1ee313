/**
 * What can be wrong with the store. A code exists only where somebody acts differently on it;
 * the message is for the operator and holds no row's content.
 */
const codes = [
  /** another process has the data folder open */
  'in_use',
  /** the folder or file cannot be made or written */
  'not_writable',
  /** others can read the file or write the folder */
  'exposed',
  /** a file system on which locks or fsync cannot be relied on */
  'network_file_system',
  /** the file was written by a newer sallyport */
  'newer_schema',
  /** not our file, or its content is damaged */
  'corrupt',
  /** too many requests wait, or this one waited too long; nothing of it was written */
  'overloaded',
  /** not written: disk full, I/O error, closed */
  'unavailable',
  /** not confirmed in time: it may or may not have been written; read before trying again */
  'timeout'
] as const

export type StoreErrorCode = (typeof codes)[number]

export const isStoreErrorCode = (text: string): text is StoreErrorCode =>
  codes.some((code) => code === text)

export class StoreError extends Error {
  override readonly name = 'StoreError'
  readonly code: StoreErrorCode

  constructor(code: StoreErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
