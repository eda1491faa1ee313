/**
 * Every English word of the console's pages, in one place. States have the words that Slack has for
 * them. Sentences say what happened and what to do.
 */
import type { ProblemCode } from '../broker/refusals.ts'

type Failure = { readonly title: string; readonly next: string }

const failures: Readonly<Partial<Record<ProblemCode, Failure>>> = {
  not_found: {
    title: 'There is nothing here',
    next: 'It is not there, or it is not yours to see. Check the address, or go on from your own page.'
  },
  unauthenticated: { title: 'You are signed out', next: 'Sign in again and repeat what you did.' },
  invalid_request: {
    title: 'That could not be taken',
    next: 'Go back, load the page again, and send it once more. Nothing was done.'
  },
  too_many_requests: {
    title: 'That was too much at once',
    next: 'Nothing was done. Wait a minute, then go on.'
  },
  ledger_unavailable: {
    title: 'The ledger cannot be written',
    next: 'While that is so nothing is decided or started, and nothing was. Try again in a moment; if it stays so, tell an operator.'
  },
  ledger_restored: {
    title: 'The ledger is held back',
    next: 'It is not the one that was anchored. Nothing is served until an operator has found out why.'
  },
  shutting_down: { title: 'The broker is being restarted', next: 'Try again in a few seconds.' },
  handler_timeout: {
    title: 'There was no answer in time',
    next: 'It may still happen. Look at the state of the elevation before you repeat it.'
  },
  body_too_large: { title: 'That was too long', next: 'Shorten what you typed and send it again.' },
  internal: {
    title: 'Something broke inside',
    next: 'Look at the state before you repeat it. The log of the broker has the cause under the reference below.'
  }
}

export const words = {
  product: 'Sallyport',
  frame: {
    skip: 'Skip to content',
    navigation: 'Pages',
    signedInAs: 'Signed in as',
    signOut: 'Sign out',
    sessions: 'Your sessions',
    utc: 'UTC',
    days: (count: number) => `${count} days`,
    back: 'Do nothing'
  },
  nav: { access: 'My access', approvals: 'Approvals' },
  failures,
  failed: {
    next: 'Nothing was done. Go back and look at it again.',
    home: 'To my access',
    reference: 'Reference'
  },
  signIn: {
    title: 'Sign in',
    lead: 'Access to sensitive data, for a while and for a reason.',
    with: (host: string) => `Sign in with ${host}`,
    about: 'Your organisation’s sign-in page asks who you are. You come back here afterwards.',
    again: 'Sign in again',
    over: 'You are signed out',
    overNext:
      'Your session was over before this was sent: nothing was done. Sign in, then send it again.',
    typed: 'What you had typed',
    out: 'You are signed out',
    outLead: 'This browser holds nothing any more. Your organisation’s sign-in may still know you.',
    faults: {
      declined: {
        status: 403,
        title: 'The sign-in was declined',
        next: 'Your organisation’s sign-in page sent you back without signing you in. Try again, or ask whoever runs it.'
      },
      unreachable: {
        status: 503,
        title: 'Your organisation’s sign-in cannot be reached',
        next: 'Nobody can sign in to the console while that is so. What is running goes on and ends in time. Try again in a minute.'
      },
      forged: {
        status: 400,
        title: 'This sign-in cannot be believed',
        next: 'It was begun in another browser, is too old, was used before, or is not of the sign-in asked for. Begin again from here.'
      },
      stranger: {
        status: 403,
        title: 'You are not in the directory',
        next: 'You signed in, but nobody here is you. Ask whoever keeps the people of the policies to add you.'
      }
    }
  },
  sessions: {
    title: 'Your sessions',
    lead: 'Where you are signed in to this console. What you do not know, end.',
    since: 'Signed in',
    ends: 'Over at the latest',
    strength: 'How',
    here: 'this one',
    end: 'Sign out there',
    everywhere: 'Sign out everywhere',
    everywhereTitle: 'Sign out everywhere?',
    everywhereLead: 'Every session you have in this console ends now, this one too.',
    untold: 'not told'
  },
  access: {
    title: 'My access',
    lead: 'What you hold now, what waits, and what you may ask for.',
    now: 'Now',
    nothingNow: 'You hold nothing and wait for nothing.',
    nothingNext: 'Choose below what you need, and say why.',
    offers: 'What you may ask for',
    noOffers: 'No rule gives you anything to ask for.',
    noOffersNext: 'If you should have access to something, ask whoever keeps the policies.',
    before: 'Before',
    ask: 'Ask',
    tables: (count: number) => (count === 1 ? '1 table' : `${count} tables`),
    upTo: 'up to',
    all: 'All of yours'
  },
  columns: {
    target: 'Target',
    state: 'State',
    asked: 'Asked',
    who: 'Who',
    why: 'Why',
    length: 'Length'
  }
} as const
