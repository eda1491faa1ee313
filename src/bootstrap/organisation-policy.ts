/**
 * The service control policy that keeps things as they were set up: the targets' data for their
 * roles and the producers alone, whatever other policies say; grants by the broker alone; roles,
 * keys and workgroups changed by the administrator alone. It gives nothing. Service control
 * policies do not bind the management account, service-linked roles or accounts outside the
 * organisation. Source: AWS Organizations User Guide, "Service control policies"; at most 5,120
 * characters.
 */
import type { Target } from '../elevation/target.ts'
import { keyArns, locationArns, unique, workgroupArn } from '../iam/arns.ts'
import type { PolicyDocument, Statement } from '../iam/policy-document.ts'
import type { IamResult } from '../iam/refusals.ts'
import { within } from './limits.ts'

/** Names must be safe by now. */
export const organisationPolicy = (ask: {
  readonly targets: readonly Target[]
  readonly brokerRoleArn: string
  readonly adminRoleArn: string
  readonly producerRoleArns: readonly string[]
}): IamResult<PolicyDocument> => {
  const { targets, brokerRoleArn, adminRoleArn, producerRoleArns } = ask
  const roles = unique(targets.map(({ role }) => role))
  const keys = unique(targets.flatMap(keyArns))
  const data = targets.flatMap((target) =>
    target.data.flatMap((set) => locationArns(target, set.location).slice(1))
  )
  const results = targets.flatMap((target) =>
    target.results.kind === 'bucket' ? locationArns(target, target.results.location).slice(1) : []
  )
  const boundaries = roles.map(boundaryArn)
  const document: PolicyDocument = {
    Version: '2012-10-17',
    Statement: [
      unless([...roles, ...producerRoleArns], {
        Sid: 'DataForItsRolesAlone',
        Action: 's3:GetObject*',
        Resource: unique([...data, ...results])
      }),
      ...(keys.length === 0
        ? []
        : [
            unless([brokerRoleArn], {
              Sid: 'GrantsByTheBrokerAlone',
              Action: 'kms:CreateGrant',
              Resource: keys
            }),
            unless([adminRoleArn], {
              Sid: 'KeysAsTheyAre',
              Action: [
                'kms:PutKeyPolicy',
                'kms:DisableKey',
                'kms:DisableKeyRotation',
                'kms:ScheduleKeyDeletion',
                'kms:DeleteImportedKeyMaterial'
              ],
              Resource: keys
            })
          ]),
      unless([adminRoleArn], {
        Sid: 'RolesAsTheyAre',
        Action: [
          'iam:UpdateAssumeRolePolicy',
          'iam:PutRolePermissionsBoundary',
          'iam:DeleteRolePermissionsBoundary',
          'iam:AttachRolePolicy',
          'iam:DetachRolePolicy',
          'iam:UpdateRole',
          'iam:DeleteRole'
        ],
        Resource: [...roles, brokerRoleArn]
      }),
      unless([adminRoleArn, brokerRoleArn], {
        Sid: 'DeniesByTheBroker',
        Action: ['iam:PutRolePolicy', 'iam:DeleteRolePolicy'],
        Resource: [...roles, brokerRoleArn]
      }),
      unless([adminRoleArn], {
        Sid: 'BoundariesAsTheyAre',
        Action: ['iam:CreatePolicyVersion', 'iam:SetDefaultPolicyVersion', 'iam:DeletePolicy'],
        Resource: boundaries
      }),
      unless([adminRoleArn], {
        Sid: 'WorkgroupsAsTheyAre',
        Action: ['athena:UpdateWorkGroup', 'athena:DeleteWorkGroup'],
        Resource: unique(targets.map(workgroupArn))
      })
    ]
  }
  return within(5120, document, 'the service control policy')
}

/** The managed policy that is the boundary of a role: its name with `-boundary`. */
export const boundaryArn = (role: string): string =>
  `${role.slice(0, role.indexOf(':role/'))}:policy/${role.split('/').at(-1) ?? ''}-boundary`

const unless = (
  roles: readonly string[],
  what: Pick<Statement, 'Action' | 'Resource'> & { readonly Sid: string }
): Statement => ({
  Sid: what.Sid,
  Effect: 'Deny',
  ...(what.Action === undefined ? {} : { Action: what.Action }),
  ...(what.Resource === undefined ? {} : { Resource: what.Resource }),
  Condition: { ArnNotLike: { 'aws:PrincipalArn': unique(roles) } }
})
