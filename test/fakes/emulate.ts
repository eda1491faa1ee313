/**
 * vercel-labs/emulate's Slack as a judge of what the app sends, with the scopes it is given and no
 * others. It would listen on every address of the machine; here it listens on 127.0.0.1 only.
 */
import { once } from 'node:events'
import { type AddressInfo, Server } from 'node:net'
import { createEmulator } from 'emulate'

export type Emulate = {
  /** ends in `/api/` */
  readonly url: string
  /** a call as the token's holder */
  readonly call: (
    method: string,
    args: Readonly<Record<string, unknown>>,
    token?: string
  ) => Promise<Record<string, unknown>>
  readonly close: () => Promise<void>
}

export const adminToken = 'xoxb-emulate-admin-token'

/** `tokens`: those of apps, with their scopes. `people`: names of users there are. */
export const startEmulate = async (given: {
  readonly tokens: Readonly<Record<string, readonly string[]>>
  readonly people: readonly string[]
  readonly channel: string
}): Promise<Emulate> => {
  const own = Object.getOwnPropertyDescriptor(Server.prototype, 'listen')
  if (own === undefined) throw new Error('a server cannot listen')
  const servers: Server[] = []
  Object.defineProperty(Server.prototype, 'listen', {
    ...own,
    value(this: Server) {
      servers.push(this)
      return Reflect.apply(own.value, this, [{ port: 0, host: '127.0.0.1' }])
    }
  })
  const starting = createEmulator({
    service: 'slack',
    port: 0,
    seed: {
      slack: {
        strict_scopes: true,
        users: given.people.map((name) => ({ name, email: `${name}@acme.example` })),
        channels: [{ name: given.channel }],
        tokens: [
          { token: adminToken, scopes: ['users:read', 'channels:read', 'im:read', 'channels:history', 'im:history'] },
          ...Object.entries(given.tokens).map(([token, scopes]) => ({ token, scopes: [...scopes], app_id: 'A0SALLY' }))
        ]
      }
    }
  })
  const emulator = await starting.finally(() => {
    Object.defineProperty(Server.prototype, 'listen', own)
  })
  const [server] = servers
  if (server === undefined || servers.length > 1) throw new Error('one listener was expected')
  if (!server.listening) await once(server, 'listening')
  const { address, port } = server.address() as AddressInfo
  if (address !== '127.0.0.1') throw new Error(`listens on ${address}`)
  const url = `http://127.0.0.1:${port}/api/`
  return {
    url,
    call: async (method, args, token = adminToken) => {
      const answer = await fetch(`${url}${method}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify(args)
      })
      return (await answer.json()) as Record<string, unknown>
    },
    close: async () => {
      if ('closeAllConnections' in server && typeof server.closeAllConnections === 'function') {
        server.closeAllConnections()
      }
      await emulator.close()
    }
  }
}
