/**
 * From an access key id to who that is: a user's long-term key or a role session's temporary one.
 * Role and user are looked up now, so a role recreated under the same name does not take over the
 * sessions of the old one.
 */
import type { Caller } from './call.ts'
import type { Session, World } from './world.ts'

export type Credential = {
  readonly secretAccessKey: string
  readonly session?: Session
  readonly caller: Caller
}

/** The credential behind an access key id, or null where none is known. */
export function credentialOf(world: World, accessKeyId: string): Credential | null {
  return sessionCredential(world, accessKeyId) ?? userCredential(world, accessKeyId)
}

/** The caller that a session acts as. */
export function sessionCaller(world: World, session: Session): Caller {
  const role = world.roles.get(session.roleName)
  return {
    arn: session.arn,
    account: world.account,
    userId: `${session.roleId}:${session.sessionName}`,
    accessKeyId: session.accessKeyId,
    principal: {
      kind: 'session',
      arn: session.arn,
      roleArn: role?.arn ?? `arn:${world.partition}:iam::${world.account}:role/${session.roleName}`,
      account: world.account
    },
    ...(role?.roleId === session.roleId ? { role } : {}),
    session
  }
}

function sessionCredential(world: World, accessKeyId: string): Credential | null {
  const session = world.sessions.get(accessKeyId)
  if (session === undefined) return null
  const { secretAccessKey } = session
  return { secretAccessKey, session, caller: sessionCaller(world, session) }
}

function userCredential(world: World, accessKeyId: string): Credential | null {
  const key = world.accessKeys.get(accessKeyId)
  const user = key === undefined ? undefined : world.users.get(key.userName)
  if (key === undefined || user === undefined) return null
  const { arn, userId } = user
  return {
    secretAccessKey: key.secretAccessKey,
    caller: {
      arn,
      account: world.account,
      userId,
      accessKeyId,
      principal: { kind: 'user', arn, account: world.account },
      user
    }
  }
}
