/**
 * Which of the five kinds of document a file is: told by its first key, or by its folder where that
 * key is misspelt.
 */
import type { TSchema } from 'typebox'
import type { SourceDocument } from './document.ts'
import { GuardrailDocument } from './guardrail-schema.ts'
import { valueAt } from './part.ts'
import { PostureDocument } from './posture-schema.ts'
import { OrganisationDocument } from './schema.ts'
import { TargetDocument } from './target-schema.ts'
import { TestsDocument } from './test-schema.ts'

export type Kind = 'organisation' | 'target' | 'guardrail' | 'posture' | 'tests'

/** The schema of each kind of document. */
export const schemas: Readonly<Record<Kind, TSchema>> = {
  organisation: OrganisationDocument,
  target: TargetDocument,
  guardrail: GuardrailDocument,
  posture: PostureDocument,
  tests: TestsDocument
}

export const kindOf = ({ file, value }: SourceDocument): Kind =>
  marks.find(({ key }) => valueAt(value, key) !== undefined)?.kind ??
  marks.find(({ folder }) => folder.test(file))?.kind ??
  'organisation'

const marks: readonly { readonly kind: Kind; readonly key: string; readonly folder: RegExp }[] = [
  { kind: 'target', key: 'target', folder: /(^|\/)targets\// },
  { kind: 'guardrail', key: 'guardrail', folder: /(^|\/)guardrails\// },
  { kind: 'posture', key: 'posture', folder: /(^|\/)posture\// },
  { kind: 'tests', key: 'tests', folder: /(^|\/)tests\// }
]
