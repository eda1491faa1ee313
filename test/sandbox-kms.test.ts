/**
 * The sandbox's KMS over the wire with the real SDK: encryption under contexts, grants with their
 * names, tokens, pages and ends, and the fence that the broker's own policies put around grants.
 */
import {
  CreateGrantCommand,
  DecryptCommand,
  DescribeKeyCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  GetKeyPolicyCommand,
  GetKeyRotationStatusCommand,
  ListGrantsCommand,
  ListResourceTagsCommand,
  ListRetirableGrantsCommand,
  RetireGrantCommand,
  RevokeGrantCommand
} from '@aws-sdk/client-kms'
import type { CreateGrantCommandInput, GrantOperation } from '@aws-sdk/client-kms'
import fc from 'fast-check'
import t from 'tap'
import { seal, unseal } from '../src/sandbox/kms-blob.ts'
import { startSandbox } from '../src/sandbox/main.ts'
import { KEY_IDS, keyArn } from '../src/sandbox/names.ts'
import type { KmsKey } from '../src/sandbox/world.ts'
import { clientsFor, codeOf } from './fixtures-sandbox.ts'
import { openKey, openRole, sessionOf } from './fixtures-wire.ts'

const sandbox = await startSandbox({ clockControl: false, seed: false })
t.teardown(() => sandbox.close())
const { world, keys } = sandbox
const broker = clientsFor(sandbox, keys.broker)
const admin = clientsFor(sandbox, keys.admin)
const reader = openRole(world, 'reader', [])
const one = clientsFor(sandbox, sessionOf(world, reader, 'jit-one'))
const two = clientsFor(sandbox, sessionOf(world, reader, 'jit-two'))
t.teardown(() => [broker, admin, one, two].forEach((clients) => clients.destroy()))

const context = { 'aws:s3:arn': 'arn:aws:s3:::acme-claims' }
const sessionOne = 'arn:aws:sts::123456789012:assumed-role/reader/jit-one'
const brokerRole = 'arn:aws:iam::123456789012:role/sallyport-broker'
const plain = Buffer.from('rows')

const sealed = async (key: KmsKey, EncryptionContext: Record<string, string> = context) => {
  const input = { KeyId: key.arn, Plaintext: plain, EncryptionContext }
  const { CiphertextBlob } = await admin.kms.send(new EncryptCommand(input))
  return CiphertextBlob ?? new Uint8Array()
}

t.test('what is encrypted under a context is decrypted only under the same one', async (t) => {
  const key = openKey(world)
  const CiphertextBlob = await sealed(key)
  const opened = await admin.kms.send(
    new DecryptCommand({ CiphertextBlob, EncryptionContext: context })
  )
  t.equal(Buffer.from(opened.Plaintext ?? []).toString(), 'rows')
  t.equal(opened.KeyId, key.arn)
  const made = await admin.kms.send(
    new GenerateDataKeyCommand({ KeyId: key.keyId, KeySpec: 'AES_256' })
  )
  t.equal(made.Plaintext?.length, 32)
  const unlocked = await admin.kms.send(new DecryptCommand({ CiphertextBlob: made.CiphertextBlob }))
  t.same(unlocked.Plaintext, made.Plaintext)
  const other = { ...context, x: 'y' }
  const rows = [
    ['no context', { CiphertextBlob }, 'InvalidCiphertextException'],
    ['a wider context', { CiphertextBlob, EncryptionContext: other }, 'InvalidCiphertextException'],
    ['a blob of no key', { CiphertextBlob: Buffer.alloc(60) }, 'InvalidCiphertextException'],
    [
      'another key named',
      { CiphertextBlob, EncryptionContext: context, KeyId: openKey(world).arn },
      'IncorrectKeyException'
    ],
    [
      'as a dry run',
      { CiphertextBlob, EncryptionContext: context, DryRun: true },
      'DryRunOperationException'
    ]
  ] as const
  for (const [sentence, input, code] of rows) {
    t.equal(await codeOf(admin.kms.send(new DecryptCommand(input))), code, sentence)
  }
  const stranger = one.kms.send(new DecryptCommand({ CiphertextBlob }))
  t.equal(await codeOf(stranger), 'AccessDeniedException')
})

