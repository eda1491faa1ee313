# Roles of account 123456789012. Apply it there once, in any Region, before the keys.

resource "aws_iam_role" "sallyport_broker" {
  name                 = "sallyport-broker"
  path                 = "/"
  description          = "Sallyport: issues sessions, makes and ends grants, never reads data"
  max_session_duration = 43200
  assume_role_policy   = <<-JSON
    {
      "Version": "2012-10-17",
      "Statement": [
        {
          "Effect": "Allow",
          "Principal": {
            "Service": "ecs-tasks.amazonaws.com"
          },
          "Action": "sts:AssumeRole"
        }
      ]
    }
  JSON
}

resource "aws_iam_role_policy" "sallyport_broker_broker" {
  name   = "Broker"
  role   = aws_iam_role.sallyport_broker.id
  policy = <<-JSON
    {
      "Version": "2012-10-17",
      "Statement": [
        {
          "Sid": "Mint",
          "Effect": "Allow",
          "Action": [
            "sts:AssumeRole",
            "sts:TagSession",
            "sts:SetSourceIdentity"
          ],
          "Resource": [
            "arn:aws:iam::123456789012:role/sallyport-claims",
            "arn:aws:iam::123456789012:role/sallyport-payments"
          ]
        },
        {
          "Sid": "Grant",
          "Effect": "Allow",
          "Action": "kms:CreateGrant",
          "Resource": [
            "arn:aws:kms:eu-west-1:123456789012:key/1a2b3c4d-0001-4000-8000-000000000001",
            "arn:aws:kms:eu-west-1:123456789012:key/1a2b3c4d-0001-4000-8000-000000000002",
            "arn:aws:kms:eu-west-1:123456789012:key/1a2b3c4d-0001-4000-8000-000000000003"
          ],
          "Condition": {
            "StringLike": {
              "kms:GranteePrincipal": [
                "arn:aws:sts::123456789012:assumed-role/sallyport-claims/jit-*",
                "arn:aws:sts::123456789012:assumed-role/sallyport-payments/jit-*"
              ]
            },
            "StringEquals": {
              "kms:RetiringPrincipal": "arn:aws:iam::123456789012:role/sallyport-broker"
            },
            "ForAllValues:StringEquals": {
              "kms:GrantOperations": [
                "Decrypt"
              ]
            },
            "Null": {
              "kms:GrantOperations": "false"
            }
          }
        },
        {
          "Sid": "Ungrant",
          "Effect": "Allow",
          "Action": [
            "kms:RevokeGrant",
            "kms:ListGrants"
          ],
          "Resource": [
            "arn:aws:kms:eu-west-1:123456789012:key/1a2b3c4d-0001-4000-8000-000000000001",
            "arn:aws:kms:eu-west-1:123456789012:key/1a2b3c4d-0001-4000-8000-000000000002",
            "arn:aws:kms:eu-west-1:123456789012:key/1a2b3c4d-0001-4000-8000-000000000003"
          ]
        },
        {
          "Sid": "FindMine",
          "Effect": "Allow",
          "Action": "kms:ListRetirableGrants",
          "Resource": "*"
        },
        {
          "Sid": "Athena",
          "Effect": "Allow",
          "Action": [
            "athena:ListQueryExecutions",
            "athena:BatchGetQueryExecution",
            "athena:GetQueryExecution",
            "athena:GetQueryRuntimeStatistics",
            "athena:StopQueryExecution"
          ],
          "Resource": [
            "arn:aws:athena:eu-west-1:123456789012:workgroup/claims-pii",
            "arn:aws:athena:eu-west-1:123456789012:workgroup/payments-pii"
          ]
        },
        {
          "Sid": "Catalog",
          "Effect": "Allow",
          "Action": "glue:GetTables",
          "Resource": [
            "arn:aws:glue:eu-west-1:123456789012:catalog",
            "arn:aws:glue:eu-west-1:123456789012:database/claims",
            "arn:aws:glue:eu-west-1:123456789012:table/claims/customers",
            "arn:aws:glue:eu-west-1:123456789012:table/claims/claims",
            "arn:aws:glue:eu-west-1:123456789012:database/payments",
            "arn:aws:glue:eu-west-1:123456789012:table/payments/payments"
          ]
        },
        {
          "Sid": "Lock",
          "Effect": "Allow",
          "Action": [
            "iam:GetRolePolicy",
            "iam:PutRolePolicy",
            "iam:DeleteRolePolicy"
          ],
          "Resource": [
            "arn:aws:iam::123456789012:role/sallyport-claims",
            "arn:aws:iam::123456789012:role/sallyport-payments"
          ]
        },
        {
          "Sid": "NeverData",
          "Effect": "Deny",
          "Action": [
            "kms:Decrypt",
            "kms:Encrypt",
            "kms:GenerateDataKey*",
            "kms:ReEncrypt*",
            "kms:PutKeyPolicy",
            "kms:DisableKey",
            "kms:ScheduleKeyDeletion",
            "athena:StartQueryExecution",
            "athena:GetQueryResults*",
            "iam:UpdateAssumeRolePolicy",
            "iam:DeleteRolePermissionsBoundary",
            "iam:PutRolePermissionsBoundary",
            "iam:AttachRolePolicy",
            "iam:PassRole"
          ],
          "Resource": "*"
        }
      ]
    }
  JSON
}

