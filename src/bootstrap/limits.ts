/** What AWS takes of a policy document, with the statements named that are too long for it. */
import type { PolicyDocument } from '../iam/policy-document.ts'
import type { IamResult } from '../iam/refusals.ts'

/** It says nothing. */
export const none: PolicyDocument = { Version: '2012-10-17', Statement: [] }

/** The document where AWS takes it, or its longest statements. */
export const within = (
  limit: number,
  document: PolicyDocument,
  what: string
): IamResult<PolicyDocument> => {
  const { length: characters } = JSON.stringify(document)
  if (characters <= limit) return { ok: true, value: document }
  const longest = document.Statement.map((statement, n) => ({
    statement: statement.Sid ?? String(n),
    characters: JSON.stringify(statement).length
  }))
  longest.sort((a, b) => b.characters - a.characters)
  const names = longest.slice(0, 3).map(({ statement, characters: size }) => `${statement} ${size}`)
  const message =
    `${what} has ${characters} characters, AWS takes ${limit}; longest: ${names.join(', ')}. ` +
    'Give some of its targets another role or another key.'
  return {
    ok: false,
    refusals: [{ code: 'policy_too_large', characters, limit, longest, message }]
  }
}
