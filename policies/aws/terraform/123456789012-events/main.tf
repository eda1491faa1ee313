# Tells the broker what changes in account 123456789012. Apply it there in each of eu-west-1, us-east-1; IAM's changes are told in us-east-1 alone.

variable "broker_url" {
  type        = string
  description = "Of the API, https"
}

variable "token_endpoint" {
  type        = string
  description = "Of the issuer, https"
}

variable "client_id" {
  type        = string
  description = "A subject of the directory with the role operator"
}

variable "client_secret" {
  type        = string
  description = "Its secret"
  sensitive   = true
}

resource "aws_cloudwatch_event_connection" "broker" {
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
}

resource "aws_cloudwatch_event_api_destination" "broker" {
  name                             = "sallyport"
  connection_arn                   = aws_cloudwatch_event_connection.broker.arn
  http_method                      = "POST"
  invocation_endpoint              = "${var.broker_url}/v1/posture/events"
  invocation_rate_limit_per_second = 1
}

resource "aws_iam_role" "sender" {
  name_prefix        = "sallyport-events-"
  description        = "Sallyport: EventBridge tells the broker what changed"
  assume_role_policy = <<-JSON
    {
      "Version": "2012-10-17",
      "Statement": [
        {
          "Effect": "Allow",
          "Principal": {
            "Service": "events.amazonaws.com"
          },
          "Action": "sts:AssumeRole",
          "Condition": {
            "StringEquals": {
              "aws:SourceAccount": "123456789012"
            }
          }
        }
      ]
    }
  JSON
}

resource "aws_iam_role_policy" "send" {
  name   = "Send"
  role   = aws_iam_role.sender.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = "events:InvokeApiDestination"
      Resource = aws_cloudwatch_event_api_destination.broker.arn
    }]
  })
}

resource "aws_cloudwatch_event_rule" "changes" {
  name          = "sallyport"
  description   = "Sallyport: what may open or close a finding"
  event_pattern = <<-JSON
    {
      "source": [
        "aws.athena",
        "aws.kms",
        "aws.iam",
        "aws.s3",
        "aws.glue"
      ],
      "detail-type": [
        "AWS API Call via CloudTrail"
      ],
      "detail": {
        "eventName": [
          "AttachRolePolicy",
          "AttachUserPolicy",
          "CancelKeyDeletion",
          "CreateGrant",
          "CreatePolicyVersion",
          "CreateTable",
          "CreateWorkGroup",
          "DeleteBucketEncryption",
          "DeleteBucketPolicy",
          "DeleteRolePermissionsBoundary",
          "DeleteRolePolicy",
          "DeleteTable",
          "DeleteWorkGroup",
          "DetachRolePolicy",
          "DisableKey",
          "DisableKeyRotation",
          "EnableKey",
          "EnableKeyRotation",
          "PutBucketEncryption",
          "PutBucketPolicy",
          "PutKeyPolicy",
          "PutRolePermissionsBoundary",
          "PutRolePolicy",
          "PutUserPolicy",
          "ScheduleKeyDeletion",
          "SetDefaultPolicyVersion",
          "TagResource",
          "UntagResource",
          "UpdateAssumeRolePolicy",
          "UpdateRole",
          "UpdateTable",
          "UpdateWorkGroup"
        ]
      }
    }
  JSON
}

resource "aws_cloudwatch_event_target" "broker" {
  rule     = aws_cloudwatch_event_rule.changes.name
  arn      = aws_cloudwatch_event_api_destination.broker.arn
  role_arn = aws_iam_role.sender.arn
}
