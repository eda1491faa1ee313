/**
 * Real SDK clients for a sandbox, for one caller: no retries, so that a test sees the first answer,
 * and a clock that agrees with the sandbox's.
 */
import { AthenaClient } from '@aws-sdk/client-athena'
import { GlueClient } from '@aws-sdk/client-glue'
import { IAMClient } from '@aws-sdk/client-iam'
import { KMSClient } from '@aws-sdk/client-kms'
import { S3Client } from '@aws-sdk/client-s3'
import { STSClient } from '@aws-sdk/client-sts'

export type Credentials = {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
}

export type Clients = {
  readonly athena: AthenaClient
  readonly glue: GlueClient
  readonly iam: IAMClient
  readonly kms: KMSClient
  readonly s3: S3Client
  readonly sts: STSClient
  readonly destroy: () => void
}

/** `now` is the sandbox's time, when it is not the machine's. */
export function clientsFor(
  sandbox: { readonly endpoint: string; readonly region: string },
  credentials: Credentials,
  now: number = Date.now()
): Clients {
  const config = {
    endpoint: sandbox.endpoint,
    region: sandbox.region,
    credentials,
    maxAttempts: 1,
    systemClockOffset: now - Date.now()
  }
  const athena = new AthenaClient(config)
  const glue = new GlueClient(config)
  const iam = new IAMClient(config)
  const kms = new KMSClient(config)
  const s3 = new S3Client({ ...config, forcePathStyle: true })
  const sts = new STSClient(config)
  return {
    athena,
    glue,
    iam,
    kms,
    s3,
    sts,
    destroy: () => {
      for (const client of [athena, glue, iam, kms, s3, sts]) client.destroy()
    }
  }
}

/** The error code a call was refused with, or `ok`. */
export async function codeOf(call: Promise<unknown>): Promise<string> {
  try {
    await call
    return 'ok'
  } catch (error) {
    return error instanceof Error ? error.name : String(error)
  }
}
