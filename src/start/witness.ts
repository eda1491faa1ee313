/**
 * A witness over HTTP: `POST /add-checkpoint` and nothing else. One request is judged at a time, so
 * that what was seen and what is cosigned never differ. It speaks plain HTTP; TLS ends in front.
 */
import { type IncomingMessage, type ServerResponse, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { utf8 } from '../ledger/bytes.ts'
import {
  type WitnessKey,
  cosignatureLine,
  cosignedText,
  witnessKeyId,
  witnessKeyText
} from '../ledger/cosignature.ts'
import { nodePrimitives } from '../ledger/hash.ts'
import type { VerifierKey } from '../ledger/note.ts'
import { judgeCheckpoint, originOf, parseAddCheckpoint } from '../ledger/witness.ts'
import { StoreError } from '../store/error.ts'
import { type WitnessFolder, openWitnessFolder } from '../store/witness-folder.ts'
import { StartError } from './error.ts'

export type WitnessOptions = {
  readonly folder: string
  /** its own name, the first part of its key */
  readonly name: string
  /** the logs it knows; two of one name while a log changes its key */
  readonly logKeys: readonly VerifierKey[]
  readonly host: string
  /** 0 = any free one */
  readonly port: number
  /** epoch milliseconds */
  readonly now: () => number
  /** hears of every request that was answered */
  readonly told: (line: WitnessLine) => void
}

export type WitnessLine = {
  readonly status: number
  readonly origin: string | null
  /** of the checkpoint, in decimal */
  readonly size: string | null
  readonly why: string | null
}

export type RunningWitness = {
  readonly url: string
  /** verifier key, which whoever runs the log sets as SALLYPORT_WITNESS_VKEY */
  readonly key: string
  readonly close: () => Promise<void>
}

type Answer = WitnessLine & { readonly body: string; readonly type?: string }

const bodyLimitBytes = 65_536
const plainText = 'text/plain; charset=utf-8'

/** Listening when it resolves. Rejects with a StartError. */
export const startWitness = async (options: WitnessOptions): Promise<RunningWitness> => {
  const folder = openFolder(options)
  const { name, publicKey } = folder.signer
  const id = await witnessKeyId(name, publicKey, nodePrimitives)
  const key: WitnessKey = { witness: name, id, publicKey }
  const inTurn = turns()
  const server = createServer(
    { requestTimeout: 10_000, headersTimeout: 5000, keepAliveTimeout: 30_000, maxHeaderSize: 8192 },
    (request, response) => {
      void handle(request, (body) => inTurn(() => add(body, { folder, key, options })))
        .catch(() => failed)
        .then((answer) => send(response, answer, options))
    }
  )
  server.maxConnections = 100
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(options.port, options.host, resolve)
    })
  } catch (cause) {
    folder.close()
    const where = `${options.host}, port ${options.port}`
    throw new StartError('unavailable', [`cannot listen on ${where}`], { cause })
  }
  return {
    url: urlOf(server.address()),
    key: witnessKeyText(key),
    close: async () => {
      server.closeIdleConnections()
      await new Promise<void>((resolve) => {
        server.close(() => resolve())
      })
      folder.close()
    }
  }
}

const openFolder = ({ folder, name }: WitnessOptions): WitnessFolder => {
  try {
    return openWitnessFolder(folder, name)
  } catch (cause) {
    if (!(cause instanceof StoreError)) throw cause
    throw new StartError('unavailable', [cause.message], { cause })
  }
}

const urlOf = (address: string | AddressInfo | null): string => {
  if (address === null || typeof address === 'string') return ''
  const { family, address: host, port } = address
  return `http://${family === 'IPv6' ? `[${host}]` : host}:${port}`
}

/** One after the other, in the order of their calls. */
const turns = () => {
  let last: Promise<unknown> = Promise.resolve()
  return <T>(run: () => Promise<T>): Promise<T> => {
    const done = last.then(run, run)
    last = done
    return done
  }
}

const handle = async (
  request: IncomingMessage,
  judge: (body: Uint8Array) => Promise<Answer>
): Promise<Answer> => {
  if (request.url !== '/add-checkpoint') return plain(404, 'There is only POST /add-checkpoint.')
  if (request.method !== 'POST') return plain(405, 'There is only POST /add-checkpoint.')
  const body = await bodyOf(request)
  return body === null ? plain(413, 'The body is too large.') : judge(body)
}

const bodyOf = async (request: IncomingMessage): Promise<Uint8Array | null> => {
  const parts: Uint8Array[] = []
  let length = 0
  for await (const part of request.iterator({ destroyOnReturn: false })) {
    length += part.length
    if (length > bodyLimitBytes) return null
    parts.push(part)
  }
  return Buffer.concat(parts)
}

const add = async (
  body: Uint8Array,
  of: {
    readonly folder: WitnessFolder
    readonly key: WitnessKey
    readonly options: WitnessOptions
  }
): Promise<Answer> => {
  const { folder, key, options } = of
  const request = parseAddCheckpoint(body)
  const origin = request && originOf(request.checkpoint)
  if (!request || origin === null) return plain(400, 'The body is not an add-checkpoint request.')
  const known = { keys: options.logKeys, seen: folder.seen(origin) }
  const judged = await judgeCheckpoint(request, known, nodePrimitives)
  if (!judged.ok) {
    const { status, why, size } = judged
    if (size === undefined) return { ...plain(status, why), origin }
    return { status, why, origin, size: null, type: 'text/x.tlog.size', body: `${size}\n` }
  }
  const { head, text } = judged
  folder.keep(head, request.checkpoint)
  const time = BigInt(Math.floor(options.now() / 1000))
  const signature = await folder.signer.sign(utf8(cosignedText(text, time)))
  const line = `${cosignatureLine({ key, time }, signature)}\n`
  return { status: 200, why: null, origin, size: String(head.size), body: line }
}

const plain = (status: number, why: string): Answer => ({
  status,
  why,
  origin: null,
  size: null,
  body: `${why}\n`
})

const failed = plain(500, 'The witness could not keep what it saw. Nothing was signed.')

const send = (response: ServerResponse, answer: Answer, { told }: WitnessOptions): void => {
  const { body, type, ...line } = answer
  // what is left of a body that was too large is not waited for
  const more = answer.status === 413 ? { connection: 'close' } : {}
  response.writeHead(answer.status, {
    'content-type': type ?? plainText,
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...more
  })
  response.end(body)
  told(line)
}