t.test('no changed byte and no changed context opens a blob', (t) => {
  const key = openKey(world)
  const blob = seal(key, plain, context)
  fc.assert(
    fc.property(fc.nat(blob.length - 1), fc.integer({ min: 1, max: 255 }), (at, mask) => {
      const changed = Buffer.from(blob)
      changed[at] = (changed[at] ?? 0) ^ mask
      t.throws(() => unseal(key, changed, context))
    }),
    { numRuns: 60 }
  )
  t.throws(() => unseal(key, blob, { 'aws:s3:arn': 'arn:aws:s3:::acme-claims/' }))
  t.ok(unseal(key, blob, context).equals(plain))
  t.end()
})

t.test('keys say what they are, and work only while enabled', async (t) => {
  const key = openKey(world)
  const KeyId = key.keyId
  const { KeyMetadata } = await admin.kms.send(new DescribeKeyCommand({ KeyId }))
  t.match(KeyMetadata, { Arn: key.arn, KeyManager: 'CUSTOMER', KeyState: 'Enabled' })
  const { Policy = '' } = await admin.kms.send(new GetKeyPolicyCommand({ KeyId }))
  t.same(JSON.parse(Policy), key.policy.document)
  const rotation = await admin.kms.send(new GetKeyRotationStatusCommand({ KeyId }))
  t.equal(rotation.KeyRotationEnabled, false)
  const { Tags } = await admin.kms.send(new ListResourceTagsCommand({ KeyId }))
  t.same(Tags, [{ TagKey: 'jit:workgroup', TagValue: 'claims-pii' }])
  const rows = [
    ['unknown id', 'nothing', 'NotFoundException'],
    ['unknown key', keyArn('1a2b3c4d-0001-4000-8000-00000000000f'), 'NotFoundException'],
    ['another account', key.arn.replace('123456789012', '210987654321'), 'NotFoundException'],
    ['no key', 'arn:aws:kms:eu-west-1:123456789012:alias/x', 'InvalidArnException']
  ] as const
  for (const [sentence, id, code] of rows) {
    t.equal(await codeOf(admin.kms.send(new DescribeKeyCommand({ KeyId: id }))), code, sentence)
  }
  const CiphertextBlob = await sealed(key)
  key.state = 'Disabled'
  const input = { CiphertextBlob, EncryptionContext: context }
  t.equal(await codeOf(admin.kms.send(new DecryptCommand(input))), 'DisabledException')
  key.state = 'PendingDeletion'
  t.equal(await codeOf(admin.kms.send(new DecryptCommand(input))), 'KMSInvalidStateException')
})

t.test('a grant gives its session Decrypt under its constraint, until it ends', async (t) => {
  const key = openKey(world)
  const CiphertextBlob = await sealed(key)
  const decrypt = { CiphertextBlob, EncryptionContext: context }
  const ask = (part: Partial<CreateGrantCommandInput>): CreateGrantCommandInput => ({
    KeyId: key.arn,
    GranteePrincipal: sessionOne,
    Operations: ['Decrypt'],
    ...part
  })
  t.equal(await codeOf(one.kms.send(new DecryptCommand(decrypt))), 'AccessDeniedException')
  const equals = { Constraints: { EncryptionContextEquals: context } }
  const { GrantId } = await admin.kms.send(new CreateGrantCommand(ask(equals)))
  t.equal(await codeOf(one.kms.send(new DecryptCommand(decrypt))), 'ok')
  t.equal(await codeOf(two.kms.send(new DecryptCommand(decrypt))), 'AccessDeniedException')
  const again = new EncryptCommand({ KeyId: key.arn, Plaintext: plain, EncryptionContext: context })
  t.equal(await codeOf(one.kms.send(again)), 'AccessDeniedException', 'Decrypt is not Encrypt')
  const wider = { ...context, x: 'y' }
  const wide = { CiphertextBlob: await sealed(key, wider), EncryptionContext: wider }
  t.equal(await codeOf(one.kms.send(new DecryptCommand(wide))), 'AccessDeniedException')
  const subset = { Constraints: { EncryptionContextSubset: context } }
  await admin.kms.send(new CreateGrantCommand(ask(subset)))
  t.equal(await codeOf(one.kms.send(new DecryptCommand(wide))), 'ok')
  await admin.kms.send(new RevokeGrantCommand({ KeyId: key.arn, GrantId }))
  const { Grants } = await admin.kms.send(new ListGrantsCommand({ KeyId: key.arn }))
  t.equal(Grants?.length, 1)
  const revoked = new RevokeGrantCommand({ KeyId: key.arn, GrantId })
  t.equal(await codeOf(admin.kms.send(revoked)), 'NotFoundException')
  const odd = new RevokeGrantCommand({ KeyId: key.arn, GrantId: 'x' })
  t.equal(await codeOf(admin.kms.send(odd)), 'InvalidGrantIdException')
})

