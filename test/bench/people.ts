/**
 * Who asks in the bench: an issuer of its own and a policy with many analysts, so that no figure is
 * one person's, whose asks would be counted together and wait for each other.
 */
import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { basename, join } from 'node:path'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'

export type BenchPeople = {
  readonly issuer: string
  /** the folder of the policy that knows them */
  readonly policies: string
  /** tokens of people who may ask for claims-pii */
  readonly analysts: readonly string[]
  /** the token of one who may approve */
  readonly approver: string
  readonly close: () => void
}

export type Crowd = {
  /** default: 960 */
  readonly analysts?: number
  /** whether they may also ask for payments-pii, whose queries go through the broker */
  readonly isQuerying?: boolean
}

/** Writes the policy below `folder`, starts the issuer and signs one token for each person. */
export const benchPeople = async (
  examples: string,
  folder: string,
  { analysts = 960, isQuerying = false }: Crowd = {}
): Promise<BenchPeople> => {
  const ids = Array.from({ length: analysts }, (_, n) => `analyst-${n}`)
  const policies = join(folder, 'policies')
  mkdirSync(policies)
  const files = ['targets/claims-pii.yaml', ...(isQuerying ? querying : [])]
  for (const file of files) cpSync(join(examples, file), join(policies, basename(file)))
  const rules = isQuerying ? queryingRule : ''
  writeFileSync(join(policies, 'organisation.yaml'), `${organisation(ids)}${rules}`)

  const { privateKey, publicKey } = await generateKeyPair('ES256')
  const key = { ...(await exportJWK(publicKey)), kid: 'bench', alg: 'ES256' }
  const server = createServer(({ url }, response) => {
    const document = url === '/jwks' ? { keys: [key] } : { issuer, jwks_uri: `${issuer}/jwks` }
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify(document))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the issuer has no port')
  const issuer = `http://127.0.0.1:${address.port}`
  const signedInAt = Math.floor(Date.now() / 1000)
  const tokenOf = (person: string): Promise<string> =>
    new SignJWT({ acr: 'urn:bench:loa:2', amr: ['pwd', 'otp'], auth_time: signedInAt })
      .setProtectedHeader({ alg: 'ES256', kid: 'bench', typ: 'at+jwt' })
      .setIssuer(issuer)
      .setSubject(person)
      .setAudience('sallyport')
      .setIssuedAt(signedInAt)
      .setExpirationTime(signedInAt + 7200)
      .sign(privateKey)
  return {
    issuer,
    policies,
    analysts: await Promise.all(ids.map(tokenOf)),
    approver: await tokenOf('bob'),
    close: () => server.close()
  }
}

const organisation = (ids: readonly string[]): string => `groups:
  - id: analysts
  - id: privacy
  - id: claims-data
people:
  - { id: bob, groups: [privacy] }
  - { id: carol, groups: [claims-data] }
${ids.map((id) => `  - { id: ${id}, groups: [analysts] }\n`).join('')}rules:
  - id: claims-investigation
    targets: [claims-pii]
    requesters: [group:analysts]
    maxDuration: 4h
    activateWithin: 8h
    mode: credentials
    require: { reason: { minLength: 15 }, ticket: "CLM-<digits>" }
    caps: { pending: 1000, active: 1000 }
    approval: { from: [group:privacy, group:claims-data], quorum: 1, within: 2h }
`

const querying = ['targets/payments-pii.yaml', 'guardrails/pii-standard.yaml']

const queryingRule = `  - id: payments-review
    targets: [payments-pii]
    requesters: [group:analysts]
    maxDuration: 1h
    activateWithin: 4h
    mode: brokered
    require: { reason: { minLength: 15 }, ticket: "CLM-<digits>" }
    caps: { pending: 1000, active: 1000 }
    approval: { from: [group:privacy], quorum: 1, within: 2h }
    guardrail: pii-standard
`
