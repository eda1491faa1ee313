/**
 * Hears what time it is at AWS from the `Date` of every answer (RFC 9110 section 6.6.1), by an
 * extension of the SDK's client around its HTTP handler. Bodies and other headers are not looked
 * at.
 */
import type { AwsTime } from './answer.ts'

type Answered = { readonly response: { readonly headers?: Readonly<Record<string, string>> } }
type Handler = {
  handle: (...of: readonly never[]) => Promise<Answered>
}

/** An extension for any client's settings. */
export const listening = (heard: (time: AwsTime) => void) => ({
  configure: (to: { readonly httpHandler: () => Handler }): void => {
    const handler = to.httpHandler()
    const handle = handler.handle.bind(handler)
    handler.handle = async (...of) => {
      const sent = performance.now()
      const answer = await handle(...of)
      const date = dateOf(answer)
      if (date !== null) heard({ date, sent, got: performance.now() })
      return answer
    }
  }
})

const dateOf = ({ response }: Answered): number | null => {
  const date = Date.parse(response.headers?.['date'] ?? '')
  return Number.isNaN(date) ? null : date
}
