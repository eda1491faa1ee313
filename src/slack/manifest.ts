/**
 * The app manifest (docs.slack.dev/reference/app-manifest): what the app asks Slack for, made from
 * the handlers that exist, with the least scopes. Messages are posted where the app was invited to,
 * so nothing lets it read or join a channel.
 */
import { handlers } from './handlers/all.ts'
import type { Handler } from './handlers/handler.ts'
import { callbacks } from './names.ts'
import { route } from './receiver.ts'

export type ManifestOptions = {
  /** where Slack reaches the API, without a path; null = Socket Mode */
  readonly url: string | null
  /** whether people may be matched by e-mail */
  readonly matchEmail: boolean
}

export type Manifest = ReturnType<typeof manifest>

/** The manifest as JSON, in the order of Slack's reference. */
export const manifest = ({ url, matchEmail }: ManifestOptions) => {
  const at = url === null ? null : `${url.replace(/\/+$/, '')}${route}`
  return {
    _metadata: { major_version: 1, minor_version: 1 },
    display_information: {
      name: 'Sallyport',
      description: 'Ask for a while with PII in Athena, and decide who may have it.',
      background_color: '#1f2a37'
    },
    features: {
      app_home: {
        home_tab_enabled: true,
        messages_tab_enabled: true,
        messages_tab_read_only_enabled: true
      },
      bot_user: { display_name: 'Sallyport', always_online: true },
      shortcuts: named('shortcut').map((name) => ({
        name: shortcutNames[name] ?? name,
        type: 'global',
        callback_id: name,
        description: 'Ask for access to a target'
      })),
      slash_commands: named('command').map((command) => ({
        command,
        ...(at === null ? {} : { url: at }),
        description: 'Ask for access, see what you have, give it back',
        usage_hint: '[status | done | help]',
        should_escape: true
      }))
    },
    oauth_config: { scopes: { bot: scopesOf(matchEmail) } },
    settings: {
      event_subscriptions: {
        ...(at === null ? {} : { request_url: at }),
        bot_events: named('event')
      },
      interactivity: { is_enabled: true, ...(at === null ? {} : { request_url: at }) },
      org_deploy_enabled: false,
      socket_mode_enabled: url === null,
      token_rotation_enabled: false
    }
  }
}

/** A page at Slack that makes the app of this manifest after one click. */
export const oneClick = (of: Manifest): string =>
  `https://api.slack.com/apps?new_app=1&manifest_json=${encodeURIComponent(JSON.stringify(of))}`

/** Every scope and why: nothing else is called. */
const scopesOf = (matchEmail: boolean): readonly string[] => [
  // chat.postMessage, chat.update, chat.postEphemeral
  'chat:write',
  // the slash command and the shortcut
  'commands',
  // conversations.open, to tell somebody alone
  'im:write',
  // users.info, to see guests, bots and deactivated accounts
  'users:read',
  ...(matchEmail ? ['users:read.email'] : [])
]

const named = (kind: Handler['kind']): readonly string[] =>
  handlers.flatMap((handler) => (handler.kind === kind ? [handler.name] : []))

const shortcutNames: Readonly<Record<string, string>> = { [callbacks.ask]: 'Ask for elevation' }
