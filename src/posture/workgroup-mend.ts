/**
 * Changes of a workgroup. Athena's UpdateWorkGroup changes only the settings it is given; names are
 * those of WorkGroupConfigurationUpdates, AWS::Athena::WorkGroup and aws_athena_workgroup.
 */
import type { WorkgroupFacts } from './facts.ts'
import type { Mend } from './finding.ts'
import { type Fields, cloudformation, expression, line, map, remark, terraform } from './mend.ts'
import { type View, regionOf } from './scene.ts'

/** One change of settings, as the API, CloudFormation and Terraform spell it. */
export const settingsMend = (
  { arn, name }: WorkgroupFacts,
  change: { readonly updates: Fields; readonly properties: Fields; readonly body: Fields }
): Mend => ({
  cli: [updateLine(arn, name, change.updates)],
  cloudformation: cloudformation('AWS::Athena::WorkGroup', {
    Name: name,
    WorkGroupConfiguration: change.properties
  }),
  terraform: terraform('aws_athena_workgroup', { name, configuration: change.body })
})

/**
 * Results as the target declares them, under its key; for a workgroup that is no target, under a
 * new customer managed key of its own.
 */
export const encryptionMend = (workgroup: WorkgroupFacts, view: View): Mend => {
  const [target] = view.targetsOf(workgroup.arn)
  const declared = target?.results ?? null
  const key = declared?.key ?? null
  if (key === null) return newKeyMend(workgroup)
  if (declared?.kind !== 'bucket') return managedMend(workgroup, key)
  const { bucket, prefix } = declared.location
  return settingsMend(workgroup, {
    updates: {
      EnforceWorkGroupConfiguration: true,
      ResultConfigurationUpdates: {
        OutputLocation: `s3://${bucket}/${prefix}`,
        EncryptionConfiguration: { EncryptionOption: 'SSE_KMS', KmsKey: key }
      },
      ...(workgroup.managedResults === null
        ? {}
        : { ManagedQueryResultsConfigurationUpdates: { Enabled: false } })
    },
    properties: {
      EnforceWorkGroupConfiguration: true,
      ResultConfiguration: {
        OutputLocation: `s3://${bucket}/${prefix}`,
        EncryptionConfiguration: { EncryptionOption: 'SSE_KMS', KmsKey: key }
      }
    },
    body: {
      enforce_workgroup_configuration: true,
      result_configuration: {
        output_location: `s3://${bucket}/${prefix}`,
        encryption_configuration: { encryption_option: 'SSE_KMS', kms_key_arn: key }
      }
    }
  })
}

/** Tags of a workgroup; the values are for its owner to say. */
export const tagMend = ({ arn, name, tags }: WorkgroupFacts, tag: string): Mend => ({
  cli: [
    line(
      'aws',
      'athena',
      'tag-resource',
      '--region',
      regionOf(arn),
      '--resource-arn',
      arn,
      '--tags',
      JSON.stringify([{ Key: tag, Value: 'VALUE' }])
    )
  ],
  cloudformation: cloudformation('AWS::Athena::WorkGroup', {
    Name: name,
    Tags: tagList({ ...tags, [tag]: 'VALUE' })
  }),
  terraform: terraform('aws_athena_workgroup', { name, tags: map({ ...tags, [tag]: 'VALUE' }) })
})

export const tagList = (tags: Readonly<Record<string, string>>): readonly Fields[] =>
  Object.entries(tags)
    .toSorted(([a], [b]) => Number(a > b) - Number(a < b))
    .map(([Key, Value]) => ({ Key, Value }))

