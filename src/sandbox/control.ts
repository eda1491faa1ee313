/**
 * The sandbox's own paths, without credentials and only for this host: its event log, its clock and
 * what goes wrong on purpose. The clock moves only forward, and neither it nor the faults change
 * but where the sandbox was started with clock control.
 */
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { FaultScriptSchema } from './faults.ts'
import type { RawResponse } from './service.ts'
import type { World } from './world.ts'

export type ControlRequest = {
  readonly method: string
  readonly path: string
  readonly contentType: string
  readonly body: Buffer
}

/** `GET /_sandbox/events`, `GET` and `POST /_sandbox/clock`, `GET` and `POST /_sandbox/faults`. */
export function control(world: World, request: ControlRequest): RawResponse {
  switch (`${request.method} ${request.path}`) {
    case 'GET /_sandbox/events':
      return json(200, { Records: world.events.all() })
    case 'GET /_sandbox/clock':
      return json(200, { now: world.clock.now().toISOString() })
    case 'POST /_sandbox/clock':
      return moveClock(world, request)
    case 'GET /_sandbox/faults':
      return json(200, { hits: world.faults.hits() })
    case 'POST /_sandbox/faults':
      return planFaults(world, request)
    default:
      return json(404, { error: 'not_found' })
  }
}

const Move = Type.Object(
  { advanceSeconds: Type.Integer({ minimum: 1, maximum: 31_536_000 }) },
  { additionalProperties: false }
)

// Another site's page can post text or a form without being asked first, but not this type.
function moveClock(world: World, request: ControlRequest): RawResponse {
  if (!request.contentType.startsWith('application/json')) return json(415, { error: 'json_only' })
  const move = parse(request.body)
  if (!Value.Check(Move, move)) return json(400, { error: 'invalid_request' })
  if (!world.clock.advance(move.advanceSeconds)) return json(403, { error: 'no_clock_control' })
  return json(200, { now: world.clock.now().toISOString() })
}

function planFaults(world: World, request: ControlRequest): RawResponse {
  if (!request.contentType.startsWith('application/json')) return json(415, { error: 'json_only' })
  const script = parse(request.body)
  if (!Value.Check(FaultScriptSchema, script)) return json(400, { error: 'invalid_request' })
  if (!world.clock.isControlled) return json(403, { error: 'no_clock_control' })
  world.faults.script(script)
  return json(200, { hits: world.faults.hits() })
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'))
  } catch {
    return undefined
  }
}

function json(status: number, value: unknown): RawResponse {
  return {
    status,
    headers: { 'content-type': 'application/json' },
    body: Buffer.from(JSON.stringify(value))
  }
}
