/**
 * The signed log as files, for auditors: `/v1/ledger/checkpoint` and `/v1/ledger/tile/…` are laid
 * out as C2SP tlog-tiles wants them under one prefix, `/v1/ledger/proof/{id}` is one C2SP
 * tlog-proof file, `/v1/ledger/key` the verifier key. What does not exist is 404, and no attempt.
 */
import type { FastifyReply } from 'fastify'
import { Type } from 'typebox'
import type { Result } from '../elevation/refusal.ts'
import { personOf } from './access.ts'
import { LogFileParams, ProofParams } from './documents.ts'
import { refusalProblem, sendProblem } from './problem.ts'
import type { RouteParts } from './route.ts'

const plainText = 'text/plain; charset=utf-8'
const anyBytes = 'application/octet-stream'

export const logRoutes = ({ app, broker }: RouteParts): void => {
  app.get(
    '/v1/ledger/key',
    {
      config: { access: 'person', verb: 'logKey' },
      schema: {
        summary: 'The verifier key of the checkpoints, C2SP signed-note',
        response: { 200: fileSchema('one line', plainText) }
      }
    },
    async (request, reply) => {
      const key = await broker.logKey(personOf(request))
      return sendFile(
        reply,
        key.ok ? { ...key, value: Buffer.from(`${key.value}\n`) } : key,
        plainText
      )
    }
  )

  app.get(
    '/v1/ledger/checkpoint',
    {
      config: { access: 'person', verb: 'checkpoint' },
      schema: {
        summary: 'The latest signed checkpoint, C2SP tlog-checkpoint',
        response: { 200: fileSchema('a signed note', plainText) }
      }
    },
    async (request, reply) => sendFile(reply, await broker.checkpoint(personOf(request)), plainText)
  )

  app.get(
    '/v1/ledger/tile/*',
    {
      config: { access: 'person', verb: 'logFile' },
      schema: {
        summary: 'A tile of hashes or a bundle of entries, C2SP tlog-tiles',
        params: LogFileParams,
        response: { 200: fileSchema('hashes, or entries after their lengths', anyBytes) }
      }
    },
    async (request, reply) => {
      const path = `tile/${request.params['*']}`
      return sendFile(reply, await broker.logFile(personOf(request), path), anyBytes)
    }
  )

  app.get(
    '/v1/ledger/proof/:id',
    {
      config: { access: 'person', verb: 'proof' },
      schema: {
        summary: 'Proof of an entry, or of the last of an elevation, C2SP tlog-proof',
        params: ProofParams,
        response: { 200: fileSchema('index, path, entry and checkpoint', plainText) }
      }
    },
    async (request, reply) =>
      sendFile(reply, await broker.proof(personOf(request), request.params.id), plainText)
  )
}

const sendFile = (
  reply: FastifyReply,
  result: Result<Uint8Array | null>,
  type: string
): FastifyReply => {
  if (!result.ok) return sendProblem(reply, refusalProblem(result.refusal))
  if (result.value === null) {
    return sendProblem(reply, { code: 'not_found', detail: 'The log has nothing of that name.' })
  }
  return reply.type(type).send(Buffer.from(result.value))
}

const fileSchema = (description: string, type: string) => ({
  description,
  content: { [type]: { schema: Type.String() } }
})
