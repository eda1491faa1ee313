/**
 * A signed call to a service that the sandbox has no part of: evaluated like any other, so that a
 * caller without the permission is refused in that protocol's form as on AWS; who has it is told
 * that nothing is done here. Spoken are the JSON and query protocols, whose requests name their
 * operation. Only a permission on every resource gets past: the ARN of one cannot be told.
 */
import { authorize } from './authorize.ts'
import { AwsFault } from './fault.ts'
import type { JsonService, Operation, QueryService } from './service.ts'
import { decodeQuery } from './sigv4.ts'
import type { SignedRequest } from './sigv4.ts'

/** The service as far as this request shows it; null where its operation cannot be told. */
export function serviceElsewhere(
  name: string,
  request: SignedRequest
): JsonService | QueryService | null {
  const [, prefix, action] = TARGET.exec(request.headers['x-amz-target'] ?? '') ?? []
  if (prefix !== undefined && action !== undefined) {
    return {
      protocol: 'json',
      name,
      jsonVersion: /json-1\.0/.test(request.headers['content-type'] ?? '') ? '1.0' : '1.1',
      targetPrefix: prefix,
      operations: { [action]: notDone }
    }
  }
  return queryElsewhere(name, request)
}

const TARGET = /^([A-Za-z0-9_]{1,128})\.([A-Za-z][A-Za-z0-9]{0,127})$/

function queryElsewhere(name: string, request: SignedRequest): QueryService | null {
  const isForm = request.headers['content-type']?.startsWith('application/x-www-form-urlencoded')
  const form = isForm === true ? request.body.toString('utf8').replaceAll('+', '%20') : ''
  const fields = new Map([...decodeQuery(request.rawQuery), ...decodeQuery(form)])
  const action = fields.get('Action') ?? ''
  const version = fields.get('Version') ?? ''
  if (!/^[A-Za-z][A-Za-z0-9]{0,127}$/.test(action) || !/^\d{4}-\d\d-\d\d$/.test(version)) {
    return null
  }
  return {
    protocol: 'query',
    name,
    version,
    namespace: `http://${name}.amazonaws.com/doc/${version}/`,
    operations: { [action]: notDone }
  }
}

const notDone: Operation = {
  readOnly: false,
  run: (world, call) => {
    const action = `${call.service}:${call.action}`
    authorize(world, call, { action, resource: '*' })
    throw new AwsFault('UnknownService', 404, `The sandbox does not speak ${action}.`)
  }
}
