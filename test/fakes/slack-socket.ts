/**
 * Slack's side of Socket Mode on 127.0.0.1: hands out the address of its WebSocket (RFC 6455, text
 * frames of up to 64 KiB, unfragmented), says hello, sends envelopes and notes what is answered.
 */
import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'

export type SlackSocket = {
  /** ends in `/api/` */
  readonly url: string
  readonly opened: () => number
  /** Resolves with the answer to the envelope. */
  readonly send: (envelope: { readonly envelope_id: string } & Record<string, unknown>) => Promise<unknown>
  /** Ends the connection, as Slack does now and then. */
  readonly drop: () => void
  /** the next tries to connect are refused */
  readonly refuse: (times: number) => void
  /** Resolves when the next connection is there. */
  readonly connected: () => Promise<void>
  readonly close: () => Promise<void>
}

export const startSlackSocket = async (appToken: string): Promise<SlackSocket> => {
  const state = { refusals: 0, opened: 0, socket: null as Duplex | null }
  const answers = new Map<string, (answer: unknown) => void>()
  const waiting: (() => void)[] = []
  const server = createServer((request, response) => {
    const isOurs = request.headers.authorization === `Bearer ${appToken}`
    const { port } = server.address() as AddressInfo
    if (state.refusals > 0) {
      state.refusals -= 1
      response.writeHead(503).end('down')
      return
    }
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(
      JSON.stringify(isOurs ? { ok: true, url: `ws://127.0.0.1:${port}/link` } : { ok: false, error: 'invalid_auth' })
    )
  })
  server.on('upgrade', (request, socket: Duplex) => {
    const accept = createHash('sha1')
      .update(`${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
      .digest('base64')
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`
    )
    state.socket = socket
    state.opened += 1
    let bytes = Buffer.alloc(0)
    socket.on('error', () => {})
    socket.on('data', (part: Buffer) => {
      bytes = Buffer.concat([bytes, part])
      for (let read = readFrame(bytes); read !== null; read = readFrame(bytes)) {
        bytes = bytes.subarray(read.length)
        if (read.opcode === 8) socket.end(frame(8, read.payload))
        if (read.opcode === 9) socket.write(frame(10, read.payload))
        if (read.opcode !== 1) continue
        const { envelope_id: id, payload } = JSON.parse(read.payload.toString())
        answers.get(id)?.(payload)
      }
    })
    socket.write(frame(1, Buffer.from(JSON.stringify({ type: 'hello', num_connections: 1 }))))
    for (const resolve of waiting.splice(0)) resolve()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/`,
    opened: () => state.opened,
    send: (envelope) =>
      new Promise((resolve) => {
        answers.set(envelope.envelope_id, resolve)
        state.socket?.write(frame(1, Buffer.from(JSON.stringify(envelope))))
      }),
    drop: () => void state.socket?.destroy(),
    refuse: (times) => {
      state.refusals = times
    },
    connected: () => new Promise((resolve) => waiting.push(resolve)),
    close: () =>
      new Promise((resolve) => {
        state.socket?.destroy()
        server.close(() => resolve())
        server.closeAllConnections()
      })
  }
}

/** From a server, so not masked. */
const frame = (opcode: number, payload: Buffer): Buffer => {
  const { length } = payload
  const size = length < 126 ? [length] : [126, length >> 8, length & 255]
  return Buffer.concat([Buffer.from([0x80 | opcode, ...size]), payload])
}

/** From a client, so masked; null while it is not all there. */
const readFrame = (
  bytes: Buffer
): { readonly opcode: number; readonly payload: Buffer; readonly length: number } | null => {
  if (bytes.length < 6) return null
  const short = bytes.readUInt8(1) & 127
  const head = short === 126 ? 4 : 2
  const size = short === 126 ? bytes.readUInt16BE(2) : short
  const length = head + 4 + size
  if (bytes.length < length) return null
  const mask = bytes.subarray(head, head + 4)
  const payload = Buffer.from(bytes.subarray(head + 4, length).map((byte, n) => byte ^ (mask[n % 4] ?? 0)))
  return { opcode: bytes.readUInt8(0) & 15, payload, length }
}
