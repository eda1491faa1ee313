/**
 * An evidence pack: what happened under one elevation, or within a time, with all that proves it.
 * Everything that a proof covers is in `entries`; the rest is said to be what it is. It is read
 * strictly, for whoever hands a pack over may have changed it: anything unknown makes it no pack.
 */
import type { EntryRow, Pack, PackElevation, PackOpening, PackPolicy } from './pack-types.ts'

/** The pack that this JSON value is, or null. */
export const parsePack = (value: unknown): Pack | null => {
  const of = objectOf(value, packMembers)
  if (of === null || of['kind'] !== 'sallyport-evidence' || of['v'] !== 1) return null
  const about = parseAbout(of['about'])
  const entries = listOf(of['entries'], parseEntryRow)
  const elevations = listOf(of['elevations'], parseElevation)
  const policies = listOf(of['policies'], parsePolicy)
  const { madeAt, madeFor, checkpoint, key } = of
  if (about === null || entries === null || elevations === null || policies === null) return null
  if (!isText(madeAt) || !isText(madeFor) || !isText(checkpoint) || !isText(key)) return null
  const kept = { madeAt, madeFor, checkpoint, key }
  return { kind: 'sallyport-evidence', v: 1, about, ...kept, entries, elevations, policies }
}

const packMembers =
  'about,checkpoint,elevations,entries,key,kind,madeAt,madeFor,policies,v'

type Members = Readonly<Record<string, unknown>>

const isText = (value: unknown): value is string => typeof value === 'string'

const isMembers = (value: unknown): value is Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** An object of exactly these members. */
const objectOf = (value: unknown, members: string): Members | null =>
  isMembers(value) && Object.keys(value).toSorted().join() === members ? value : null

const listOf = <T>(value: unknown, parse: (one: unknown) => T | null): readonly T[] | null => {
  if (!Array.isArray(value)) return null
  const all: T[] = []
  for (const one of value) {
    const parsed = parse(one)
    if (parsed === null) return null
    all.push(parsed)
  }
  return all
}

const parseAbout = (value: unknown): Pack['about'] | null => {
  const elevation = objectOf(value, 'elevation')?.['elevation']
  if (isText(elevation)) return { elevation }
  const period = objectOf(value, 'from,to')
  if (period === null) return null
  const { from, to } = period
  return isText(from) && isText(to) ? { from, to } : null
}

const parseEntryRow = (value: unknown): EntryRow | null => {
  const of = objectOf(value, 'bytes,index,openings,path')
  if (of === null) return null
  const { index, bytes } = of
  const path = listOf(of['path'], (hash) => (isText(hash) ? hash : null))
  const openings = parseOpenings(of['openings'])
  if (typeof index !== 'number' || !Number.isSafeInteger(index) || index < 0) return null
  if (!isText(bytes) || path === null || openings === null) return null
  return { index, bytes, path, openings }
}

const parseOpenings = (value: unknown): EntryRow['openings'] | null => {
  if (!isMembers(value)) return null
  const all: [string, PackOpening][] = []
  for (const [name, one] of Object.entries(value)) {
    const opening = parseOpening(one)
    if (opening === null) return null
    all.push([name, opening])
  }
  return Object.fromEntries(all)
}

const parseOpening = (value: unknown): PackOpening | null => {
  if (!isMembers(value)) return null
  const { state } = value
  if (state === 'MISSING' && objectOf(value, 'state')) return { state }
  const { by } = value
  if (state === 'erased' && objectOf(value, 'by,state') && typeof by === 'number') {
    return { state, by }
  }
  const { salt, value: text } = value
  if (state !== 'opened' || !objectOf(value, 'salt,state,value')) return null
  return isText(salt) && isText(text) ? { state, salt, value: text } : null
}

const parsePolicy = (value: unknown): PackPolicy | null => {
  const of = objectOf(value, 'digest,excerpt,text')
  if (of === null || !isText(of['digest'])) return null
  const { digest, excerpt, text } = of
  if (excerpt !== null && !isText(excerpt)) return null
  return text === null || isText(text) ? { digest, excerpt, text } : null
}

const parseElevation = (value: unknown): PackElevation | null => {
  const of = objectOf(value, 'facts,id,sessionPolicy')
  if (of === null) return null
  const { id, sessionPolicy } = of
  const facts = listOf(of['facts'], parseFact)
  if (!isText(id) || facts === null) return null
  return sessionPolicy === null || isText(sessionPolicy) ? { id, facts, sessionPolicy } : null
}

const parseFact = (value: unknown): readonly [string, string] | null => {
  if (!Array.isArray(value) || value.length !== 2) return null
  const [name, fact]: readonly unknown[] = value
  return isText(name) && isText(fact) ? [name, fact] : null
}
