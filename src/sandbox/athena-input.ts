/**
 * The inputs of Athena's operations, checked. A setting that would change what a query answers and
 * is not spoken here is refused rather than ignored. Source: Amazon Athena API Reference.
 */
import { Type } from 'typebox'
import type { Static, TSchema } from 'typebox'
import type { AthenaEncryption, ResultPlace } from './athena-state.ts'
import { invalidRequest } from './athena-workgroup.ts'
import { AwsFault } from './fault.ts'
import { parseInput } from './parse-input.ts'
import type { JsonObject } from './service.ts'

export const WorkGroupName = Type.String({ pattern: '^[a-zA-Z0-9._-]{1,128}$' })
const QueryExecutionId = Type.String({ pattern: '^[a-zA-Z0-9-]{1,128}$' })
export const NextToken = Type.Optional(Type.String({ minLength: 1, maxLength: 1024 }))

export const StartInput = Type.Object({
  QueryString: Type.String({ minLength: 1, maxLength: 262_144 }),
  ClientRequestToken: Type.Optional(Type.String({ minLength: 32, maxLength: 128 })),
  WorkGroup: Type.Optional(WorkGroupName),
  QueryExecutionContext: Type.Optional(
    Type.Object({
      Database: Type.Optional(Type.String({ minLength: 1, maxLength: 255 })),
      Catalog: Type.Optional(Type.String({ pattern: '^[aA][wW][sS][dD]ata[cC]atalog$' }))
    })
  ),
  ResultConfiguration: Type.Optional(
    Type.Object({
      OutputLocation: Type.Optional(
        Type.String({ pattern: '^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/.*)?$' })
      ),
      EncryptionConfiguration: Type.Optional(
        Type.Union([
          Type.Object({ EncryptionOption: Type.Literal('SSE_S3') }),
          Type.Object({
            EncryptionOption: Type.Literal('SSE_KMS'),
            KmsKey: Type.String({ minLength: 1, maxLength: 2048 })
          })
        ])
      )
    })
  ),
  ResultReuseConfiguration: Type.Optional(
    Type.Object({
      ResultReuseByAgeConfiguration: Type.Optional(Type.Object({ Enabled: Type.Literal(false) }))
    })
  ),
  ExecutionParameters: Type.Optional(Type.Array(Type.Never(), { maxItems: 0 }))
})

export const ExecutionInput = Type.Object({ QueryExecutionId })
export const WorkGroupInput = Type.Object({ WorkGroup: WorkGroupName })

export const ResultsInput = Type.Object({
  QueryExecutionId,
  NextToken,
  MaxResults: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000 }))
})

export const ListInput = Type.Object({
  WorkGroup: Type.Optional(WorkGroupName),
  NextToken,
  MaxResults: Type.Optional(Type.Integer({ minimum: 1, maximum: 50 }))
})

export const BatchInput = Type.Object({
  QueryExecutionIds: Type.Array(QueryExecutionId, { minItems: 1, maxItems: 50 })
})

const WithRole = Type.Optional(
  Type.Object({ ExecutionRole: Type.Optional(Type.String({ minLength: 20, maxLength: 2048 })) })
)

/** What an operation that is not spoken names, wherever it names it. */
export const UnspokenInput = Type.Object({
  Configuration: WithRole,
  ConfigurationUpdates: WithRole,
  WorkGroup: Type.Optional(WorkGroupName),
  Name: Type.Optional(Type.String({ minLength: 1, maxLength: 256 })),
  QueryExecutionId: Type.Optional(QueryExecutionId)
})

/** The input as the schema's type, or AwsFault InvalidRequestException. */
export function parseAthena<S extends TSchema>(schema: S, input: JsonObject): Static<S> {
  try {
    return parseInput(schema, input)
  } catch (error) {
    if (!(error instanceof AwsFault)) throw error
    throw invalidRequest(error.message)
  }
}

/** The result place a client asks for, as far as it asks. */
export function placeAsked(input: Static<typeof StartInput>): Partial<ResultPlace> {
  const asked = input.ResultConfiguration
  return {
    ...(asked?.OutputLocation === undefined ? {} : { location: asked.OutputLocation }),
    ...(asked?.EncryptionConfiguration === undefined
      ? {}
      : { encryption: encryptionAsked(asked.EncryptionConfiguration) })
  }
}

function encryptionAsked(
  asked:
    | { readonly EncryptionOption: 'SSE_S3' }
    | { readonly EncryptionOption: 'SSE_KMS'; readonly KmsKey: string }
): AthenaEncryption {
  return asked.EncryptionOption === 'SSE_S3'
    ? { option: 'SSE_S3' }
    : { option: 'SSE_KMS', keyArn: asked.KmsKey }
}
