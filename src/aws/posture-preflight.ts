/**
 * Preflight: would KMS let the broker grant on the keys of the targets? CreateGrant with `DryRun`
 * makes nothing; its parameters are an elevation's own, for a session that never is. Only the
 * broker's own credentials can tell. What AWS does not answer stays unknown.
 */
import { CreateGrantCommand, KMSClient } from '@aws-sdk/client-kms'
import { parseElevationId } from '../elevation/ids.ts'
import { type Target, tablesOf } from '../elevation/target.ts'
import {
  type CreateGrantParameters,
  createGrantParameters,
  planGrants
} from '../iam/create-grant.ts'
import type { Facts } from '../posture/facts.ts'
import { wouldWork } from '../posture/preflight-rules.ts'
import { type AwsSettings, ask, clientSettings } from './answer.ts'
import { perRegion, regionOf } from './clients.ts'

/** No elevation has it. */
const nobody = parseElevationId('00000000000000000000000000')

/** The same facts with what KMS said of a grant on each key of the targets. */
export const withDryRuns = async (
  settings: AwsSettings,
  facts: Facts,
  of: {
    readonly targets: readonly Target[]
    readonly brokerRoleArn: string
    readonly signal: AbortSignal
  }
): Promise<Facts> => {
  const clients = perRegion((region) => new KMSClient(clientSettings(settings, region)))
  const codes = new Map<string, string>()
  try {
    for (const parameters of of.targets.flatMap((target) => grantsOf(target, of.brokerRoleArn))) {
      if (of.signal.aborted) break
      const { KeyId } = parameters
      const client = clients.in(regionOf(KeyId))
      const answer = await ask('kms:CreateGrant', (options) =>
        client.send(new CreateGrantCommand({ ...parameters, DryRun: true }), options)
      )
      const isKnown = !answer.ok && (answer.name === wouldWork || definite.has(answer.kind))
      // one grant of several that would fail is one too many
      if (isKnown && (codes.get(KeyId) ?? wouldWork) === wouldWork) codes.set(KeyId, answer.name)
    }
  } finally {
    clients.close()
  }
  return {
    ...facts,
    keys: facts.keys.map((key) => {
      const code = codes.get(key.arn)
      return code === undefined ? key : { ...key, grantDryRun: code }
    })
  }
}

const definite: ReadonlySet<string> = new Set(['denied', 'invalid', 'not_found'])

const grantsOf = (target: Target, brokerRoleArn: string): readonly CreateGrantParameters[] => {
  if (nobody === null) return []
  const planned = planGrants({ elevation: nobody, target, tables: tablesOf(target) })
  if (!planned.ok) return []
  return planned.value.flatMap((grant) => {
    const made = createGrantParameters({
      grant,
      elevation: nobody,
      roleArn: target.role,
      brokerRoleArn
    })
    return made.ok ? [{ ...made.value, Name: 'posture-dry-run' }] : []
  })
}
