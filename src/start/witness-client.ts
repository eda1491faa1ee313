/** A witness reached over HTTP (C2SP tlog-witness): one call, three seconds, a small answer. */
import type { Witness } from '../broker/witnessing.ts'

const deadlineMs = 3000
const mostAnswerBytes = 16_384

/** `url` is the submission prefix. */
export const witnessAt = (url: string): Witness => ({
  add: async (body) => {
    const response = await fetch(`${url.replace(/\/+$/, '')}/add-checkpoint`, {
      method: 'POST',
      headers: { 'content-type': 'text/plain; charset=utf-8' },
      body: Buffer.from(body),
      redirect: 'error',
      signal: AbortSignal.timeout(deadlineMs)
    })
    const parts: Uint8Array[] = []
    let length = 0
    for await (const part of response.body ?? []) {
      length += part.length
      if (length > mostAnswerBytes) throw new Error('the witness answers with too much')
      parts.push(part)
    }
    return { status: response.status, body: Buffer.concat(parts) }
  }
})
