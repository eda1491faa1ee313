/**
 * What whoever looks at an elevation may do about it now. It only offers: the broker judges each
 * act when it comes. An approval carries the digest of the ask that was shown.
 */
import type { VNode } from 'preact'
import { type Elevation, isScheduled } from '../elevation/elevation.ts'
import type { PeopleApproval } from '../policy/policy.ts'
import { printSignIn, signInFaults } from '../policy/sign-in.ts'
import type { ElevationParts } from './elevation-body.tsx'
import { printChannels, ruleOf } from './facts.ts'
import { elevationPath, signInPath } from './paths.ts'
import { Act, Card, Time } from './pieces.tsx'
import { work } from './words-work.ts'

const words = work.elevation

/** Null where there is nothing to do. */
export const Choices = (parts: ElevationParts): VNode | null =>
  parts.earlier === null ? <Own {...parts} /> : <Others {...parts} />

const to = ({ id }: Elevation, more: string): string => elevationPath(id, more)

const Own = ({ viewer, elevation }: ElevationParts): VNode | null => {
  switch (elevation.state) {
    case 'pending':
      return (
        <section class="card">
          <a class="button" href={to(elevation, '/cancel')}>
            {words.cancel}
          </a>
        </section>
      )
    case 'approved':
      return (
        <section class="card">
          {elevation.ask.startAt !== undefined && isScheduled(elevation) ? (
            <p class="quiet">
              {words.startsAt} <Time at={elevation.ask.startAt} /> {words.startsAtOn}.
            </p>
          ) : (
            <p class="quiet">{words.startHint}</p>
          )}
          <div class="row">
            {isScheduled(elevation) ? null : (
              <Act
                viewer={viewer}
                to={to(elevation, '/activate')}
                label={words.start}
                kind="primary"
              />
            )}
            <a class="button" href={to(elevation, '/cancel')}>
              {words.cancel}
            </a>
          </div>
        </section>
      )
    case 'active':
      return <Running elevation={elevation} />
    case 'issuing':
    case 'ending':
    case 'ended':
    case 'denied':
    case 'cancelled':
    case 'lapsed':
    case 'failed':
      return null
  }
}

const Running = ({ elevation }: { readonly elevation: Elevation }): VNode => (
  <>
    <section class="card">
      <div class="row">
        {elevation.terms.mode === 'brokered' ? (
          <a class="button primary" href={to(elevation, '/query')}>
            {words.runQuery}
          </a>
        ) : null}
        <a class="button" href={to(elevation, '/extend')}>
          {words.extend}
        </a>
        <a class="button danger" href={to(elevation, '/end')}>
          {words.end}
        </a>
      </div>
    </section>
    {elevation.terms.mode === 'brokered' ? null : (
      <section class="card" id="credentials">
        <h2>{words.credentials}</h2>
        <p class="quiet">{words.credentialsLead}</p>
        <p>{words.credentialsProfile}</p>
        <pre class="block">
          {`[profile ${elevation.ask.target}]\ncredential_process = sallyport credentials ${elevation.id}`}
        </pre>
        <p>{words.credentialsUse}</p>
        <pre class="block">{`aws --profile ${elevation.ask.target} athena list-query-executions \\\n  --work-group ${elevation.ask.target}`}</pre>
      </section>
    )}
  </>
)

const Others = (parts: ElevationParts): VNode | null => {
  const { viewer, elevation, isDecider, isReviewer } = parts
  const mayEnd = (isDecider || viewer.roles.security) && isRunning(elevation)
  const review = isReviewer && elevation.ask.breakGlass && 'intent' in elevation
  if (elevation.state === 'pending') return isDecider ? <Decide {...parts} /> : null
  if (!mayEnd && !review) return null
  return (
    <section class="card">
      <div class="row">
        {review ? (
          <a class="button primary" href={to(elevation, '/review')}>
            {words.review}
          </a>
        ) : null}
        {mayEnd ? (
          <a class="button danger" href={to(elevation, '/revoke')}>
            {words.revoke}
          </a>
        ) : null}
      </div>
    </section>
  )
}

const isRunning = ({ state }: Elevation): boolean =>
  state === 'approved' || state === 'issuing' || state === 'active'

const Decide = ({ viewer, elevation, policy, now }: ElevationParts): VNode => {
  const approval = ruleOf(policy, elevation.terms.rule)?.approval
  const people: PeopleApproval | null = approval?.kind === 'people' ? approval : null
  const { presence } = viewer.caller
  const isHere = people?.via.has('console') ?? false
  const hasVoted = elevation.approvals.some(({ by }) => by === viewer.caller.person)
  const signIn = people?.signIn ?? null
  const isWeak = signIn !== null && signInFaults(signIn, presence, now).length > 0
  return (
    <Card title={words.decide}>
      {hasVoted ? <p>{words.voted}</p> : null}
      {isHere || people === null ? null : (
        <p>
          {words.notHere} {words.notHereVia(printChannels(people.via))}
        </p>
      )}
      {isHere && !hasVoted && isWeak && signIn !== null ? (
        <div class="note warn">
          <p>{words.stepUp}</p>
          <p class="quiet">{printSignIn(signIn)}</p>
        </div>
      ) : null}
      <div class="row">
        {!isHere || hasVoted ? null : isWeak ? (
          <a class="button primary" href={signInPath(to(elevation, ''), signIn)}>
            {words.stepUpButton}
          </a>
        ) : (
          <Act
            viewer={viewer}
            to={to(elevation, '/approve')}
            label={words.approve}
            kind="primary"
            fields={{ digest: elevation.askDigest }}
          />
        )}
        <a class="button danger" href={to(elevation, '/deny')}>
          {words.deny}
        </a>
      </div>
    </Card>
  )
}