t.test('a recreated role inherits no grant, and the list shows the old id', async (t) => {
  const key = openKey(world)
  const CiphertextBlob = await sealed(key)
  const role = openRole(world, 'short-lived', [])
  const GranteePrincipal = 'arn:aws:sts::123456789012:assumed-role/short-lived/jit-one'
  const grant = { KeyId: key.arn, GranteePrincipal, Operations: ['Decrypt'] as GrantOperation[] }
  await admin.kms.send(new CreateGrantCommand(grant))
  const newer = clientsFor(sandbox, sessionOf(world, openRole(world, 'short-lived', []), 'jit-one'))
  t.teardown(() => newer.destroy())
  const decrypt = new DecryptCommand({ CiphertextBlob, EncryptionContext: context })
  t.equal(await codeOf(newer.kms.send(decrypt)), 'AccessDeniedException')
  const { Grants } = await admin.kms.send(new ListGrantsCommand({ KeyId: key.arn }))
  t.equal(Grants?.[0]?.GranteePrincipal, `${role.roleId}:jit-one`)
})

t.test('same name and parameters are one grant with new tokens, others a second', async (t) => {
  const key = openKey(world)
  const ask: CreateGrantCommandInput = {
    KeyId: key.arn,
    GranteePrincipal: sessionOne,
    RetiringPrincipal: brokerRole,
    Operations: ['Decrypt', 'DescribeKey'],
    Constraints: { EncryptionContextEquals: context },
    Name: 'jit/01JD/data'
  }
  const first = await admin.kms.send(new CreateGrantCommand(ask))
  const same = await admin.kms.send(
    new CreateGrantCommand({ ...ask, KeyId: key.keyId, Operations: ['DescribeKey', 'Decrypt'] })
  )
  t.equal(same.GrantId, first.GrantId)
  t.not(same.GrantToken, first.GrantToken)
  const others: readonly Partial<CreateGrantCommandInput>[] = [
    { Operations: ['Decrypt'] },
    { Constraints: { EncryptionContextSubset: context } },
    { GranteePrincipal: sessionOne.replace('one', 'two') },
    { RetiringPrincipal: reader.arn },
    { Name: 'jit/01JD/results' }
  ]
  for (const part of others) {
    const other = await admin.kms.send(new CreateGrantCommand({ ...ask, ...part }))
    t.not(other.GrantId, first.GrantId)
  }
  const nameless = { KeyId: key.arn, GranteePrincipal: sessionOne, Operations: ask.Operations }
  const [a, b] = [new CreateGrantCommand(nameless), new CreateGrantCommand(nameless)]
  t.not((await admin.kms.send(a)).GrantId, (await admin.kms.send(b)).GrantId)
  t.equal([...world.grants.values()].filter((grant) => grant.keyId === key.keyId).length, 8)
})

t.test('CreateGrant refuses what AWS refuses, and a dry run leaves nothing', async (t) => {
  const key = openKey(world)
  const nine = Object.fromEntries(Array.from({ length: 9 }, (_, at) => [`k${at}`, 'v']))
  const rows: readonly (readonly [string, Partial<CreateGrantCommandInput>, string])[] = [
    ['a name with a dot', { Name: 'jit.x' }, 'ValidationException'],
    ['no operation', { Operations: [] }, 'ValidationException'],
    ['an operation of other keys', { Operations: ['Sign'] }, 'ValidationException'],
    ['no grantee', { GranteePrincipal: undefined }, 'ValidationException'],
    [
      'two kinds of grantee',
      { GranteeServicePrincipal: 's3.amazonaws.com' },
      'ValidationException'
    ],
    [
      'a service without source',
      { GranteePrincipal: undefined, GranteeServicePrincipal: 's3.amazonaws.com' },
      'ValidationException'
    ],
    ['nine pairs', { Constraints: { EncryptionContextEquals: nine } }, 'ValidationException'],
    ['no pairs', { Constraints: { EncryptionContextSubset: {} } }, 'ValidationException'],
    [
      '385 characters',
      { Constraints: { EncryptionContextEquals: { k: 'v'.repeat(384) } } },
      'ValidationException'
    ],
    [
      'both constraints',
      { Constraints: { EncryptionContextEquals: context, EncryptionContextSubset: context } },
      'ValidationException'
    ],
    ['a role that is not there', { GranteePrincipal: `${reader.arn}s` }, 'InvalidArnException'],
    [
      'a session of no role',
      { GranteePrincipal: sessionOne.replace('reader', 'readers') },
      'InvalidArnException'
    ],
    ['a group', { GranteePrincipal: reader.arn.replace('role', 'group') }, 'InvalidArnException'],
    ['an unknown retirer', { RetiringPrincipal: `${brokerRole}s` }, 'InvalidArnException'],
    ['a dry run', { DryRun: true }, 'DryRunOperationException']
  ]
  const ask = { KeyId: key.arn, GranteePrincipal: sessionOne, Operations: ['Decrypt'] as const }
  for (const [sentence, part, code] of rows) {
    const input = { ...ask, Operations: [...ask.Operations], ...part }
    t.equal(await codeOf(admin.kms.send(new CreateGrantCommand(input))), code, sentence)
  }
  t.notOk([...world.grants.values()].some((grant) => grant.keyId === key.keyId))
})

