/**
 * S3's REST protocol: path-style addresses in, XML errors out. The S3 part routes the request; this
 * file only takes the address apart and writes refusals. Source: S3 API Reference, "Error
 * responses".
 */
import { AwsFault, wireName } from './fault.ts'
import type { RawResponse } from './service.ts'
import { element } from './xml.ts'

/** `/bucket/key/with/slashes` taken apart and decoded; AwsFault InvalidURI for broken encoding. */
export function pathStyle(path: string): { readonly bucket: string; readonly key: string } {
  const slash = path.indexOf('/', 1)
  try {
    return slash < 0
      ? { bucket: decodeURIComponent(path.slice(1)), key: '' }
      : {
          bucket: decodeURIComponent(path.slice(1, slash)),
          key: decodeURIComponent(path.slice(slash + 1))
        }
  } catch (cause) {
    const fault = new AwsFault('InvalidURI', 400, "Couldn't parse the specified URI.")
    fault.cause = cause
    throw fault
  }
}

const DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'

/** The S3 error document; HEAD answers carry no body. */
export function s3Fault(
  fault: AwsFault,
  about: { readonly requestId: string; readonly resource: string; readonly method: string }
): RawResponse {
  const { code, status } = wireName(fault, 'rest-xml')
  const xml = element('Error', {
    Code: code,
    Message: fault.message,
    ...fault.fields,
    Resource: about.resource,
    RequestId: about.requestId
  })
  return {
    status,
    headers: { 'content-type': 'application/xml' },
    body: Buffer.from(about.method === 'HEAD' ? '' : `${DECLARATION}\n${xml}`)
  }
}
