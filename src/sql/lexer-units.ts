/** UTF-16 units as the lexer sees them: ASCII by number, and what sort of unit one is. */
export const quote = 39
export const doubleQuote = 34
export const dot = 46
export const slash = 47
export const star = 42
export const plus = 43
export const minus = 45
export const bang = 33
export const lessThan = 60
export const equals = 61
export const greaterThan = 62
export const bar = 124
export const openBrace = 123
export const closeBrace = 125
export const ampersand = 38
export const letterA = 97
export const letterE = 101
export const letterU = 117
export const letterX = 120
export const isSpace = (unit: number): boolean =>
  unit === 32 || unit === 10 || unit === 13 || unit === 9
export const isDash = (unit: number, next: number): boolean => unit === minus && next === minus
export const isDigit = (unit: number): boolean => unit >= 48 && unit <= 57
export const isUpper = (unit: number): boolean => unit >= 65 && unit <= 90
export const isLetter = (unit: number): boolean =>
  (unit >= 97 && unit <= 122) || isUpper(unit) || unit === 95
const wordUnits = Uint8Array.from({ length: 128 }, (_, unit) =>
  isLetter(unit) || isDigit(unit) ? 1 : 0
)
/** Asked of nearly every unit of a text, so it is looked up. */
export const isWordUnit = (unit: number): boolean => unit < 128 && wordUnits[unit] === 1
export const isHex = (unit: number): boolean =>
  isDigit(unit) || (
  (unit | 0x20) >= 97 && (unit | 0x20) <= 102
)
