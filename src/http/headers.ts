/**
 * What every answer says to browsers, as constants: what @fastify/helmet would send (a test
 * compares them), which builds its middlewares anew for each request, and the one policy of an API
 * without pages. What only old browsers read is left out.
 */
export const securityHeaders = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'strict-transport-security': 'max-age=31536000; includeSubDomains',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'SAMEORIGIN'
} as const
