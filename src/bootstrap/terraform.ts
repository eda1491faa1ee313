/**
 * The plan as Terraform configurations, one folder each. Inline policies are resources of their
 * own: the broker adds and removes one on the roles, which a role's own list would undo. Source:
 * documentation of the provider hashicorp/aws; Terraform Language, "Strings and Templates".
 */
import { eventPattern, iamEventsRegion } from './events.ts'
import type { AccountPlan, Plan, RolePlan } from './plan.ts'
import { type Template, keyIdOf, nameOf, parts, pathOf } from './template.ts'

/** One for each account, one for each Region's keys, one for events, one for the organisation. */
export const terraform = (plan: Plan): readonly Template[] => [
  ...plan.accounts.flatMap((account) => [
    ...(account.roles.length > 0 ? [accountTemplate(account)] : []),
    ...account.regions.flatMap((region) => keyTemplate(account, region)),
    ...(account.regions.length > 0 ? [eventTemplate(account)] : [])
  ]),
  template('organisation', parts.organisation, [
    variable('target_ids', 'set(string)', 'Root, units or accounts it binds'),
    block('resource "aws_organizations_policy" "sallyport"', {
      name: 'sallyport',
      description: 'Sallyport: data, grants, keys and roles stay as they were set up',
      type: 'SERVICE_CONTROL_POLICY',
      content: document(plan.organisation)
    }),
    block('resource "aws_organizations_policy_attachment" "sallyport"', {
      for_each: code('var.target_ids'),
      policy_id: code('aws_organizations_policy.sallyport.id'),
      target_id: code('each.value')
    })
  ])
]

const accountTemplate = (plan: AccountPlan): Template => {
  const broker = plan.roles.find(({ boundary }) => boundary === null)
  const blocks = plan.roles.flatMap((role) => roleBlocks(role, broker))
  return template(`${plan.account}-account`, parts.account(plan), blocks)
}

const roleBlocks = (role: RolePlan, broker: RolePlan | undefined): readonly string[] => {
  const { arn, description, trust, policies, boundary, maxSessionSeconds } = role
  const id = idOf(nameOf(arn))
  const waits = boundary !== null && broker !== undefined
  return [
    ...(boundary === null
      ? []
      : [
          block(`resource "aws_iam_policy" "${id}_boundary"`, {
            name: `${nameOf(arn)}-boundary`,
            policy: document(boundary)
          })
        ]),
    block(`resource "aws_iam_role" "${id}"`, {
      name: nameOf(arn),
      path: pathOf(arn),
      description,
      max_session_duration: maxSessionSeconds,
      ...(boundary === null
        ? {}
        : { permissions_boundary: code(`aws_iam_policy.${id}_boundary.arn`) }),
      assume_role_policy: document(trust),
      ...(waits ? { depends_on: code(`[aws_iam_role.${idOf(nameOf(broker.arn))}]`) } : {})
    }),
    ...Object.entries(policies).map(([name, policy]) =>
      block(`resource "aws_iam_role_policy" "${id}_${name.toLowerCase()}"`, {
        name,
        role: code(`aws_iam_role.${id}.id`),
        policy: document(policy)
      })
    )
  ]
}

const keyTemplate = (plan: AccountPlan, region: string): readonly Template[] => {
  const keys = plan.keys.filter(({ arn }) => arn.split(':')[3] === region)
  if (keys.length === 0) return []
  const blocks = keys.map(({ arn, policy }) =>
    block(`resource "aws_kms_key_policy" "key_${idOf(keyIdOf(arn))}"`, {
      key_id: arn,
      policy: document(policy)
    })
  )
  return [template(`${plan.account}-keys-${region}`, parts.keys(plan, region), blocks)]
}

