/** `sandbox`: only the local AWS, with what a shell needs to talk to it. */
import { startSandbox } from '../sandbox/main.ts'
import { seedPosture } from '../sandbox/seed-posture.ts'
import { type ExitCode, exits } from './exit.ts'
import { type Terminal, paint } from './terminal.ts'
import { untilStopped } from './until-stopped.ts'

export type SandboxOptions = { readonly port: number; readonly clockControl?: boolean }

/** Runs until it is stopped. Exit 69 where it cannot listen. */
export const sandbox = async (to: Terminal, options: SandboxOptions): Promise<ExitCode> => {
  const clockControl = options.clockControl === true
  const running = await startSandbox({ port: options.port, clockControl, seed: true }).catch(
    (error: unknown) => {
      to.err(error instanceof Error ? error.message : 'the sandbox does not start')
      return null
    }
  )
  if (running === null) return exits.unavailable
  seedPosture(running.world)
  const { endpoint, issuer, region, keys } = running
  const { accessKeyId, secretAccessKey, sessionToken } = keys.broker
  if (to.json) {
    to.out(JSON.stringify({ endpoint, issuer, region, broker: keys.broker, admin: keys.admin }))
  } else {
    to.out(paint(to, 'bold', 'A simulation of AWS, in memory, for this host only. Made data.'))
    to.out(`export AWS_ENDPOINT_URL=${endpoint} AWS_REGION=${region}`)
    to.out(`export AWS_ACCESS_KEY_ID=${accessKeyId} AWS_SECRET_ACCESS_KEY=${secretAccessKey}`)
    to.out(`export AWS_SESSION_TOKEN=${sessionToken}`)
    to.out(`export SALLYPORT_OIDC_ISSUER=${issuer}`)
    to.out(paint(to, 'dim', 'Ctrl-C stops it; nothing is kept.'))
  }
  await untilStopped()
  await running.close()
  return exits.done
}
