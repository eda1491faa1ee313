/**
 * The listener: every AWS service, the OIDC issuer under /oidc and the sandbox's own paths under
 * /_sandbox, on one port of 127.0.0.1. Refuses other Host names, large bodies and slow clients.
 * Answers carry the sandbox's own Date, from which SDKs correct their clocks.
 */
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { control } from './control.ts'
import { Unanswered } from './faults.ts'
import type { Issuer } from './oidc.ts'
import type { RawResponse } from './service.ts'
import type { World } from './world.ts'
import { answerWire } from './wire.ts'

export type Listening = { readonly endpoint: string; readonly close: () => Promise<void> }

const HOST = '127.0.0.1'
const BODY_LIMIT = 8 * 1024 * 1024

/** Listens on `port` (0: a free one). Throws a clear Error where the port cannot be had. */
export async function listen(world: World, oidc: Issuer, port: number): Promise<Listening> {
  const server = createServer({ requestTimeout: 30_000, headersTimeout: 10_000 })
  server.on('request', (request, response) => {
    const context = { world, oidc, port: boundPort(server.address()) }
    answer(context, request)
      .catch((error: unknown) => plainFailure(error))
      .then((made) => send(world, response, made))
      .catch((error: unknown) => {
        if (!(error instanceof Unanswered && error.how === 'hang')) response.destroy()
      })
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => reject(listenError(port, cause)))
    server.listen(port, HOST, resolve)
  })
  return {
    endpoint: `http://${HOST}:${boundPort(server.address())}`,
    close: async () => {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    }
  }
}

type Context = { readonly world: World; readonly oidc: Issuer; readonly port: number }

type Answer = RawResponse & { readonly requestId?: string }

async function answer({ world, oidc, port }: Context, request: IncomingMessage): Promise<Answer> {
  const body = await readBody(request)
  const url = request.url ?? '/'
  const at = url.indexOf('?')
  const path = at < 0 ? url : url.slice(0, at)
  const { headers, repeated } = headersOf(request)
  const method = request.method ?? 'GET'
  // A page of another site that resolves its own name to this host is not a caller.
  if (headers.host !== `${HOST}:${port}` && headers.host !== `localhost:${port}`) {
    return plain(421, 'This host is 127.0.0.1.')
  }
  if (path.startsWith('/oidc/')) {
    return oidc.answer({
      method,
      path: path.slice('/oidc'.length),
      query: at < 0 ? '' : url.slice(at + 1),
      contentType: headers['content-type'] ?? '',
      body,
      issuer: `http://${HOST}:${port}/oidc`
    })
  }
  if (path.startsWith('/_sandbox/')) {
    return control(world, { method, path, contentType: headers['content-type'] ?? '', body })
  }
  const requestId = randomUUID()
  const made = await answerWire(
    world,
    {
      method,
      path,
      rawQuery: at < 0 ? '' : url.slice(at + 1),
      headers,
      repeated,
      body,
      requestId,
      sourceIp: request.socket.remoteAddress ?? HOST
    },
    reportBug
  )
  return { ...made, requestId }
}

function send(world: World, response: ServerResponse, made: Answer): void {
  const { requestId } = made
  response.sendDate = false
  response.writeHead(made.status, {
    ...(made.headers['content-length'] === undefined
      ? { 'content-length': String(made.body.length) }
      : {}),
    ...made.headers,
    date: world.clock.now().toUTCString(),
    ...(requestId === undefined
      ? {}
      : { 'x-amzn-requestid': requestId, 'x-amz-request-id': requestId })
  })
  response.end(made.body)
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request) {
    if (!Buffer.isBuffer(chunk)) throw new TypeError('a body arrives as bytes')
    size += chunk.length
    if (size > BODY_LIMIT) throw new BodyTooLarge()
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

class BodyTooLarge extends Error {}

function plainFailure(error: unknown): Answer {
  if (error instanceof Unanswered) throw error
  if (error instanceof BodyTooLarge) return plain(413, 'The body is too large.')
  reportBug(error)
  return plain(500, 'The sandbox failed to answer.')
}

// The name and place of a bug, never its message: that could quote what a caller sent.
function reportBug(error: unknown): void {
  const where = error instanceof Error ? (error.stack ?? '').split('\n')[1] : ''
  const name = error instanceof Error ? error.name : 'Error'
  process.stderr.write(`sandbox: ${name}${where ?? ''}\n`)
}

function plain(status: number, text: string): RawResponse {
  return { status, headers: { 'content-type': 'text/plain' }, body: Buffer.from(`${text}\n`) }
}

function headersOf(request: IncomingMessage): {
  readonly headers: Readonly<Record<string, string>>
  readonly repeated: ReadonlySet<string>
} {
  const headers: Record<string, string> = Object.create(null)
  const repeated = new Set<string>()
  const { rawHeaders } = request
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = (rawHeaders[at] ?? '').toLowerCase()
    if (headers[name] !== undefined) repeated.add(name)
    headers[name] = rawHeaders[at + 1] ?? ''
  }
  return { headers, repeated }
}

function boundPort(address: string | { readonly port: number } | null): number {
  if (address === null || typeof address === 'string') throw new Error('the sandbox is closed')
  return address.port
}

function listenError(port: number, cause: NodeJS.ErrnoException): Error {
  const code = cause.code ?? 'unknown'
  const word = code === 'EADDRINUSE' ? 'is in use' : `cannot be had (${code})`
  return new Error(`port ${port} of ${HOST} ${word}`, { cause })
}
