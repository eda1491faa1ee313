/**
 * The document of what workgroups, keys, roles and buckets must be like, and of findings that are
 * waived for a time. Every setting may be left out; the standard is in `posture-documents.ts`.
 */
import { type Static, Type } from 'typebox'
import { findingCodes, useCodes } from './finding-codes.ts'
import { closed, count, id, length, list, some, text } from './forms.ts'

const day = (title: string) =>
  text(title, '^[0-9]{4}-[0-9]{2}-[0-9]{2}$', 'a day such as 2027-03-31', 10)

export const WaiverDocument = Type.Object(
  {
    finding: Type.Enum([...findingCodes, ...useCodes], {
      title: 'The finding',
      description: 'the code of a finding'
    }),
    resource: text(
      'The resource, compared exactly',
      '^arn:[ -~]+$',
      'the ARN of the resource as the finding has it'
    ),
    reason: Type.String({
      title: 'Why it may be so for now',
      description: '15 to 500 characters that begin and end with none of white space',
      pattern: '^\\S.*\\S$',
      minLength: 15,
      maxLength: 500
    }),
    by: text('Who answers for it', '^person:[a-z0-9][a-z0-9._-]{1,62}$', 'person:ID'),
    until: day('The first day, in UTC, on which it no longer holds')
  },
  { ...closed, description: 'a mapping of finding, resource, reason, by and until' }
)

export const PostureDocument = Type.Object(
  {
    posture: id('The name of this document'),
    from: day('The day, in UTC, from which its waivers hold'),
    maxRotation: Type.Optional(length('The longest period of a key’s rotation; default 365d')),
    keyAlias: Type.Optional(
      Type.Object(
        {
          environments: some(
            'First words of aliases; left out: any',
            text('An environment', '^[a-z0-9]{1,20}$', '1 to 20 of a-z 0-9'),
            'a list of at least one environment'
          )
        },
        { ...closed, title: 'alias/ENV-APP-PURPOSE', description: 'a mapping of environments' }
      )
    ),
    requiredTags: Type.Optional(
      Type.Array(
        text('A tag', '^[A-Za-z0-9 _.:/=+@-]{1,128}$', 'the key of a tag', 128),
        {
          title: 'Tags of every workgroup and key; default owner, classification, cost-center',
          description: 'a list of tags',
          uniqueItems: true,
          maxItems: 50
        }
      )
    ),
    maxTargetsPerKey: Type.Optional(count('Targets that one key may serve; default 1', 1, 1000)),
    maxScanBytes: Type.Optional(
      count(
        'The largest limit per query that a workgroup may set; left out: any limit',
        10_000_000,
        Number.MAX_SAFE_INTEGER
      )
    ),
    unusedAfter: Type.Optional(length('When a workgroup counts as unused; default 90d')),
    grantsWarnAt: Type.Optional(count('Grants on one key; default 40,000', 1, 50_000)),
    waivers: Type.Optional(list('Findings that somebody answers for until a day', WaiverDocument))
  },
  {
    ...closed,
    title: 'Posture: what must be so, and what is waived',
    description: 'a mapping of posture, from, settings and waivers'
  }
)

export type PostureDocument = Static<typeof PostureDocument>
