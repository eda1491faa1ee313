/**
 * Athena workgroups: permission on one, what it says, and where a query's results go. With
 * EnforceWorkGroupConfiguration the client's settings are ignored. Source: Amazon Athena User
 * Guide, "Override client-side settings"; API Reference, WorkGroupConfiguration.
 */
import type { AthenaEncryption, ResultPlace, WorkGroup } from './athena-state.ts'
import { authorize } from './authorize.ts'
import type { Call } from './call.ts'
import { AwsFault } from './fault.ts'
import type { JsonObject } from './service.ts'
import type { World } from './world.ts'

/** Where AWS runs a query that names no workgroup. */
export const PRIMARY = 'primary'

/** AwsFault AccessDenied unless the caller holds `action` on the workgroup, existing or not. */
export function authorizeWorkGroup(
  world: World,
  call: Call,
  ask: { readonly action: string; readonly workGroup: string }
): void {
  authorize(world, call, {
    action: ask.action,
    resource:
      `arn:${world.partition}:athena:${world.region}:${world.account}` +
      `:workgroup/${ask.workGroup}`
  })
}

/** The workgroup, or AwsFault InvalidRequestException. */
export function findWorkGroup(world: World, name: string): WorkGroup {
  const workGroup = world.athena.workGroups.get(name)
  if (workGroup !== undefined) return workGroup
  throw invalidRequest(`WorkGroup ${name} is not found.`)
}

/** AwsFault InvalidRequestException (400) with its AthenaErrorCode. */
export function invalidRequest(message: string, code = 'INVALID_INPUT'): AwsFault {
  return new AwsFault('InvalidRequestException', 400, message, { AthenaErrorCode: code })
}

/** The place that holds for a query: the workgroup's when enforced, else the client's first. */
export function resultPlace(workGroup: WorkGroup, asked: Partial<ResultPlace>): ResultPlace {
  const { results } = workGroup
  const standing = asked.location === undefined ? results : undefined
  const place = workGroup.enforce ? results : { ...standing, ...asked }
  if (place?.location === undefined) {
    throw invalidRequest(
      'No output location provided. An output location is required either through the Workgroup ' +
        'result configuration setting or as an API input.'
    )
  }
  const { location, encryption } = place
  return {
    location: location.endsWith('/') ? location : `${location}/`,
    ...(encryption === undefined ? {} : { encryption })
  }
}

/** As GetWorkGroup answers it. */
export function describeWorkGroup(workGroup: WorkGroup): JsonObject {
  const { results, bytesScannedCutoff, expectedBucketOwner, managed, executionRole } = workGroup
  return {
    Name: workGroup.name,
    Description: workGroup.description,
    State: workGroup.state,
    CreationTime: workGroup.createdAt.getTime() / 1000,
    Configuration: {
      ResultConfiguration: {
        ...(results === undefined ? {} : describePlace(results)),
        ...(expectedBucketOwner === undefined ? {} : { ExpectedBucketOwner: expectedBucketOwner })
      },
      ...(managed === undefined
        ? {}
        : { ManagedQueryResultsConfiguration: describeManaged(managed) }),
      EnforceWorkGroupConfiguration: workGroup.enforce,
      PublishCloudWatchMetricsEnabled: workGroup.metrics ?? false,
      RequesterPaysEnabled: false,
      EnableMinimumEncryptionConfiguration: workGroup.minimumEncryption ?? false,
      ...(executionRole === undefined ? {} : { ExecutionRole: executionRole }),
      ...(workGroup.identityCenter === true
        ? { IdentityCenterConfiguration: { EnableIdentityCenter: true } }
        : {}),
      ...(bytesScannedCutoff === undefined
        ? {}
        : { BytesScannedCutoffPerQuery: bytesScannedCutoff }),
      EngineVersion: engineOf(workGroup)
    }
  }
}

/** As an EngineVersion. */
export function engineOf({ engine = 'Athena engine version 3' }: WorkGroup): JsonObject {
  return { SelectedEngineVersion: engine, EffectiveEngineVersion: engine }
}

function describeManaged({ keyArn }: NonNullable<WorkGroup['managed']>): JsonObject {
  return {
    Enabled: true,
    ...(keyArn === null ? {} : { EncryptionConfiguration: { KmsKey: keyArn } })
  }
}

/** As a ResultConfiguration. */
export function describePlace(place: ResultPlace): JsonObject {
  return {
    OutputLocation: place.location,
    ...(place.encryption === undefined
      ? {}
      : { EncryptionConfiguration: describeEncryption(place.encryption) })
  }
}

function describeEncryption(encryption: AthenaEncryption): JsonObject {
  return {
    EncryptionOption: encryption.option,
    ...(encryption.option === 'SSE_KMS' ? { KmsKey: encryption.keyArn } : {})
  }
}
