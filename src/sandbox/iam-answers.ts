/** IAM's answers that more than one operation gives: a role, and a policy document's text. */
import type { JsonObject } from './service.ts'
import type { Role } from './world.ts'

/** As GetRole answers it. */
export function roleAnswer(role: Role): JsonObject {
  return {
    Path: role.path,
    RoleName: role.name,
    RoleId: role.roleId,
    Arn: role.arn,
    CreateDate: role.createdAt,
    AssumeRolePolicyDocument: encodePolicy(role.trust.text),
    Description: role.description,
    MaxSessionDuration: role.maxSessionSeconds,
    ...(role.boundary === undefined
      ? {}
      : {
          PermissionsBoundary: {
            PermissionsBoundaryType: 'Policy',
            PermissionsBoundaryArn: role.boundary.arn
          }
        })
  }
}

/** IAM answers policy documents percent-encoded as in RFC 3986. */
export function encodePolicy(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`
  )
}
