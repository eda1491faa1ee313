/**
 * Wildcard matching of actions, resources and ARNs: `*` is any run of characters, `?` any one.
 * Never a regular expression and never recursive: at most pattern × text steps, whatever is sent.
 * Source: IAM User Guide, "IAM JSON policy elements: Resource", "ARN condition operators".
 */

/** Whether the whole text fits the pattern; upper and lower case differ. */
export const globMatches = (pattern: string, text: string): boolean => {
  let at = 0
  let from = 0
  let star = -1
  let resume = 0
  while (from < text.length) {
    const wanted = pattern[at]
    if (wanted === '*') {
      star = at
      resume = from
      at += 1
    } else if (wanted !== undefined && (wanted === '?' || wanted === text[from])) {
      at += 1
      from += 1
    } else if (star >= 0) {
      // only the last star needs another try: an earlier one already has its shortest match
      at = star + 1
      resume += 1
      from = resume
    } else {
      return false
    }
  }
  while (pattern[at] === '*') at += 1
  return at === pattern.length
}

/** Actions match without case: `KMS:decrypt` is `kms:Decrypt`. */
export const actionMatches = (pattern: string, action: string): boolean =>
  pattern === '*' || globMatches(pattern.toLowerCase(), action.toLowerCase())

/**
 * Whether a `Resource` entry covers the ARN. AWS documents wildcards per ARN part but also lets a
 * trailing `*` run past the colons; where the two readings differ the answer is `unknown`.
 */
export const resourceMatches = (pattern: string, resource: string): boolean | 'unknown' => {
  if (pattern === '*') return true
  if (!globMatches(pattern, resource)) return false
  return arnMatches(pattern, resource) ? true : 'unknown'
}

/** ArnLike and ArnEquals: each of the six parts is matched alone; false where one is no ARN. */
export const arnMatches = (pattern: string, arn: string): boolean => {
  const wanted = arnParts(pattern)
  const parts = arnParts(arn)
  if (wanted === null || parts === null) return false
  return wanted.every((part, index) => globMatches(part, parts[index] ?? ''))
}

/** `arn`, partition, service, region, account and the rest; null when the text is not an ARN. */
export const arnParts = (text: string): readonly string[] | null => {
  const parts = text.split(':')
  if (parts.length < 6 || parts[0] !== 'arn') return null
  return [...parts.slice(0, 5), parts.slice(5).join(':')]
}
