/**
 * The forms that texts and lists of policy documents take, as TypeBox schemas, which are JSON
 * Schema for editors too. `title` says what a key means; `description` ends the sentence "X must be
 * …" in an issue. What a pattern cannot say (lengths, tickets, zones) is judged after the schema.
 */
import { type TSchema, Type } from 'typebox'

/** Of every mapping: an unknown key is refused. */
export const closed = { additionalProperties: false } as const

export const text = (title: string, pattern: string, description: string, maxLength = 2048) =>
  Type.String({ title, description, pattern, maxLength })

export const id = (title: string) =>
  text(
    title,
    '^[a-z0-9][a-z0-9._-]{1,62}$',
    '2 to 63 of a-z 0-9 . _ -, starting with a letter or digit'
  )

export const ref = (title: string) =>
  text(title, '^(?:person|group):[a-z0-9][a-z0-9._-]{1,62}$', 'person:ID or group:NAME')

/** A length of time, which `parseDuration` judges. */
export const length = (title: string) =>
  Type.String({ title, description: 'a length with its unit, such as 45m, 4h or PT2H30M' })

export const flag = (title: string) => Type.Boolean({ title, description: 'true or false' })

export const count = (title: string, minimum: number, maximum: number) =>
  Type.Integer({
    title,
    minimum,
    maximum,
    description: `a whole number from ${minimum} to ${maximum}`
  })

export const table = (title: string) =>
  text(title, '^[a-z0-9_][a-z0-9_-]{0,254}$', 'a name of a-z 0-9 _ - as Glue has it')

export const qualifiedTable = (title: string) =>
  text(title, '^[a-z0-9_][a-z0-9_-]{0,254}[.][a-z0-9_][a-z0-9_-]{0,254}$', 'database.table')

export const column = (title: string) =>
  text(title, '^[a-z0-9_]{1,255}$', 'a column name of a-z 0-9 _')

/** A list without repeats that may be empty. */
export const set = <T extends TSchema>(title: string, items: T, description = 'a list') =>
  Type.Array(items, { title, description, uniqueItems: true, maxItems: 10_000 })

/** The same with at least one item. */
export const some = <T extends TSchema>(title: string, items: T, description: string) =>
  Type.Array(items, { title, description, uniqueItems: true, minItems: 1, maxItems: 10_000 })

/** People and groups, at least one. */
export const refs = (title: string) =>
  some(title, ref('A person or a group'), 'a list of at least one person:ID or group:NAME')

export const list = <T extends TSchema>(title: string, items: T) =>
  Type.Array(items, { title, description: 'a list', maxItems: 100_000 })
