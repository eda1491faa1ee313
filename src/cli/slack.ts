/** `slack manifest`: what to paste at api.slack.com/apps, for a public URL or for Socket Mode. */
import { manifest, oneClick } from '../slack/manifest.ts'
import { type ExitCode, exits } from './exit.ts'
import type { Terminal } from './terminal.ts'

export type ManifestFlags = {
  readonly url?: string
  readonly socket?: boolean
  readonly matchEmail?: boolean
  readonly link?: boolean
}

/**
 * Exit 0, or 2 where it is not said how Slack reaches the broker, or where the URL is not https.
 */
export const slackManifest = (to: Terminal, flags: ManifestFlags): ExitCode => {
  const { url = null, socket = false, matchEmail = false, link = false } = flags
  if ((url === null) !== socket) {
    to.err('say either --url https://HOST, where Slack reaches the broker, or --socket')
    return exits.usage
  }
  if (url !== null && !isPublicOrigin(url)) {
    to.err('--url is an https URL without path, query, fragment and user')
    return exits.usage
  }
  const made = manifest({ url, matchEmail })
  if (link) to.out(to.json ? JSON.stringify({ link: oneClick(made) }) : oneClick(made))
  else to.out(to.json ? JSON.stringify(made) : JSON.stringify(made, null, 2))
  return exits.done
}

const isPublicOrigin = (text: string): boolean => {
  if (!URL.canParse(text)) return false
  const url = new URL(text)
  return url.protocol === 'https:' && (text === url.origin || text === `${url.origin}/`)
}