resource "aws_iam_role_policy" "sallyport_broker_collector" {
  name   = "Collector"
  role   = aws_iam_role.sallyport_broker.id
  policy = <<-JSON
    {
      "Version": "2012-10-17",
      "Statement": [
        {
          "Sid": "List",
          "Effect": "Allow",
          "Action": [
            "athena:ListWorkGroups",
            "kms:ListKeys",
            "kms:ListAliases",
            "iam:GetAccountAuthorizationDetails",
            "iam:ListRoles"
          ],
          "Resource": "*"
        },
        {
          "Sid": "Workgroups",
          "Effect": "Allow",
          "Action": [
            "athena:GetWorkGroup",
            "athena:ListTagsForResource",
            "athena:ListQueryExecutions",
            "athena:BatchGetQueryExecution"
          ],
          "Resource": [
            "arn:aws:athena:eu-west-1:123456789012:workgroup/*"
          ]
        },
        {
          "Sid": "Keys",
          "Effect": "Allow",
          "Action": [
            "kms:DescribeKey",
            "kms:GetKeyRotationStatus",
            "kms:GetKeyPolicy",
            "kms:ListResourceTags",
            "kms:ListGrants"
          ],
          "Resource": [
            "arn:aws:kms:eu-west-1:123456789012:key/*"
          ]
        },
        {
          "Sid": "Tables",
          "Effect": "Allow",
          "Action": [
            "glue:GetDatabases",
            "glue:GetTables"
          ],
          "Resource": [
            "arn:aws:glue:eu-west-1:123456789012:catalog",
            "arn:aws:glue:eu-west-1:123456789012:database/*",
            "arn:aws:glue:eu-west-1:123456789012:table/*"
          ]
        },
        {
          "Sid": "Buckets",
          "Effect": "Allow",
          "Action": [
            "s3:GetBucketLocation",
            "s3:GetEncryptionConfiguration",
            "s3:GetBucketPolicy"
          ],
          "Resource": [
            "arn:aws:s3:::*"
          ]
        }
      ]
    }
  JSON
}

