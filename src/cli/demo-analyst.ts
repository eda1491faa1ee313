/**
 * What the demo's analyst does with her session's credentials, with the real AWS SDK against the
 * sandbox: a query, a stolen ciphertext. Every answer is AWS's own, allowed or not.
 */
import {
  AthenaClient,
  GetQueryExecutionCommand,
  GetQueryResultsCommand,
  StartQueryExecutionCommand
} from '@aws-sdk/client-athena'
import { DecryptCommand, KMSClient } from '@aws-sdk/client-kms'
import { setTimeout as wait } from 'node:timers/promises'

export type AwsLogin = {
  readonly endpoint: string
  readonly region: string
  readonly credentials: {
    readonly accessKeyId: string
    readonly secretAccessKey: string
    readonly sessionToken: string
  }
  /** milliseconds to add to this machine's clock when signing */
  readonly systemClockOffset?: number
}

/** `refused`: AWS's error name and message. */
export type Outcome<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly refused: string; readonly message: string }

const pollMs = 50

/** Runs a query and gives its rows, the first one the column names, as Athena does. */
export const query = async (
  login: AwsLogin,
  workgroup: string,
  sql: string
): Promise<Outcome<readonly (readonly string[])[]>> => {
  const athena = new AthenaClient({ ...login, maxAttempts: 1 })
  try {
    const started = await athena.send(
      new StartQueryExecutionCommand({ QueryString: sql, WorkGroup: workgroup })
    )
    const QueryExecutionId = started.QueryExecutionId ?? ''
    for (;;) {
      const { QueryExecution } = await athena.send(
        new GetQueryExecutionCommand({ QueryExecutionId })
      )
      const { State, StateChangeReason } = QueryExecution?.Status ?? {}
      if (State === 'FAILED' || State === 'CANCELLED') {
        return { ok: false, refused: State, message: StateChangeReason ?? '' }
      }
      if (State === 'SUCCEEDED') break
      await wait(pollMs)
    }
    const { ResultSet } = await athena.send(new GetQueryResultsCommand({ QueryExecutionId }))
    const rows = (ResultSet?.Rows ?? []).map((row) =>
      (row.Data ?? []).map((datum) => datum.VarCharValue ?? '')
    )
    return { ok: true, value: rows }
  } catch (error) {
    return refused(error)
  } finally {
    athena.destroy()
  }
}

/** Asks KMS itself to decrypt, as somebody would who holds a stolen ciphertext. */
export const decrypt = async (
  login: AwsLogin,
  stolen: { readonly ciphertext: Uint8Array; readonly context: Readonly<Record<string, string>> }
): Promise<Outcome<number>> => {
  const kms = new KMSClient({ ...login, maxAttempts: 1 })
  try {
    const { Plaintext } = await kms.send(
      new DecryptCommand({ CiphertextBlob: stolen.ciphertext, EncryptionContext: stolen.context })
    )
    return { ok: true, value: Plaintext?.length ?? 0 }
  } catch (error) {
    return refused(error)
  } finally {
    kms.destroy()
  }
}

const refused = (error: unknown): Outcome<never> => {
  if (!(error instanceof Error)) throw error
  return { ok: false, refused: error.name, message: error.message }
}