const eventTemplate = (plan: AccountPlan): Template => {
  const about = parts.events(plan, iamEventsRegion(plan.partition))
  return template(`${plan.account}-events`, about, [
    variable('broker_url', 'string', 'Of the API, https'),
    variable('token_endpoint', 'string', 'Of the issuer, https'),
    variable('client_id', 'string', 'A subject of the directory with the role operator'),
    variable('client_secret', 'string', 'Its secret', true),
    `resource "aws_cloudwatch_event_connection" "broker" {
  name               = "sallyport"
  authorization_type = "OAUTH_CLIENT_CREDENTIALS"
  auth_parameters {
    oauth {
      authorization_endpoint = var.token_endpoint
      http_method            = "POST"
      client_parameters {
        client_id     = var.client_id
        client_secret = var.client_secret
      }
      oauth_http_parameters {
        body {
          key             = "grant_type"
          value           = "client_credentials"
          is_value_secret = false
        }
      }
    }
  }
}`,
    block('resource "aws_cloudwatch_event_api_destination" "broker"', {
      name: 'sallyport',
      connection_arn: code('aws_cloudwatch_event_connection.broker.arn'),
      http_method: 'POST',
      invocation_endpoint: code('"${var.broker_url}/v1/posture/events"'),
      invocation_rate_limit_per_second: 1
    }),
    block('resource "aws_iam_role" "sender"', {
      name_prefix: 'sallyport-events-',
      description: 'Sallyport: EventBridge tells the broker what changed',
      assume_role_policy: document({
        Version: '2012-10-17',
        Statement: [
          {
            Effect: 'Allow',
            Principal: { Service: 'events.amazonaws.com' },
            Action: 'sts:AssumeRole',
            Condition: { StringEquals: { 'aws:SourceAccount': plan.account } }
          }
        ]
      })
    }),
    block('resource "aws_iam_role_policy" "send"', {
      name: 'Send',
      role: code('aws_iam_role.sender.id'),
      policy: code(`jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = "events:InvokeApiDestination"
      Resource = aws_cloudwatch_event_api_destination.broker.arn
    }]
  })`)
    }),
    block('resource "aws_cloudwatch_event_rule" "changes"', {
      name: 'sallyport',
      description: 'Sallyport: what may open or close a finding',
      event_pattern: document(eventPattern)
    }),
    block('resource "aws_cloudwatch_event_target" "broker"', {
      rule: code('aws_cloudwatch_event_rule.changes.name'),
      arn: code('aws_cloudwatch_event_api_destination.broker.arn'),
      role_arn: code('aws_iam_role.sender.arn')
    })
  ])
}

/** What stands there as it is: a reference, a call. */
type Code = { readonly code: string }
const code = (text: string): Code => ({ code: text })

/** A document as its readable text; what a template would take for its own is escaped. */
const document = (value: object): Code => {
  const text = JSON.stringify(value, null, 2).replace(/([$%])\{/g, '$1$1{')
  return code(`<<-JSON\n${text.replace(/^/gm, '    ')}\n  JSON`)
}

const block = (head: string, values: Readonly<Record<string, string | number | Code>>): string => {
  const widest = Math.max(...Object.keys(values).map((name) => name.length))
  const lines = Object.entries(values).map(
    ([name, value]) => `  ${name.padEnd(widest)} = ${valueOf(value)}`
  )
  return `${head} {\n${lines.join('\n')}\n}`
}

const variable = (name: string, type: string, about: string, isSecret = false): string =>
  block(`variable "${name}"`, {
    type: code(type),
    description: about,
    ...(isSecret ? { sensitive: code('true') } : {})
  })

/** JSON's escapes are HCL's but for its own two. */
const valueOf = (value: string | number | Code): string => {
  if (typeof value === 'object') return value.code
  return JSON.stringify(value).replace(/([$%])\{/g, '$1$1{')
}

const idOf = (text: string): string => text.replace(/[^A-Za-z0-9]/g, '_').toLowerCase()

const template = (name: string, about: string, blocks: readonly string[]): Template => ({
  name,
  about,
  text: `# ${about}\n\n${blocks.join('\n\n')}\n`
})