resource "aws_iam_policy" "sallyport_claims_boundary" {
  name   = "sallyport-claims-boundary"
  policy = <<-JSON
    {
      "Version": "2012-10-17",
      "Statement": [
        {
          "Sid": "MaxQueries",
          "Effect": "Allow",
          "Action": [
            "athena:StartQueryExecution",
            "athena:StopQueryExecution",
            "athena:GetQueryExecution",
            "athena:GetQueryResults",
            "athena:GetQueryResultsStream",
            "athena:GetQueryRuntimeStatistics",
            "athena:GetWorkGroup"
          ],
          "Resource": [
            "arn:aws:athena:eu-west-1:123456789012:workgroup/claims-pii"
          ]
        },
        {
          "Sid": "MaxCatalog",
          "Effect": "Allow",
          "Action": [
            "glue:GetDatabase",
            "glue:GetTable",
            "glue:GetTables",
            "glue:GetPartition",
            "glue:GetPartitions",
            "glue:BatchGetPartition"
          ],
          "Resource": [
            "arn:aws:glue:eu-west-1:123456789012:catalog",
            "arn:aws:glue:eu-west-1:123456789012:database/default",
            "arn:aws:glue:eu-west-1:123456789012:database/claims",
            "arn:aws:glue:eu-west-1:123456789012:table/claims/customers",
            "arn:aws:glue:eu-west-1:123456789012:table/claims/claims"
          ]
        },
        {
          "Sid": "MaxData",
          "Effect": "Allow",
          "Action": [
            "s3:GetObject",
            "s3:ListBucket",
            "s3:GetBucketLocation"
          ],
          "Resource": [
            "arn:aws:s3:::acme-claims",
            "arn:aws:s3:::acme-claims/curated/*"
          ],
          "Condition": {
            "ForAnyValue:StringEquals": {
              "aws:CalledVia": "athena.amazonaws.com"
            }
          }
        },
        {
          "Sid": "MaxResults",
          "Effect": "Allow",
          "Action": [
            "s3:GetObject",
            "s3:PutObject",
            "s3:GetBucketLocation",
            "s3:AbortMultipartUpload",
            "s3:ListMultipartUploadParts",
            "s3:ListBucketMultipartUploads"
          ],
          "Resource": [
            "arn:aws:s3:::acme-athena-results",
            "arn:aws:s3:::acme-athena-results/claims-pii/*"
          ]
        },
        {
          "Sid": "MaxKeys",
          "Effect": "Allow",
          "Action": [
            "kms:Decrypt",
            "kms:GenerateDataKey"
          ],
          "Resource": [
            "arn:aws:kms:eu-west-1:123456789012:key/1a2b3c4d-0001-4000-8000-000000000001",
            "arn:aws:kms:eu-west-1:123456789012:key/1a2b3c4d-0001-4000-8000-000000000002"
          ]
        }
      ]
    }
  JSON
}

resource "aws_iam_role" "sallyport_claims" {
  name                 = "sallyport-claims"
  path                 = "/"
  description          = "Sallyport: sessions for claims-pii"
  max_session_duration = 3600
  permissions_boundary = aws_iam_policy.sallyport_claims_boundary.arn
  assume_role_policy   = <<-JSON
    {
      "Version": "2012-10-17",
      "Statement": [
        {
          "Sid": "OnlyBroker",
          "Effect": "Allow",
          "Principal": {
            "AWS": "arn:aws:iam::123456789012:role/sallyport-broker"
          },
          "Action": "sts:AssumeRole",
          "Condition": {
            "StringLike": {
              "sts:RoleSessionName": "jit-*",
              "sts:SourceIdentity": "?*"
            }
          }
        },
        {
          "Sid": "Identity",
          "Effect": "Allow",
          "Principal": {
            "AWS": "arn:aws:iam::123456789012:role/sallyport-broker"
          },
          "Action": "sts:SetSourceIdentity",
          "Condition": {
            "StringLike": {
              "sts:SourceIdentity": "?*"
            }
          }
        },
        {
          "Sid": "Tags",
          "Effect": "Allow",
          "Principal": {
            "AWS": "arn:aws:iam::123456789012:role/sallyport-broker"
          },
          "Action": "sts:TagSession",
          "Condition": {
            "ForAllValues:StringEquals": {
              "aws:TagKeys": [
                "jit:request",
                "jit:workgroup"
              ]
            },
            "StringLike": {
              "aws:RequestTag/jit:request": "?*"
            }
          }
        }
      ]
    }
  JSON
  depends_on           = [aws_iam_role.sallyport_broker]
}

