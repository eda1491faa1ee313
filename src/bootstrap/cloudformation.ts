/**
 * The plan as CloudFormation templates. A key that there is already cannot be changed by a template
 * of another stack: it has to be imported, for which it is retained whatever becomes of the stack.
 * Source: CloudFormation Template Reference for AWS::IAM, AWS::KMS, AWS::Events,
 * AWS::Organizations.
 */
import { stringify } from 'yaml'
import { eventPattern, iamEventsRegion } from './events.ts'
import type { AccountPlan, Plan, RolePlan } from './plan.ts'
import { type Template, camel, keyIdOf, nameOf, parts, pathOf } from './template.ts'

type Json = Readonly<Record<string, unknown>>

/** One for each account, one for each Region's keys, one for events, one for the organisation. */
export const cloudformation = (plan: Plan): readonly Template[] => [
  ...plan.accounts.flatMap((account) => [
    ...(account.roles.length > 0 ? [accountTemplate(account)] : []),
    ...account.regions.flatMap((region) => keyTemplate(account, region)),
    ...(account.regions.length > 0 ? [eventTemplate(account)] : [])
  ]),
  template('organisation', parts.organisation, {
    Parameters: {
      TargetIds: { Type: 'CommaDelimitedList', Description: 'Root, units or accounts it binds' }
    },
    Resources: {
      Policy: {
        Type: 'AWS::Organizations::Policy',
        Properties: {
          Name: 'sallyport',
          Description: 'Sallyport: data, grants, keys and roles stay as they were set up',
          Type: 'SERVICE_CONTROL_POLICY',
          TargetIds: { Ref: 'TargetIds' },
          Content: plan.organisation
        }
      }
    }
  })
]

const accountTemplate = (plan: AccountPlan): Template => {
  const broker = plan.roles.find(({ boundary }) => boundary === null)
  const made = plan.roles.map((role) => roleResources(role, broker))
  return template(`${plan.account}-account`, parts.account(plan), {
    Resources: Object.assign({}, ...made)
  })
}

const roleResources = (role: RolePlan, broker: RolePlan | undefined): Json => {
  const { arn, description, trust, policies, boundary, maxSessionSeconds } = role
  const id = camel(nameOf(arn))
  return {
    ...(boundary === null
      ? {}
      : {
          [`${id}Boundary`]: {
            Type: 'AWS::IAM::ManagedPolicy',
            Properties: { ManagedPolicyName: `${nameOf(arn)}-boundary`, PolicyDocument: boundary }
          }
        }),
    [id]: {
      Type: 'AWS::IAM::Role',
      // a trust policy is refused whose principal is not there
      ...(boundary === null || broker === undefined
        ? {}
        : { DependsOn: camel(nameOf(broker.arn)) }),
      Properties: {
        RoleName: nameOf(arn),
        Path: pathOf(arn),
        Description: description,
        MaxSessionDuration: maxSessionSeconds,
        AssumeRolePolicyDocument: trust,
        ...(boundary === null ? {} : { PermissionsBoundary: { Ref: `${id}Boundary` } }),
        Policies: Object.entries(policies).map(([PolicyName, PolicyDocument]) => ({
          PolicyName,
          PolicyDocument
        }))
      }
    }
  }
}

const keyTemplate = (plan: AccountPlan, region: string): readonly Template[] => {
  const keys = plan.keys.filter(({ arn }) => arn.split(':')[3] === region)
  if (keys.length === 0) return []
  const resources = keys.map(({ arn, policy }) => [
    `Key${camel(keyIdOf(arn))}`,
    {
      Type: 'AWS::KMS::Key',
      DeletionPolicy: 'Retain',
      UpdateReplacePolicy: 'Retain',
      Metadata: { Import: `KeyId ${keyIdOf(arn)}: create-change-set --change-set-type IMPORT` },
      Properties: {
        Description: 'Sallyport: data or results of a target',
        EnableKeyRotation: true,
        KeyPolicy: policy
      }
    }
  ])
  const name = `${plan.account}-keys-${region}`
  return [template(name, parts.keys(plan, region), { Resources: Object.fromEntries(resources) })]
}

const eventTemplate = (plan: AccountPlan): Template => {
  const about = parts.events(plan, iamEventsRegion(plan.partition))
  return template(`${plan.account}-events`, about, {
    Parameters: {
      BrokerUrl: { Type: 'String', AllowedPattern: '^https://.+', Description: 'Of the API' },
      TokenEndpoint: {
        Type: 'String',
        AllowedPattern: '^https://.+',
        Description: 'Of the issuer'
      },
      ClientId: {
        Type: 'String',
        Description: 'A subject of the directory with the role operator'
      },
      ClientSecret: { Type: 'String', NoEcho: true }
    },
    Resources: {
      Connection: {
        Type: 'AWS::Events::Connection',
        Properties: {
          AuthorizationType: 'OAUTH_CLIENT_CREDENTIALS',
          AuthParameters: {
            OAuthParameters: {
              AuthorizationEndpoint: { Ref: 'TokenEndpoint' },
              HttpMethod: 'POST',
              ClientParameters: {
                ClientID: { Ref: 'ClientId' },
                ClientSecret: { Ref: 'ClientSecret' }
              },
              OAuthHttpParameters: {
                BodyParameters: [
                  { Key: 'grant_type', Value: 'client_credentials', IsValueSecret: false }
                ]
              }
            }
          }
        }
      },
      Destination: {
        Type: 'AWS::Events::ApiDestination',
        Properties: {
          ConnectionArn: { 'Fn::GetAtt': ['Connection', 'Arn'] },
          HttpMethod: 'POST',
          InvocationEndpoint: { 'Fn::Sub': '${BrokerUrl}/v1/posture/events' },
          InvocationRateLimitPerSecond: 1
        }
      },
      Sender: {
        Type: 'AWS::IAM::Role',
        Properties: {
          Description: 'Sallyport: EventBridge tells the broker what changed',
          AssumeRolePolicyDocument: {
            Version: '2012-10-17',
            Statement: [
              {
                Effect: 'Allow',
                Principal: { Service: 'events.amazonaws.com' },
                Action: 'sts:AssumeRole',
                Condition: { StringEquals: { 'aws:SourceAccount': plan.account } }
              }
            ]
          },
          Policies: [
            {
              PolicyName: 'Send',
              PolicyDocument: {
                Version: '2012-10-17',
                Statement: [
                  {
                    Effect: 'Allow',
                    Action: 'events:InvokeApiDestination',
                    Resource: { 'Fn::GetAtt': ['Destination', 'Arn'] }
                  }
                ]
              }
            }
          ]
        }
      },
      Changes: {
        Type: 'AWS::Events::Rule',
        Properties: {
          Description: 'Sallyport: what may open or close a finding',
          EventPattern: eventPattern,
          Targets: [
            {
              Id: 'broker',
              Arn: { 'Fn::GetAtt': ['Destination', 'Arn'] },
              RoleArn: { 'Fn::GetAtt': ['Sender', 'Arn'] }
            }
          ]
        }
      }
    }
  })
}

const template = (name: string, about: string, body: Json): Template => ({
  name,
  about,
  text: stringify(
    { AWSTemplateFormatVersion: '2010-09-09', Description: about, ...body },
    // CloudFormation reads YAML 1.1, where a date that is not quoted is no text
    { version: '1.1', lineWidth: 100, aliasDuplicateObjects: false }
  )
})
