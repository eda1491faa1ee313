/**
 * Paths of the console as links. Whoever signs in goes back only to one of our own: anything else
 * is the first page, since a link from elsewhere must not send people on to anywhere.
 */
import type { SignIn } from '../policy/policy.ts'

/** Where to sign in, where to come back to, and what the sign-in has to be. */
export const signInPath = (backTo: string, wanted: SignIn | null = null): string => {
  const query = new URLSearchParams({ back: safeBack(backTo) })
  if (wanted !== null) {
    query.set('max_age', String(wanted.within ?? 0))
    if (wanted.acr !== null) query.set('acr', wanted.acr.join(' '))
  }
  return `/console/sign-in?${query.toString()}`
}

/** The same path where it is one of ours, `/console` otherwise. */
export const safeBack = (path: string): string =>
  /^\/console(\/[A-Za-z0-9._~/-]*)?(\?[A-Za-z0-9._~=&%+-]*)?$/.test(path) &&
  !path.includes('//') &&
  !path.startsWith('/console/sign-') &&
  path.length <= 500
    ? path
    : '/console'

/** Below the page of an elevation; its id is spelled so that it stays one segment. */
export const elevationPath = (id: string, more = ''): string =>
  `/console/elevations/${encodeURIComponent(id)}${more}`
