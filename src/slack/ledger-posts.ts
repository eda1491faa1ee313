/**
 * The ledger's checkpoints in a channel: copies that nobody at the broker can take back. At most
 * one an hour, the last, and at once after an operator accepted a restored ledger. It carries
 * hashes only.
 */
import type { Logger } from 'pino'
import { anchors } from '../broker/anchors.ts'
import type { Message } from './limits.ts'
import type { Schedule } from './receiver.ts'
import type { SlackClient } from './slack-client.ts'

export type LedgerPosts = {
  readonly tell: (signed: {
    readonly checkpoint: Uint8Array
    readonly size: number
    /** the first after an operator accepted a restored ledger */
    readonly isAnew: boolean
  }) => void
  readonly stop: () => Promise<void>
}

const hourMs = 3_600_000
const minuteMs = 60_000

/** A channel of null posts nothing. */
export const ledgerPosts = (parts: {
  readonly channel: string | null
  readonly client: Pick<SlackClient, 'post'>
  readonly schedule: Schedule
  readonly logger: Pick<Logger, 'warn'>
}): LedgerPosts => {
  const { channel, client, schedule, logger } = parts
  if (channel === null) return { tell: () => {}, stop: async () => {} }
  const make = () =>
    anchors({
      publish: async ({ bytes, size }) => {
        const message = checkpointMessage(Buffer.from(bytes).toString(), size)
        const mark = { elevation: 'ledger', key: `checkpoint:${size}` }
        const posted = await client.post({ channel, message, mark })
        if (!posted.ok) throw new Error(posted.fault.code)
      },
      after: (milliseconds, run) => ({ clear: schedule(milliseconds, run) }),
      failed: (cause) => {
        const code = cause instanceof Error ? cause.message : 'unknown'
        logger.warn({ event: 'slack_checkpoint_failed', code })
      },
      between: (failures) => (failures === 0 ? hourMs : Math.min(minuteMs * failures, hourMs))
    })
  let posts = make()
  return {
    tell: ({ checkpoint, size, isAnew }) => {
      if (isAnew) {
        // what was posted of the other log says nothing of this one
        void posts.drop()
        posts = make()
      }
      posts.tell(checkpoint, size)
    },
    stop: () => posts.drop()
  }
}

/** The signed note, byte for byte, in a block of code. */
export const checkpointMessage = (checkpoint: string, size: number): Message => ({
  text: `Ledger checkpoint of ${size} entries`,
  blocks: [
    {
      type: 'rich_text',
      elements: [
        {
          type: 'rich_text_section',
          elements: [{ type: 'text', text: `Ledger checkpoint of ${size} entries` }]
        },
        { type: 'rich_text_preformatted', elements: [{ type: 'text', text: checkpoint }] }
      ]
    }
  ]
})
