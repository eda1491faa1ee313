/** A TCP proxy that can fall silent: what comes is swallowed, and nobody is told that it is gone. */
import { once } from 'node:events'
import { type Socket, connect, createServer } from 'node:net'

export type Proxy = {
  readonly port: number
  /** From now on nothing passes, and new connections are taken and never answered. */
  readonly part: () => void
  /** What was swallowed is lost with its connections; new ones pass. */
  readonly heal: () => void
  readonly close: () => Promise<void>
}

/** Passes everything on to `port` of this host. */
export const startProxy = async (port: number): Promise<Proxy> => {
  let isParted = false
  const open = new Set<Socket>()
  const cut = (): void => {
    for (const one of open) one.destroy()
    open.clear()
  }
  const server = createServer((client) => {
    open.add(client)
    client.on('error', () => client.destroy())
    client.on('close', () => open.delete(client))
    if (isParted) {
      client.resume()
      return
    }
    const upstream = connect(port, '127.0.0.1')
    open.add(upstream)
    const end = (): void => {
      client.destroy()
      upstream.destroy()
    }
    upstream.on('error', end)
    upstream.on('close', () => {
      open.delete(upstream)
      if (!isParted) end()
    })
    client.on('close', () => {
      if (!isParted) end()
    })
    client.on('data', (bytes) => {
      if (!isParted) upstream.write(bytes)
    })
    upstream.on('data', (bytes) => {
      if (!isParted) client.write(bytes)
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const at = server.address()
  if (at === null || typeof at === 'string') throw new Error('no port')
  return {
    port: at.port,
    part: () => {
      isParted = true
    },
    heal: () => {
      cut()
      isParted = false
    },
    close: async () => {
      cut()
      server.close()
      await once(server, 'close')
    }
  }
}
