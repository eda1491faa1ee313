/**
 * Windows of the week and sign-ins to their parsed form. Refused: a window that names neither days
 * nor hours, hours that end before they begin (a window over midnight is two), and a zone that the
 * IANA time zone database does not have.
 */
import { parseDuration } from '../elevation/duration.ts'
import type { SourceDocument } from './document.ts'
import { errorAt, hint, quote } from './issue.ts'
import { textsAt, valuesAt } from './names.ts'
import { checked, valueAt } from './part.ts'
import type { PolicyIssue, SignIn, When } from './policy.ts'
import type { SignInDocument, WhenDocument, WindowDocument } from './rule-schema.ts'
import { weekdays } from './when.ts'

/** Windows that say nothing or contradict themselves, whatever else is wrong with their rule. */
export const whenIssues = (documents: readonly SourceDocument[]): readonly PolicyIssue[] => {
  const windows = windowPlaces.flatMap((at) => valuesAt(documents, at))
  return [
    ...windows
      .filter(({ value }) => isWindow(value) && !names(value, 'days') && !names(value, 'hours'))
      .map((window) => {
        return errorAt(window, 'missing', 'a window has days, hours or both')
      }),
    ...texts(documents, 'hours')
      .filter(({ text }) => endsTooEarly(text))
      .map((hours) => {
        const message = `${quote(hours.text)} ends before it begins; over midnight: two windows`
        return errorAt(hours, 'contradiction', message)
      }),
    ...texts(documents, 'zone')
      .filter(({ text }) => hasZoneForm(text) && !isZone(text))
      .map((zone) => {
        const message = `there is no zone ${quote(zone.text)}${near(zone.text)}`
        return errorAt(zone, 'unresolved', message)
      })
  ]
}

/** Windows whose document has no issues; empty = always. */
export const whenOf = (value: WhenDocument | undefined): readonly When[] => {
  if (value === undefined) return []
  return (Array.isArray(value) ? value : [value]).map(windowOf)
}

/** What a sign-in must be, of a document without issues; null = any. */
export const signInOf = (value: SignInDocument | undefined): SignIn | null =>
  value === undefined
    ? null
    : {
        within: value.within === undefined ? null : checked(parseDuration(value.within)),
        acr: value.acr ?? null,
        amr: value.amr ?? []
      }

const windowPlaces = ['rules', 'deny'].flatMap((list) => [
  [list, '*', 'when'],
  [list, '*', 'when', '*']
])

const texts = (documents: readonly SourceDocument[], key: string) =>
  windowPlaces.flatMap((place) => textsAt(documents, [...place, key]))

const isWindow = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const names = (window: unknown, key: string): boolean => valueAt(window, key) !== undefined

const windowOf = ({ days, hours, zone = 'UTC' }: WindowDocument): When => ({
  days: new Set(days ?? weekdays),
  hours: hours === undefined ? null : checked(parseHours(hours)),
  zone
})

/** `HH:MM-HH:MM` as minutes since midnight; null where it has another form. */
const parseHours = (text: string): { readonly from: number; readonly to: number } | null => {
  const match = /^([0-9]{2}):([0-9]{2})-([0-9]{2}):([0-9]{2})$/.exec(text)
  if (match === null) return null
  const [fromHour, fromMinute, toHour, toMinute] = match.slice(1).map(Number)
  return {
    from: (fromHour ?? 0) * 60 + (fromMinute ?? 0),
    to: (toHour ?? 0) * 60 + (toMinute ?? 0)
  }
}

const endsTooEarly = (text: string): boolean => {
  const hours = parseHours(text)
  return hours !== null && hours.from >= hours.to
}

const hasZoneForm = (text: string): boolean => /^[A-Za-z][A-Za-z0-9_+/-]{0,63}$/.test(text)

/** Known by Intl (ECMA-402 section 6.5), and written in its case, which Intl does not look at. */
const isZone = (name: string): boolean => {
  const zone = resolvedZone(name)
  return zone !== null && (zone === name || zone.toLowerCase() !== name.toLowerCase())
}

/** Zones that were looked up and exist; looking one up makes a formatter, which takes long. */
const resolved = new Map<string, string>()

const resolvedZone = (name: string): string | null => {
  const known = resolved.get(name)
  if (known !== undefined) return known
  try {
    const { timeZone } = new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions()
    resolved.set(name, timeZone)
    return timeZone
  } catch {
    return null
  }
}

const near = (name: string): string => {
  const zone = resolvedZone(name)
  return hint(name, zone === null ? Intl.supportedValuesOf('timeZone') : [zone])
}