/** Athena SQL in a workgroup of its own: these settings of the present one cannot be undone. */
export const replaceMend = ({ arn, name }: WorkgroupFacts, why: string): Mend => ({
  cli: [
    line(
      'aws',
      'athena',
      'create-work-group',
      '--region',
      regionOf(arn),
      '--name',
      `${name}-sql`,
      '--configuration',
      {
        EnforceWorkGroupConfiguration: true,
        EngineVersion: { SelectedEngineVersion: 'Athena engine version 3' }
      }
    )
  ],
  cloudformation: [
    remark(why),
    cloudformation('AWS::Athena::WorkGroup', {
      Name: `${name}-sql`,
      WorkGroupConfiguration: {
        EnforceWorkGroupConfiguration: true,
        EngineVersion: { SelectedEngineVersion: 'Athena engine version 3' }
      }
    })
  ].join('\n'),
  terraform: [
    remark(why),
    terraform('aws_athena_workgroup', {
      name: `${name}-sql`,
      configuration: {
        enforce_workgroup_configuration: true,
        engine_version: { selected_engine_version: 'Athena engine version 3' }
      }
    })
  ].join('\n')
})

const updateLine = (arn: string, name: string, updates: Fields): string =>
  line(
    'aws',
    'athena',
    'update-work-group',
    '--region',
    regionOf(arn),
    '--work-group',
    name,
    '--configuration-updates',
    updates
  )

const managedMend = (workgroup: WorkgroupFacts, key: string): Mend =>
  settingsMend(workgroup, {
    updates: {
      EnforceWorkGroupConfiguration: true,
      ResultConfigurationUpdates: {
        RemoveOutputLocation: true,
        RemoveEncryptionConfiguration: true
      },
      ManagedQueryResultsConfigurationUpdates: {
        Enabled: true,
        EncryptionConfiguration: { KmsKey: key }
      }
    },
    properties: {
      EnforceWorkGroupConfiguration: true,
      ManagedQueryResultsConfiguration: {
        Enabled: true,
        EncryptionConfiguration: { KmsKey: key }
      }
    },
    body: {
      enforce_workgroup_configuration: true,
      managed_query_results_configuration: {
        enabled: true,
        encryption_configuration: { kms_key: key }
      }
    }
  })

const newKeyMend = (workgroup: WorkgroupFacts): Mend => {
  const { arn, name, managedResults } = workgroup
  const isManaged = managedResults !== null
  const option = { EncryptionOption: 'SSE_KMS' }
  const updates = isManaged
    ? 'ManagedQueryResultsConfigurationUpdates={EncryptionConfiguration={KmsKey=$KEY}}'
    : 'ResultConfigurationUpdates={EncryptionConfiguration={EncryptionOption=SSE_KMS,KmsKey=$KEY}}'
  const create = line(
    'aws',
    'kms',
    'create-key',
    '--region',
    regionOf(arn),
    '--description',
    `Athena results of ${name}`,
    '--query',
    'KeyMetadata.Arn',
    '--output',
    'text'
  )
  const update = line(
    'aws',
    'athena',
    'update-work-group',
    '--region',
    regionOf(arn),
    '--work-group',
    name
  )
  const ref = { 'Fn::GetAtt': ['ResultsKey', 'Arn'] }
  const code = expression('aws_kms_key.results.arn')
  return {
    cli: [
      `KEY=$(${create})`,
      `${update} --configuration-updates "EnforceWorkGroupConfiguration=true,${updates}"`
    ],
    cloudformation: cloudformation('AWS::Athena::WorkGroup', {
      Name: name,
      WorkGroupConfiguration: {
        EnforceWorkGroupConfiguration: true,
        ...(isManaged
          ? {
              ManagedQueryResultsConfiguration: {
                Enabled: true,
                EncryptionConfiguration: { KmsKey: ref }
              }
            }
          : { ResultConfiguration: { EncryptionConfiguration: { ...option, KmsKey: ref } } })
      }
    }),
    terraform: terraform('aws_athena_workgroup', {
      name,
      configuration: {
        enforce_workgroup_configuration: true,
        ...(isManaged
          ? {
              managed_query_results_configuration: {
                enabled: true,
                encryption_configuration: { kms_key: code }
              }
            }
          : {
              result_configuration: {
                encryption_configuration: { encryption_option: 'SSE_KMS', kms_key_arn: code }
              }
            })
      }
    })
  }
}