resource "aws_iam_role_policy" "sallyport_claims_jitmaximum" {
  name   = "JitMaximum"
  role   = aws_iam_role.sallyport_claims.id
  policy = <<-JSON
    {
      "Version": "2012-10-17",
      "Statement": [
        {
          "Sid": "MaxQueries",
          "Effect": "Allow",
          "Action": [
            "athena:StartQueryExecution",
            "athena:StopQueryExecution",
            "athena:GetQueryExecution",
            "athena:GetQueryResults",
            "athena:GetQueryResultsStream",
            "athena:GetQueryRuntimeStatistics",
            "athena:GetWorkGroup"
          ],
          "Resource": [
            "arn:aws:athena:eu-west-1:123456789012:workgroup/claims-pii"
          ]
        },
        {
          "Sid": "MaxCatalog",
          "Effect": "Allow",
          "Action": [
            "glue:GetDatabase",
            "glue:GetTable",
            "glue:GetTables",
            "glue:GetPartition",
            "glue:GetPartitions",
            "glue:BatchGetPartition"
          ],
          "Resource": [
            "arn:aws:glue:eu-west-1:123456789012:catalog",
            "arn:aws:glue:eu-west-1:123456789012:database/default",
            "arn:aws:glue:eu-west-1:123456789012:database/claims",
            "arn:aws:glue:eu-west-1:123456789012:table/claims/customers",
            "arn:aws:glue:eu-west-1:123456789012:table/claims/claims"
          ]
        },
        {
          "Sid": "MaxData",
          "Effect": "Allow",
          "Action": [
            "s3:GetObject",
            "s3:ListBucket",
            "s3:GetBucketLocation"
          ],
          "Resource": [
            "arn:aws:s3:::acme-claims",
            "arn:aws:s3:::acme-claims/curated/*"
          ],
          "Condition": {
            "ForAnyValue:StringEquals": {
              "aws:CalledVia": "athena.amazonaws.com"
            }
          }
        },
        {
          "Sid": "MaxResults",
          "Effect": "Allow",
          "Action": [
            "s3:GetObject",
            "s3:PutObject",
            "s3:GetBucketLocation",
            "s3:AbortMultipartUpload",
            "s3:ListMultipartUploadParts",
            "s3:ListBucketMultipartUploads"
          ],
          "Resource": [
            "arn:aws:s3:::acme-athena-results",
            "arn:aws:s3:::acme-athena-results/claims-pii/*"
          ]
        },
        {
          "Sid": "KmsOnlyViaDataServices",
          "Effect": "Deny",
          "Action": "kms:*",
          "Resource": "*",
          "Condition": {
            "StringNotEquals": {
              "kms:ViaService": [
                "s3.eu-west-1.amazonaws.com",
                "athena.eu-west-1.amazonaws.com",
                "glue.eu-west-1.amazonaws.com"
              ]
            }
          }
        },
        {
          "Sid": "NothingElse",
          "Effect": "Deny",
          "NotAction": [
            "athena:StartQueryExecution",
            "athena:StopQueryExecution",
            "athena:GetQuery*",
            "athena:GetWorkGroup",
            "glue:Get*",
            "glue:BatchGetPartition",
            "s3:GetObject",
            "s3:PutObject",
            "s3:AbortMultipartUpload",
            "s3:ListMultipartUploadParts",
            "s3:ListBucket",
            "s3:ListBucketMultipartUploads",
            "s3:GetBucketLocation",
            "kms:Decrypt",
            "kms:GenerateDataKey"
          ],
          "Resource": "*"
        },
        {
          "Sid": "Tls",
          "Effect": "Deny",
          "Action": "*",
          "Resource": "*",
          "Condition": {
            "Bool": {
              "aws:SecureTransport": "false"
            }
          }
        }
      ]
    }
  JSON
}