t.test('lists come in pages that show every grant once', async (t) => {
  const key = openKey(world)
  for (let count = 0; count < 7; count++) {
    const name = { Name: `jit/${count}/data`, RetiringPrincipal: brokerRole }
    const ask = { KeyId: key.arn, GranteePrincipal: sessionOne, ...name }
    await admin.kms.send(new CreateGrantCommand({ ...ask, Operations: ['Decrypt'] }))
  }
  const all = [...world.grants.values()].filter((grant) => grant.keyId === key.keyId)
  for (const Limit of [1, 3, 7, 100]) {
    const names: (string | undefined)[] = []
    let Marker: string | undefined
    do {
      const input = { KeyId: key.arn, Limit, ...(Marker === undefined ? {} : { Marker }) }
      const page = await admin.kms.send(new ListGrantsCommand(input))
      t.ok((page.Grants?.length ?? 0) <= Limit)
      names.push(...(page.Grants ?? []).map((grant) => grant.Name))
      Marker = page.NextMarker
    } while (Marker !== undefined)
    t.same(names, all.map((grant) => grant.name))
  }
  const [first] = all
  const filter = { KeyId: key.arn, GrantId: first?.grantId }
  const { Grants } = await admin.kms.send(new ListGrantsCommand(filter))
  t.match(Grants, [{ GrantId: first?.grantId, CreationDate: Date, Operations: ['Decrypt'] }])
  const retirable = new ListRetirableGrantsCommand({ RetiringPrincipal: brokerRole, Limit: 100 })
  const mine = (await broker.kms.send(retirable)).Grants ?? []
  t.ok(all.every((grant) => mine.some((one) => one.GrantId === grant.grantId)))
  const odd = new ListGrantsCommand({ KeyId: key.arn, Marker: 'x' })
  t.equal(await codeOf(admin.kms.send(odd)), 'InvalidMarkerException')
  const many = new ListGrantsCommand({ KeyId: key.arn, Limit: 101 })
  t.equal(await codeOf(admin.kms.send(many)), 'ValidationException')
})

t.test('the retiring principal retires by token or by id; nobody else does', async (t) => {
  const key = openKey(world)
  const grant = async (Operations: GrantOperation[]) => {
    const ask = { KeyId: key.arn, GranteePrincipal: sessionOne, RetiringPrincipal: brokerRole }
    return admin.kms.send(new CreateGrantCommand({ ...ask, Operations }))
  }
  const byToken = await grant(['Decrypt'])
  const byId = await grant(['Decrypt'])
  const byGrantee = await grant(['Decrypt', 'RetireGrant'])
  const token = { GrantToken: byToken.GrantToken }
  const id = { KeyId: key.arn, GrantId: byId.GrantId }
  const own = { GrantToken: byGrantee.GrantToken }
  const rows = [
    ['another session', two, token, 'AccessDeniedException'],
    ['the grantee without leave', one, token, 'AccessDeniedException'],
    ['the grantee with leave', one, own, 'ok'],
    ['the broker, dry', broker, { ...token, DryRun: true }, 'DryRunOperationException'],
    ['the broker by token', broker, token, 'ok'],
    ['the broker by token, again', broker, token, 'NotFoundException'],
    ['the broker by key and id', broker, id, 'ok'],
    ['the broker by key and id, again', broker, id, 'NotFoundException'],
    ['an unknown token', broker, { GrantToken: 'x' }, 'InvalidGrantTokenException'],
    ['token and id', broker, { ...token, ...id }, 'ValidationException'],
    ['nothing', broker, {}, 'ValidationException']
  ] as const
  for (const [sentence, who, input, code] of rows) {
    t.equal(await codeOf(who.kms.send(new RetireGrantCommand(input))), code, sentence)
  }
  t.notOk([...world.grants.values()].some((one) => one.keyId === key.keyId))
  const retired = world.events.all().filter((event) => event.eventName === 'RetireGrant')
  t.ok(retired.some((event) => event.additionalEventData?.grantId === byToken.GrantId))
  const text = JSON.stringify(world.events.all())
  t.notOk(text.includes(byToken.GrantToken ?? '?'), 'no grant token in the log')
  t.match(world.events.all().findLast((event) => event.eventName === 'CreateGrant'), {
    requestParameters: { granteePrincipal: sessionOne, retiringPrincipal: brokerRole },
    responseElements: { grantId: byGrantee.GrantId },
    readOnly: false
  })
})

