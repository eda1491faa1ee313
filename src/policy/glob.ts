/**
 * The only patterns a policy may write: literal text, `<digits>`, `<letters>` (one or more of ASCII
 * each) and `*` (anything, also nothing). Matching walks the text once with the set of places it
 * can be in, so no pattern can be made slow; there are no regular expressions of users.
 */
export type GlobPart =
  | { readonly kind: 'literal'; readonly char: string }
  | { readonly kind: 'digits' | 'letters' | 'any' }

/** A parsed pattern; `text` is how it was written. */
export type Glob = { readonly text: string; readonly parts: readonly GlobPart[] }

/** Printable ASCII of 1 to 100 characters without a stray `<` or `>`; null otherwise. */
export const parseGlob = (text: string): Glob | null => {
  if (!/^[\x20-\x7e]{1,100}$/.test(text)) return null
  const parts: GlobPart[] = []
  for (const token of text.match(/<[^<>]*>|./g) ?? []) {
    const part = partOf(token)
    if (part === null) return null
    parts.push(part)
  }
  return { text, parts }
}

/** Whether the whole text fits, case-sensitively; at most `text` x `parts` steps. */
export const matchesGlob = (glob: Glob, text: string): boolean => {
  let places = closure(glob, [0])
  for (const char of text) {
    places = closure(glob, [...places].flatMap((place) => step(glob, place, char)))
    if (places.size === 0) return false
  }
  return places.has(glob.parts.length)
}

const partOf = (token: string): GlobPart | null => {
  if (token === '<digits>') return { kind: 'digits' }
  if (token === '<letters>') return { kind: 'letters' }
  if (token === '*') return { kind: 'any' }
  return token.includes('<') || token.includes('>') ? null : { kind: 'literal', char: token }
}

/** The places after `char`, read at `place`: staying on a repeating part, or past it. */
const step = (glob: Glob, place: number, char: string): readonly number[] => {
  const part = glob.parts[place]
  if (part === undefined) return []
  switch (part.kind) {
    case 'literal':
      return char === part.char ? [place + 1] : []
    case 'digits':
      return /^[0-9]$/.test(char) ? [place, place + 1] : []
    case 'letters':
      return /^[A-Za-z]$/.test(char) ? [place, place + 1] : []
    case 'any':
      return [place]
  }
}

/** `*` may match nothing, so whoever stands before it also stands after it. */
const closure = (glob: Glob, places: readonly number[]): ReadonlySet<number> => {
  const reached = new Set(places)
  for (const place of reached) if (glob.parts[place]?.kind === 'any') reached.add(place + 1)
  return reached
}
