/**
 * The codes of findings, once and for ever: posture's rules and `reconcile` find them, waivers name
 * them. A code is here so that a waiver for one that does not exist is an issue of the policy.
 */
export const findingCodes = [
  // workgroups
  'workgroup_results_unencrypted',
  'workgroup_results_sse_s3',
  'workgroup_results_aws_key',
  'workgroup_results_other_key',
  'workgroup_results_client_encrypted',
  'workgroup_results_elsewhere',
  'workgroup_results_region',
  'workgroup_not_enforced',
  'workgroup_bucket_owner_unchecked',
  'workgroup_spark',
  'workgroup_identity_center',
  'workgroup_execution_role',
  'workgroup_no_scan_limit',
  'workgroup_scan_limit_too_high',
  'workgroup_result_reuse',
  'workgroup_no_metrics',
  'workgroup_disabled',
  'workgroup_tag_missing',
  'workgroup_unused',
  'workgroup_undeclared',
  // keys
  'key_aws_managed',
  'key_disabled',
  'key_pending_deletion',
  'key_material_expiring',
  'key_of_wrong_kind',
  'key_multi_region',
  'key_rotation_off',
  'key_rotation_slow',
  'key_alias_form',
  'key_tag_missing',
  'key_shared',
  'key_mixed_classifications',
  // key policies
  'key_policy_wildcard',
  'key_policy_root_delegation',
  'key_policy_cross_account',
  'key_policy_full_control',
  'key_policy_admin_decrypts',
  'key_policy_unfenced_grants',
  'key_policy_decrypt',
  // grants
  'grant_orphaned',
  'grant_too_wide',
  'grant_outside_broker',
  'grant_cross_account',
  'grant_unconstrained',
  'grants_near_quota',
  'grant_would_fail',
  // roles
  'role_decrypts',
  'role_trust_wide',
  'role_trust_unfenced',
  'role_no_boundary',
  'role_long_sessions',
  // places of data
  'bucket_not_customer_key',
  'bucket_other_key',
  'bucket_key_off',
  'bucket_region',
  'bucket_policy_wildcard',
  'table_elsewhere',
  // what could not be seen
  'policy_not_evaluated',
  'facts_missing',
  'target_not_found'
] as const

/** What `reconcile` finds: facts of use, which no rule judges and no gate asks about. */
export const useCodes = [
  'use_unmatched',
  'use_after_end',
  'query_not_validated',
  'grant_unused',
  'session_unused'
] as const

export type UseCode = (typeof useCodes)[number]
export type FindingCode = (typeof findingCodes)[number] | UseCode

/** How bad a finding is, the worst first. */
export const severities = ['critical', 'high', 'medium', 'low'] as const
export type Severity = (typeof severities)[number]