resource "aws_iam_policy" "sallyport_payments_boundary" {
  name   = "sallyport-payments-boundary"
  policy = <<-JSON
    {
      "Version": "2012-10-17",
      "Statement": [
        {
          "Sid": "MaxQueries",
          "Effect": "Allow",
          "Action": [
            "athena:StartQueryExecution",
            "athena:StopQueryExecution",
            "athena:GetQueryExecution",
            "athena:GetQueryResults",
            "athena:GetQueryResultsStream",
            "athena:GetQueryRuntimeStatistics",
            "athena:GetWorkGroup"
          ],
          "Resource": [
            "arn:aws:athena:eu-west-1:123456789012:workgroup/payments-pii"
          ]
        },
        {
          "Sid": "MaxCatalog",
          "Effect": "Allow",
          "Action": [
            "glue:GetDatabase",
            "glue:GetTable",
            "glue:GetTables",
            "glue:GetPartition",
            "glue:GetPartitions",
            "glue:BatchGetPartition"
          ],
          "Resource": [
            "arn:aws:glue:eu-west-1:123456789012:catalog",
            "arn:aws:glue:eu-west-1:123456789012:database/default",
            "arn:aws:glue:eu-west-1:123456789012:database/payments",
            "arn:aws:glue:eu-west-1:123456789012:table/payments/payments"
          ]
        },
        {
          "Sid": "MaxData",
          "Effect": "Allow",
          "Action": [
            "s3:GetObject",
            "s3:ListBucket",
            "s3:GetBucketLocation"
          ],
          "Resource": [
            "arn:aws:s3:::acme-payments",
            "arn:aws:s3:::acme-payments/curated/*"
          ],
          "Condition": {
            "ForAnyValue:StringEquals": {
              "aws:CalledVia": "athena.amazonaws.com"
            }
          }
        },
        {
          "Sid": "MaxResults",
          "Effect": "Allow",
          "Action": [
            "s3:GetObject",
            "s3:PutObject",
            "s3:GetBucketLocation",
            "s3:AbortMultipartUpload",
            "s3:ListMultipartUploadParts",
            "s3:ListBucketMultipartUploads"
          ],
          "Resource": [
            "arn:aws:s3:::acme-athena-results",
            "arn:aws:s3:::acme-athena-results/payments-pii/*"
          ]
        },
        {
          "Sid": "MaxKeys",
          "Effect": "Allow",
          "Action": [
            "kms:Decrypt",
            "kms:GenerateDataKey"
          ],
          "Resource": [
            "arn:aws:kms:eu-west-1:123456789012:key/1a2b3c4d-0001-4000-8000-000000000003"
          ]
        }
      ]
    }
  JSON
}

resource "aws_iam_role" "sallyport_payments" {
  name                 = "sallyport-payments"
  path                 = "/"
  description          = "Sallyport: sessions for payments-pii"
  max_session_duration = 3600
  permissions_boundary = aws_iam_policy.sallyport_payments_boundary.arn
  assume_role_policy   = <<-JSON
    {
      "Version": "2012-10-17",
      "Statement": [
        {
          "Sid": "OnlyBroker",
          "Effect": "Allow",
          "Principal": {
            "AWS": "arn:aws:iam::123456789012:role/sallyport-broker"
          },
          "Action": "sts:AssumeRole",
          "Condition": {
            "StringLike": {
              "sts:RoleSessionName": "jit-*",
              "sts:SourceIdentity": "?*"
            }
          }
        },
        {
          "Sid": "Identity",
          "Effect": "Allow",
          "Principal": {
            "AWS": "arn:aws:iam::123456789012:role/sallyport-broker"
          },
          "Action": "sts:SetSourceIdentity",
          "Condition": {
            "StringLike": {
              "sts:SourceIdentity": "?*"
            }
          }
        },
        {
          "Sid": "Tags",
          "Effect": "Allow",
          "Principal": {
            "AWS": "arn:aws:iam::123456789012:role/sallyport-broker"
          },
          "Action": "sts:TagSession",
          "Condition": {
            "ForAllValues:StringEquals": {
              "aws:TagKeys": [
                "jit:request",
                "jit:workgroup"
              ]
            },
            "StringLike": {
              "aws:RequestTag/jit:request": "?*"
            }
          }
        }
      ]
    }
  JSON
  depends_on           = [aws_iam_role.sallyport_broker]
}

