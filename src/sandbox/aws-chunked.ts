/**
 * Bodies of S3 uploads as the SDKs frame them: `aws-chunked` with unsigned chunks and a trailing
 * checksum, and the checksum headers of plain bodies. Refuses a length or checksum that does not
 * hold, and algorithms that are not spoken here. Source: S3 API Reference, "Transferring payload
 * chunks with trailing headers", "Checking object integrity".
 */
import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { AwsFault } from './fault.ts'

export type S3Body = {
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
}

/** The object's own bytes, checked against the declared length and every checksum that was sent. */
export function decodeS3Body(request: S3Body): Buffer {
  const { headers } = request
  if (headers['x-amz-content-sha256'] !== 'STREAMING-UNSIGNED-PAYLOAD-TRAILER') {
    requireChecksums(headers, request.body)
    return request.body
  }
  const { data, trailers } = unframe(request.body)
  if (String(data.length) !== headers['x-amz-decoded-content-length']) {
    throw incompleteBody('The decoded length is not x-amz-decoded-content-length.')
  }
  const declared = headers['x-amz-trailer']?.toLowerCase()
  if (declared !== undefined && trailers[declared] === undefined) {
    throw malformedTrailer('The declared trailer was not sent.')
  }
  requireChecksums(trailers, data)
  return data
}

const CHUNK_HEADER = /^([0-9a-f]{1,8})(;[^\r\n]*)?$/i

function unframe(body: Buffer): { data: Buffer; trailers: Record<string, string> } {
  const chunks: Buffer[] = []
  let at = 0
  for (;;) {
    const end = body.indexOf('\r\n', at)
    const size = CHUNK_HEADER.exec(end < 0 ? '' : body.toString('latin1', at, end))?.[1]
    if (size === undefined) throw incompleteBody('A chunk header is malformed.')
    const length = Number.parseInt(size, 16)
    const start = end + 2
    if (length === 0) {
      return { data: Buffer.concat(chunks), trailers: parseTrailers(body.subarray(start)) }
    }
    if (body.toString('latin1', start + length, start + length + 2) !== '\r\n') {
      throw incompleteBody('A chunk is shorter than its header says.')
    }
    chunks.push(body.subarray(start, start + length))
    at = start + length + 2
  }
}

function parseTrailers(rest: Buffer): Record<string, string> {
  const lines = rest
    .toString('latin1')
    .split('\r\n')
    .filter((line) => line !== '')
  return Object.fromEntries(
    lines.map((line) => {
      const colon = line.indexOf(':')
      if (colon < 1) throw malformedTrailer('A trailer is malformed.')
      return [line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim()]
    })
  )
}

const CHECKSUMS: ReadonlyMap<string, (data: Buffer) => string> = new Map([
  ['x-amz-checksum-crc32', (data) => crc32Base64(data)],
  ['x-amz-checksum-sha1', (data) => createHash('sha1').update(data).digest('base64')],
  ['x-amz-checksum-sha256', (data) => createHash('sha256').update(data).digest('base64')],
  ['content-md5', (data) => createHash('md5').update(data).digest('base64')]
])

const UNSPOKEN = new Set(['x-amz-checksum-crc32c', 'x-amz-checksum-crc64nvme'])

function requireChecksums(headers: Readonly<Record<string, string>>, data: Buffer): void {
  for (const [name, sent] of Object.entries(headers)) {
    if (UNSPOKEN.has(name)) {
      throw new AwsFault('NotImplemented', 501, `The checksum ${name} is not spoken here.`)
    }
    const compute = CHECKSUMS.get(name)
    if (compute === undefined || compute(data) === sent) continue
    throw new AwsFault('BadDigest', 400, `The ${name} you sent does not match the body.`)
  }
}

function crc32Base64(data: Buffer): string {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(crc32(data))
  return bytes.toString('base64')
}

function incompleteBody(message: string): AwsFault {
  return new AwsFault('IncompleteBody', 400, message)
}

function malformedTrailer(message: string): AwsFault {
  return new AwsFault('MalformedTrailerError', 400, message)
}
