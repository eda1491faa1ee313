/**
 * Members of a CloudTrail record, which is anything until it is looked at.
 * Source: CloudTrail User Guide, "CloudTrail record contents".
 */

/** An own member of an object; undefined where there is none. */
export const fieldAt = (value: unknown, key: string): unknown =>
  typeof value === 'object' && value !== null
    ? Object.getOwnPropertyDescriptor(value, key)?.value
    : undefined

/** A member that is a text and not empty. */
export const textAt = (value: unknown, key: string): string | null => {
  const found = fieldAt(value, key)
  return typeof found === 'string' && found !== '' ? found : null
}

/** `eventTime` in epoch milliseconds; null where a record has no time. */
export const timeOf = (value: unknown): number | null => {
  const at = Date.parse(textAt(value, 'eventTime') ?? '')
  return Number.isNaN(at) ? null : at
}

/** ARN of the KMS key that a record is about; else what the caller called it. */
export const keyOf = (value: unknown): string | null => {
  const resources = fieldAt(value, 'resources')
  const arns = Array.isArray(resources) ? resources.map((one) => textAt(one, 'ARN')) : []
  return (
    arns.find((arn) => arn?.includes(':key/')) ??
    textAt(fieldAt(value, 'requestParameters'), 'keyId')
  )
}