resource "aws_iam_role_policy" "sallyport_payments_jitmaximum" {
  name   = "JitMaximum"
  role   = aws_iam_role.sallyport_payments.id
  policy = <<-JSON
    {
      "Version": "2012-10-17",
      "Statement": [
        {
          "Sid": "MaxQueries",
          "Effect": "Allow",
          "Action": [
            "athena:StartQueryExecution",
            "athena:StopQueryExecution",
            "athena:GetQueryExecution",
            "athena:GetQueryResults",
            "athena:GetQueryResultsStream",
            "athena:GetQueryRuntimeStatistics",
            "athena:GetWorkGroup"
          ],
          "Resource": [
            "arn:aws:athena:eu-west-1:123456789012:workgroup/payments-pii"
          ]
        },
        {
          "Sid": "MaxCatalog",
          "Effect": "Allow",
          "Action": [
            "glue:GetDatabase",
            "glue:GetTable",
            "glue:GetTables",
            "glue:GetPartition",
            "glue:GetPartitions",
            "glue:BatchGetPartition"
          ],
          "Resource": [
            "arn:aws:glue:eu-west-1:123456789012:catalog",
            "arn:aws:glue:eu-west-1:123456789012:database/default",
            "arn:aws:glue:eu-west-1:123456789012:database/payments",
            "arn:aws:glue:eu-west-1:123456789012:table/payments/payments"
          ]
        },
        {
          "Sid": "MaxData",
          "Effect": "Allow",
          "Action": [
            "s3:GetObject",
            "s3:ListBucket",
            "s3:GetBucketLocation"
          ],
          "Resource": [
            "arn:aws:s3:::acme-payments",
            "arn:aws:s3:::acme-payments/curated/*"
          ],
          "Condition": {
            "ForAnyValue:StringEquals": {
              "aws:CalledVia": "athena.amazonaws.com"
            }
          }
        },
        {
          "Sid": "MaxResults",
          "Effect": "Allow",
          "Action": [
            "s3:GetObject",
            "s3:PutObject",
            "s3:GetBucketLocation",
            "s3:AbortMultipartUpload",
            "s3:ListMultipartUploadParts",
            "s3:ListBucketMultipartUploads"
          ],
          "Resource": [
            "arn:aws:s3:::acme-athena-results",
            "arn:aws:s3:::acme-athena-results/payments-pii/*"
          ]
        },
        {
          "Sid": "KmsOnlyViaDataServices",
          "Effect": "Deny",
          "Action": "kms:*",
          "Resource": "*",
          "Condition": {
            "StringNotEquals": {
              "kms:ViaService": [
                "s3.eu-west-1.amazonaws.com",
                "athena.eu-west-1.amazonaws.com",
                "glue.eu-west-1.amazonaws.com"
              ]
            }
          }
        },
        {
          "Sid": "NothingElse",
          "Effect": "Deny",
          "NotAction": [
            "athena:StartQueryExecution",
            "athena:StopQueryExecution",
            "athena:GetQuery*",
            "athena:GetWorkGroup",
            "glue:Get*",
            "glue:BatchGetPartition",
            "s3:GetObject",
            "s3:PutObject",
            "s3:AbortMultipartUpload",
            "s3:ListMultipartUploadParts",
            "s3:ListBucket",
            "s3:ListBucketMultipartUploads",
            "s3:GetBucketLocation",
            "kms:Decrypt",
            "kms:GenerateDataKey"
          ],
          "Resource": "*"
        },
        {
          "Sid": "Tls",
          "Effect": "Deny",
          "Action": "*",
          "Resource": "*",
          "Condition": {
            "Bool": {
              "aws:SecureTransport": "false"
            }
          }
        }
      ]
    }
  JSON
}