t.test('the broker may make only Decrypt grants for JIT sessions that it can retire', async (t) => {
  const KeyId = keyArn(KEY_IDS.claimsData)
  const session = 'arn:aws:sts::123456789012:assumed-role/sallyport-claims/jit-01JD'
  const fine: CreateGrantCommandInput = {
    KeyId,
    GranteePrincipal: session,
    RetiringPrincipal: brokerRole,
    Operations: ['Decrypt'],
    Constraints: { EncryptionContextEquals: context },
    Name: 'jit/01JD/data'
  }
  const jitRole = 'arn:aws:iam::123456789012:role/sallyport-claims'
  const otherName = session.replace('jit-', 'x-')
  const foreign = session.replace('123456789012', '210987654321')
  const service: Partial<CreateGrantCommandInput> = {
    GranteePrincipal: undefined,
    GranteeServicePrincipal: 's3.amazonaws.com',
    Constraints: { SourceArn: 'arn:aws:s3:::acme-claims' }
  }
  const rows: readonly (readonly [string, Partial<CreateGrantCommandInput>, string])[] = [
    ['as intended', {}, 'ok'],
    ['more operations', { Operations: ['Decrypt', 'GenerateDataKey'] }, 'AccessDeniedException'],
    ['CreateGrant', { Operations: ['CreateGrant'] }, 'AccessDeniedException'],
    ['no operations', { Operations: undefined }, 'ValidationException'],
    ['to a role', { GranteePrincipal: reader.arn }, 'AccessDeniedException'],
    ['to the JIT role itself', { GranteePrincipal: jitRole }, 'AccessDeniedException'],
    ['to itself', { GranteePrincipal: brokerRole }, 'AccessDeniedException'],
    ['to another account', { GranteePrincipal: foreign }, 'AccessDeniedException'],
    ['to a session of another name', { GranteePrincipal: otherName }, 'AccessDeniedException'],
    ['to a service', service, 'AccessDeniedException'],
    ['without retiring principal', { RetiringPrincipal: undefined }, 'AccessDeniedException'],
    ['with another', { RetiringPrincipal: reader.arn }, 'AccessDeniedException'],
    ['on an unrelated key', { KeyId: openKey(world).arn }, 'AccessDeniedException']
  ]
  for (const [sentence, part, code] of rows) {
    const input = { ...fine, ...part }
    t.equal(await codeOf(broker.kms.send(new CreateGrantCommand(input))), code, sentence)
  }
  const data = new GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256', EncryptionContext: context })
  t.equal(await codeOf(broker.kms.send(data)), 'AccessDeniedException', 'it never touches data')
  t.equal(await codeOf(admin.kms.send(data)), 'AccessDeniedException', 'nor does an administrator')
  const jit = clientsFor(sandbox, sessionOf(world, openSeeded('sallyport-claims'), 'jit-01JD'))
  t.teardown(() => jit.destroy())
  const claimsKey = world.keys.get(KEY_IDS.claimsData)
  if (claimsKey === undefined) throw new Error('the key is seeded')
  const CiphertextBlob = seal(claimsKey, plain, context)
  const direct = new DecryptCommand({ CiphertextBlob, EncryptionContext: context })
  t.equal(await codeOf(jit.kms.send(direct)), 'AccessDeniedException', 'not directly, grant or not')
})

function openSeeded(name: string) {
  const role = world.roles.get(name)
  if (role === undefined) throw new Error(`${name} is seeded`)
  return role
}
