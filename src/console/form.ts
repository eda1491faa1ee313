/**
 * A sent form as text. Refuses nothing by itself: a field that is not there is empty, one that is
 * there twice is its first, and the broker judges what is in them.
 */
import type { FastifyRequest } from 'fastify'

export type Fields = {
  readonly one: (name: string) => string
  /** every value of the name, as of check boxes */
  readonly all: (name: string) => readonly string[]
  /** every field but the token of the session */
  readonly typed: () => readonly (readonly [name: string, value: string])[]
}

/** The fields of a body or of a query string that Fastify has read. */
export const fieldsOf = (request: Pick<FastifyRequest, 'body'>): Fields => fieldsIn(request.body)

export const queryOf = (request: Pick<FastifyRequest, 'query'>): Fields => fieldsIn(request.query)

const fieldsIn = (read: unknown): Fields => {
  const entries = typeof read === 'object' && read !== null ? Object.entries(read) : []
  const values = new Map(entries.map(([name, value]) => [name, textsIn(value)]))
  return {
    one: (name) => values.get(name)?.[0] ?? '',
    all: (name) => values.get(name) ?? [],
    typed: () =>
      [...values].flatMap(([name, texts]) =>
        name === 'csrf' ? [] : texts.map((text) => [name, text] as const)
      )
  }
}

const textsIn = (value: unknown): readonly string[] =>
  (Array.isArray(value) ? value : [value]).flatMap((one: unknown) =>
    typeof one === 'string' ? [one.replaceAll('\r\n', '\n')] : []
  )
