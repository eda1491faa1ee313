/**
 * Signed requests by hand, so that a test can spoil them before they are sent, and the parts of a
 * sandbox's world that a test adds: open roles, open keys, sessions.
 */
import { createHash, createHmac, randomBytes, randomUUID } from 'node:crypto'
import { request as httpRequest } from 'node:http'
import type { PolicyDocument } from '../src/iam/policy-document.ts'
import { storedPolicy } from '../src/sandbox/policy-text.ts'
import { openSession } from '../src/sandbox/sessions.ts'
import type { KmsKey, Role, World } from '../src/sandbox/world.ts'
import type { Credentials } from './fixtures-sandbox.ts'

export type Wire = {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export type WireAnswer = {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
  /** `__type` or `<Code>` of an error, `ok` otherwise */
  readonly code: string
}

/** One AWS Signature Version 4, written out: nothing of the sandbox's own verifier is used. */
export function sign(
  wire: Wire,
  by: Credentials,
  scope: { readonly service: string; readonly region?: string; readonly at?: Date }
): Wire {
  const { service, region = 'eu-west-1', at = new Date() } = scope
  const stamp = at.toISOString().replace(/[-:]|\.\d+/g, '')
  const day = stamp.slice(0, 8)
  const headers: Record<string, string> = {
    ...wire.headers,
    'x-amz-date': stamp,
    ...(by.sessionToken === undefined ? {} : { 'x-amz-security-token': by.sessionToken }),
    ...(service === 's3' ? { 'x-amz-content-sha256': sha256(wire.body) } : {})
  }
  const names = Object.keys(headers).toSorted()
  const [path = '', query = ''] = wire.path.split('?')
  const canonical = [
    wire.method,
    path,
    query,
    ...names.map((name) => `${name}:${headers[name]}`),
    '',
    names.join(';'),
    sha256(wire.body)
  ].join('\n')
  const credential = `${day}/${region}/${service}/aws4_request`
  const key = [day, region, service, 'aws4_request'].reduce<Buffer | string>(
    (last, part) => createHmac('sha256', last).update(part).digest(),
    `AWS4${by.secretAccessKey}`
  )
  const text = ['AWS4-HMAC-SHA256', stamp, credential, sha256(canonical)].join('\n')
  const signature = createHmac('sha256', key).update(text).digest('hex')
  const authorization =
    `AWS4-HMAC-SHA256 Credential=${by.accessKeyId}/${credential}, ` +
    `SignedHeaders=${names.join(';')}, Signature=${signature}`
  return { ...wire, headers: { ...headers, authorization } }
}

/** Sends it as it is; `extra` headers are added as they are, also repeated ones. */
export function send(
  endpoint: string,
  wire: Wire,
  extra: readonly (readonly [string, string])[] = []
): Promise<WireAnswer> {
  const { hostname, port } = new URL(endpoint)
  return new Promise((resolve, reject) => {
    const out = httpRequest({
      hostname,
      port,
      method: wire.method,
      path: wire.path,
      headers: [...Object.entries(wire.headers), ...extra].flat(),
      agent: false
    })
    out.on('error', reject)
    out.on('response', (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString()
        const [, json, xml] = /"__type":"([^"]+)"|<Code>([^<]+)</.exec(text) ?? []
        const { headers, statusCode = 0 } = response
        resolve({ status: statusCode, headers, text, code: json ?? xml ?? 'ok' })
      })
    })
    out.end(wire.body)
  })
}

/** A call of each protocol that anyone with valid credentials gets past the signature. */
export const plainCalls = (endpoint: string) => {
  const { host } = new URL(endpoint)
  const form = 'application/x-www-form-urlencoded'
  return {
    sts: {
      method: 'POST',
      path: '/',
      headers: { host, 'content-type': form, 'content-length': '43' },
      body: 'Action=GetCallerIdentity&Version=2011-06-15'
    },
    kms: {
      method: 'POST',
      path: '/',
      headers: {
        host,
        'content-type': 'application/x-amz-json-1.1',
        'content-length': '2',
        'x-amz-target': 'TrentService.ListRetirableGrants'
      },
      body: '{}'
    },
    s3: { method: 'GET', path: '/acme-claims/none', headers: { host }, body: '' }
  } as const satisfies Record<string, Wire>
}

const everything = { Effect: 'Allow', Action: '*', Resource: '*' } as const

/** A role that every principal of the account may assume and that may do what no key closes. */
export function openRole(world: World, name: string, policies: readonly PolicyDocument[]): Role {
  const trust = [
    'arn:aws:iam::123456789012:user/sandbox-admin',
    ...[...world.roles.values()].map((role) => role.arn)
  ]
  const role: Role = {
    name,
    path: '/',
    roleId: `AROA${randomBytes(9).toString('hex').slice(0, 17).toUpperCase()}`,
    arn: `arn:aws:iam::123456789012:role/${name}`,
    trust: storedPolicy({
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Principal: { AWS: trust }, Action: 'sts:*' }]
    }),
    policies: new Map(policies.map((policy, at) => [`Policy${at}`, storedPolicy(policy)])),
    maxSessionSeconds: 7200,
    createdAt: world.clock.now()
  }
  world.roles.set(name, role)
  return role
}

export const anything: PolicyDocument = { Version: '2012-10-17', Statement: [everything] }

/** A key on which the administrator's user may do everything, and grants may do what they say. */
export function openKey(world: World): KmsKey {
  const keyId = randomUUID()
  const admin = { Principal: { AWS: 'arn:aws:iam::123456789012:user/sandbox-admin' } }
  const key: KmsKey = {
    keyId,
    arn: `arn:aws:kms:eu-west-1:123456789012:key/${keyId}`,
    description: 'made by a test',
    material: randomBytes(32),
    policy: storedPolicy({ Version: '2012-10-17', Statement: [{ ...everything, ...admin }] }),
    rotationEnabled: false,
    tags: { 'jit:workgroup': 'claims-pii' },
    createdAt: world.clock.now(),
    state: 'Enabled'
  }
  world.keys.set(keyId, key)
  return key
}

/** Credentials of a session of the role, valid for 15 minutes of the sandbox's clock. */
export const sessionOf = (world: World, role: Role, sessionName: string): Credentials =>
  openSession(world, {
    role,
    sessionName,
    seconds: 900,
    now: world.clock.now(),
    tags: {},
    transitiveTagKeys: []
  })

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')
