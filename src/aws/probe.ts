/**
 * Whether AWS refuses a session: its own credentials are tried where it could read until it was
 * ended. GetCallerIdentity would prove nothing, it cannot be denied (STS API); nor would a Decrypt,
 * which the role refuses to every session outside of S3, Athena and Glue. Athena and Glue each ask
 * IAM for themselves, and a deny spreads to them one by one.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { AthenaClient, GetWorkGroupCommand } from '@aws-sdk/client-athena'
import { GetDatabaseCommand, GlueClient } from '@aws-sdk/client-glue'
import type { AwsAnswer, SessionCredentials } from '../ports.ts'
import type { Probes } from '../ports-endings.ts'
import { type AwsSettings, ask, clientSettings } from './answer.ts'

const againMs = 250
/** How often a call that is answered is made again: five seconds, about what a deny takes. */
const mostTries = 20

/** Tries with clients of the session's own, made for the one probe and ended with it. */
export const sessionProbes = (settings: AwsSettings): Probes => ({
  isRefused: async (credentials, place) => {
    const own = { ...clientSettings(settings, place.region), credentials: plainOf(credentials) }
    const athena = new AthenaClient(own)
    const glue = new GlueClient(own)
    const workgroup = new GetWorkGroupCommand({ WorkGroup: place.workgroup })
    const database = new GetDatabaseCommand({ Name: place.database })
    try {
      const answers = await Promise.all([
        untilRefused(() =>
          ask('athena:GetWorkGroup', (options) => athena.send(workgroup, options))
        ),
        untilRefused(() => ask('glue:GetDatabase', (options) => glue.send(database, options)))
      ])
      const failed = answers.find((answer) => !answer.ok)
      return failed ?? { ok: true, value: answers.every((answer) => answer.ok && answer.value) }
    } finally {
      athena.destroy()
      glue.destroy()
    }
  }
})

const refusals: ReadonlySet<string> = new Set(['AccessDenied', 'AccessDeniedException'])

/** False: it was let through to the last. What is no answer to the question is a failure. */
const untilRefused = async (
  call: () => Promise<AwsAnswer<unknown>>,
  tries = mostTries
): Promise<AwsAnswer<boolean>> => {
  const answer = await call()
  // a key that is not known yet, or a signature that does not fit, says nothing of the deny
  if (!answer.ok && refusals.has(answer.name)) return { ok: true, value: true }
  if (!answer.ok && answer.kind !== 'not_found') return answer
  if (tries === 1) return { ok: true, value: false }
  await pause(againMs)
  return untilRefused(call, tries - 1)
}

const plainOf = ({ accessKeyId, secretAccessKey, sessionToken }: SessionCredentials) => ({
  accessKeyId,
  secretAccessKey: secretAccessKey.reveal(),
  sessionToken: sessionToken.reveal()
})
