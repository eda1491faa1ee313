/**
 * Rules on what becomes of a workgroup's results: how they are encrypted, under whose key, where
 * they lie. Managed query results are a place of their own: with them the result settings say
 * nothing. Source: Athena User Guide, "Encrypt query results", "Managed query results".
 */
import { printPlace, type View, regionOf } from './scene.ts'
import type { KeyFacts, WorkgroupFacts } from './facts.ts'
import { type WorkgroupRule, found, nothing, unseen } from './rule.ts'
import { encryptionMend, settingsMend } from './workgroup-mend.ts'

const results = { judges: 'workgroup', mend: encryptionMend } as const
const encryptedAtRest = { rule: 'athena-workgroup-encrypted-at-rest', sees: 'all' } as const

export const workgroupResultsRules: readonly WorkgroupRule[] = [
  {
    ...results,
    code: 'workgroup_results_unencrypted',
    severity: 'high',
    elsewhere: 'medium',
    title: 'Results are written without an encryption setting',
    why: 'Whoever may read the bucket reads the results; no key stands between.',
    seenBy: {
      prowler: { rule: 'athena_workgroup_encryption', sees: 'all' },
      config: encryptedAtRest
    },
    find: ({ managedResults, results: { encryption } }) =>
      managedResults === null && encryption === null
        ? found('the workgroup has no encryption of results')
        : nothing
  },
  {
    ...results,
    code: 'workgroup_results_sse_s3',
    severity: 'high',
    elsewhere: 'medium',
    title: 'Results are encrypted with keys of S3 (SSE_S3)',
    why:
      'S3 decrypts for everybody who may read the object: there is no key whose use can be ' +
      'granted, refused or audited.',
    seenBy: unseen,
    find: ({ managedResults, results: { encryption } }) =>
      managedResults === null && encryption === 'SSE_S3'
        ? found('the encryption option of results is SSE_S3')
        : nothing
  },
  {
    ...results,
    code: 'workgroup_results_aws_key',
    severity: 'high',
    elsewhere: 'medium',
    title: 'Results are under a key that AWS manages or owns',
    why:
      'Its policy cannot be changed and no grant can be made on it, so nobody but AWS decides ' +
      'who decrypts.',
    seenBy: unseen,
    find: (workgroup, view) => {
      const {
        managedResults,
        results: { encryption }
      } = workgroup
      if (managedResults === null && (encryption === null || encryption === 'SSE_S3'))
        return nothing
      const { name, key } = resultsKey(workgroup, view)
      if (name === null) {
        return found(
          managedResults === null
            ? `results are ${encryption} without a key: the AWS managed key is used`
            : 'managed results have no key: AWS owns the one that is used'
        )
      }
      return key?.manager === 'AWS' || isAwsAlias(name)
        ? found(`results are under the AWS managed key ${name}`)
        : nothing
    }
  },
  {
    ...results,
    code: 'workgroup_results_other_key',
    severity: 'high',
    elsewhere: null,
    title: 'Results are under another key than the target declares',
    why:
      'The broker grants the declared key: its sessions cannot read these results, and those ' +
      'who may use the other key can.',
    seenBy: unseen,
    find: (workgroup, view) => {
      const declared = view.targetsOf(workgroup.arn)[0]?.results.key ?? null
      const { name, key } = resultsKey(workgroup, view)
      if (declared === null || name === null || key?.manager === 'AWS' || isAwsAlias(name))
        return nothing
      return (key?.arn ?? name) === declared
        ? nothing
        : found(`results are under ${key?.arn ?? name}, the target declares ${declared}`)
    }
  },
  {
    ...results,
    code: 'workgroup_results_client_encrypted',
    severity: 'medium',
    elsewhere: null,
    title: 'Results are encrypted on the client’s side (CSE_KMS)',
    why:
      'What context such objects are encrypted under is not documented, so a grant on the key ' +
      'cannot be fenced to them; the broker refuses it.',
    seenBy: unseen,
    find: ({ managedResults, results: { encryption } }) =>
      managedResults === null && encryption === 'CSE_KMS'
        ? found('the encryption option of results is CSE_KMS')
        : nothing
  },
  {
    ...results,
    code: 'workgroup_results_elsewhere',
    severity: 'high',
    elsewhere: null,
    title: 'Results go elsewhere than the target declares',
    why:
      'The session policy allows the declared place alone: queries fail, or results lie where ' +
      'others read.',
    seenBy: unseen,
    find: ({ arn, managedResults, results: { location } }, view) => {
      const declared = view.targetsOf(arn)[0]?.results
      if (declared === undefined) return nothing
      if (declared.kind === 'managed') {
        return managedResults === null
          ? found(
              `results go to ${location ?? 'wherever the client says'}, the target declares managed results`
            )
          : nothing
      }
      const wanted = printPlace(declared.location)
      if (managedResults !== null)
        return found(`results are managed, the target declares ${wanted}`)
      return location !== null && withSlash(location) === wanted
        ? nothing
        : found(
            `results go to ${location ?? 'wherever the client says'}, the target declares ${wanted}`
          )
    }
  },
  {
    ...results,
    code: 'workgroup_results_region',
    severity: 'medium',
    elsewhere: 'medium',
    title: 'Results or their key are in another region than the workgroup',
    why:
      'SSE-KMS needs the key in the bucket’s region, and the data leaves the region it was ' +
      'classified in.',
    seenBy: unseen,
    find: (workgroup, view) => {
      const here = regionOf(workgroup.arn)
      const { key } = resultsKey(workgroup, view)
      const bucket = bucketOf(workgroup)
      const region = bucket === null ? null : (view.bucket(bucket)?.region ?? null)
      return [
        ...(key !== null && regionOf(key.arn) !== here
          ? [{ part: 'key', shows: `the workgroup is in ${here}, its key ${key.arn} is not` }]
          : []),
        ...(region !== null && region !== here
          ? [
              {
                part: 'bucket',
                shows: `the workgroup is in ${here}, the bucket ${bucket} in ${region}`
              }
            ]
          : [])
      ]
    }
  },
  {
    judges: 'workgroup',
    code: 'workgroup_bucket_owner_unchecked',
    severity: 'low',
    elsewhere: null,
    title: 'The owner of the results bucket is not checked',
    why: 'Should the bucket be deleted, whoever makes one of its name gets the next results.',
    seenBy: unseen,
    find: ({ managedResults, results: { location, expectedBucketOwner } }) =>
      managedResults === null && location !== null && expectedBucketOwner === null
        ? found(`no expected owner is set for ${location}`)
        : nothing,
    mend: (workgroup) => {
      const account = workgroup.arn.split(':')[4] ?? ''
      return settingsMend(workgroup, {
        updates: { ResultConfigurationUpdates: { ExpectedBucketOwner: account } },
        properties: { ResultConfiguration: { ExpectedBucketOwner: account } },
        body: { result_configuration: { expected_bucket_owner: account } }
      })
    }
  }
]

/** The key of results as it is written, and the facts of it where they were read. */
export const resultsKey = (
  { arn, managedResults, results: { encryption, key } }: WorkgroupFacts,
  view: View
): { readonly name: string | null; readonly key: KeyFacts | null } => {
  const used = encryption === 'SSE_KMS' || encryption === 'CSE_KMS' ? key : null
  const name = managedResults === null ? used : managedResults.key
  return { name, key: name === null ? null : view.keyNamed(name, arn) }
}

/** AWS managed keys have the aliases `aws/SERVICE`. */
export const isAwsAlias = (name: string): boolean => /(?:^|:)alias\/aws\//.test(name)

const bucketOf = ({ managedResults, results: { location } }: WorkgroupFacts): string | null =>
  managedResults === null && location !== null
    ? (/^s3:\/\/([^/]+)/.exec(location)?.[1] ?? null)
    : null

const withSlash = (location: string): string => (location.endsWith('/') ? location : `${location}/`)
