# Policies of the keys of account 123456789012 in eu-west-1. Apply it there, after the roles.

resource "aws_kms_key_policy" "key_1a2b3c4d_0001_4000_8000_000000000001" {
  key_id = "arn:aws:kms:eu-west-1:123456789012:key/1a2b3c4d-0001-4000-8000-000000000001"
  policy = <<-JSON
    {
      "Version": "2012-10-17",
      "Statement": [
        {
          "Sid": "KeyAdmins",
          "Effect": "Allow",
          "Principal": {
            "AWS": "arn:aws:iam::123456789012:role/sallyport-key-admin"
          },
          "Action": [
            "kms:Describe*",
            "kms:List*",
            "kms:Get*",
            "kms:PutKeyPolicy",
            "kms:Enable*",
            "kms:Disable*",
            "kms:TagResource",
            "kms:UntagResource",
            "kms:RotateKeyOnDemand",
            "kms:RevokeGrant",
            "kms:ScheduleKeyDeletion",
            "kms:CancelKeyDeletion"
          ],
          "Resource": "*"
        },
        {
          "Sid": "BrokerCreatesDecryptGrantsForJitSessions",
          "Effect": "Allow",
          "Principal": {
            "AWS": "arn:aws:iam::123456789012:role/sallyport-broker"
          },
          "Resource": "*",
          "Action": "kms:CreateGrant",
          "Condition": {
            "StringLike": {
              "kms:GranteePrincipal": [
                "arn:aws:sts::123456789012:assumed-role/sallyport-claims/jit-*"
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
          "Sid": "BrokerEndsAndInspects",
          "Effect": "Allow",
          "Principal": {
            "AWS": "arn:aws:iam::123456789012:role/sallyport-broker"
          },
          "Resource": "*",
          "Action": [
            "kms:RevokeGrant",
            "kms:ListGrants",
            "kms:DescribeKey",
            "kms:GetKeyRotationStatus",
            "kms:GetKeyPolicy",
            "kms:ListResourceTags"
          ]
        },
        {
          "Effect": "Allow",
          "Principal": {
            "AWS": "arn:aws:iam::123456789012:role/acme-data-producer"
          },
          "Action": "kms:GenerateDataKey",
          "Resource": "*",
          "Condition": {
            "StringEquals": {
              "kms:ViaService": "s3.eu-west-1.amazonaws.com"
            }
          }
        },
        {
          "Sid": "BrokerNeverTouchesData",
          "Effect": "Deny",
          "Principal": {
            "AWS": "arn:aws:iam::123456789012:role/sallyport-broker"
          },
          "Resource": "*",
          "Action": [
            "kms:Decrypt",
            "kms:Encrypt",
            "kms:GenerateDataKey*",
            "kms:ReEncrypt*",
            "kms:PutKeyPolicy",
            "kms:DisableKey",
            "kms:ScheduleKeyDeletion"
          ]
        }
      ]
    }
  JSON
}

resource "aws_kms_key_policy" "key_1a2b3c4d_0001_4000_8000_000000000002" {
  key_id = "arn:aws:kms:eu-west-1:123456789012:key/1a2b3c4d-0001-4000-8000-000000000002"
  policy = <<-JSON
    {
      "Version": "2012-10-17",
      "Statement": [
        {
          "Sid": "KeyAdmins",
          "Effect": "Allow",
          "Principal": {
            "AWS": "arn:aws:iam::123456789012:role/sallyport-key-admin"
          },
          "Action": [
            "kms:Describe*",
            "kms:List*",
            "kms:Get*",
            "kms:PutKeyPolicy",
            "kms:Enable*",
            "kms:Disable*",
            "kms:TagResource",
            "kms:UntagResource",
            "kms:RotateKeyOnDemand",
            "kms:RevokeGrant",
            "kms:ScheduleKeyDeletion",
            "kms:CancelKeyDeletion"
          ],
          "Resource": "*"
        },
        {
          "Sid": "BrokerCreatesDecryptGrantsForJitSessions",
          "Effect": "Allow",
          "Principal": {
            "AWS": "arn:aws:iam::123456789012:role/sallyport-broker"
          },
          "Resource": "*",
          "Action": "kms:CreateGrant",
          "Condition": {
            "StringLike": {
              "kms:GranteePrincipal": [
                "arn:aws:sts::123456789012:assumed-role/sallyport-claims/jit-*"
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
          "Sid": "BrokerEndsAndInspects",
          "Effect": "Allow",
          "Principal": {
            "AWS": "arn:aws:iam::123456789012:role/sallyport-broker"
          },
          "Resource": "*",
          "Action": [
            "kms:RevokeGrant",
            "kms:ListGrants",
            "kms:DescribeKey",
            "kms:GetKeyRotationStatus",
            "kms:GetKeyPolicy",
            "kms:ListResourceTags"
          ]
        },
        {
          "Sid": "JitWritesResultsclaimspii",
          "Effect": "Allow",
          "Principal": {
            "AWS": "arn:aws:iam::123456789012:role/sallyport-claims"
          },
          "Action": "kms:GenerateDataKey",
          "Resource": "*",
          "Condition": {
            "StringEquals": {
              "kms:ViaService": "s3.eu-west-1.amazonaws.com",
              "kms:EncryptionContext:aws:s3:arn": "arn:aws:s3:::acme-athena-results"
            }
          }
        },
        {
          "Effect": "Allow",
          "Principal": {
            "AWS": "arn:aws:iam::123456789012:role/acme-data-producer"
          },
          "Action": "kms:GenerateDataKey",
          "Resource": "*",
          "Condition": {
            "StringEquals": {
              "kms:ViaService": "s3.eu-west-1.amazonaws.com"
            }
          }
        },
        {
          "Sid": "BrokerNeverTouchesData",
          "Effect": "Deny",
          "Principal": {
            "AWS": "arn:aws:iam::123456789012:role/sallyport-broker"
          },
          "Resource": "*",
          "Action": [
            "kms:Decrypt",
            "kms:Encrypt",
            "kms:GenerateDataKey*",
            "kms:ReEncrypt*",
            "kms:PutKeyPolicy",
            "kms:DisableKey",
            "kms:ScheduleKeyDeletion"
          ]
        }
      ]
    }
  JSON
}

resource "aws_kms_key_policy" "key_1a2b3c4d_0001_4000_8000_000000000003" {
  key_id = "arn:aws:kms:eu-west-1:123456789012:key/1a2b3c4d-0001-4000-8000-000000000003"
  policy = <<-JSON
    {
      "Version": "2012-10-17",
      "Statement": [
        {
          "Sid": "KeyAdmins",
          "Effect": "Allow",
          "Principal": {
            "AWS": "arn:aws:iam::123456789012:role/sallyport-key-admin"
          },
          "Action": [
            "kms:Describe*",
            "kms:List*",
            "kms:Get*",
            "kms:PutKeyPolicy",
            "kms:Enable*",
            "kms:Disable*",
            "kms:TagResource",
            "kms:UntagResource",
            "kms:RotateKeyOnDemand",
            "kms:RevokeGrant",
            "kms:ScheduleKeyDeletion",
            "kms:CancelKeyDeletion"
          ],
          "Resource": "*"
        },
        {
          "Sid": "BrokerCreatesDecryptGrantsForJitSessions",
          "Effect": "Allow",
          "Principal": {
            "AWS": "arn:aws:iam::123456789012:role/sallyport-broker"
          },
          "Resource": "*",
          "Action": "kms:CreateGrant",
          "Condition": {
            "StringLike": {
              "kms:GranteePrincipal": [
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
          "Sid": "BrokerEndsAndInspects",
          "Effect": "Allow",
          "Principal": {
            "AWS": "arn:aws:iam::123456789012:role/sallyport-broker"
          },
          "Resource": "*",
          "Action": [
            "kms:RevokeGrant",
            "kms:ListGrants",
            "kms:DescribeKey",
            "kms:GetKeyRotationStatus",
            "kms:GetKeyPolicy",
            "kms:ListResourceTags"
          ]
        },
        {
          "Sid": "JitWritesResultspaymentspii",
          "Effect": "Allow",
          "Principal": {
            "AWS": "arn:aws:iam::123456789012:role/sallyport-payments"
          },
          "Action": "kms:GenerateDataKey",
          "Resource": "*",
          "Condition": {
            "StringEquals": {
              "kms:ViaService": "s3.eu-west-1.amazonaws.com",
              "kms:EncryptionContext:aws:s3:arn": "arn:aws:s3:::acme-athena-results"
            }
          }
        },
        {
          "Effect": "Allow",
          "Principal": {
            "AWS": "arn:aws:iam::123456789012:role/acme-data-producer"
          },
          "Action": "kms:GenerateDataKey",
          "Resource": "*",
          "Condition": {
            "StringEquals": {
              "kms:ViaService": "s3.eu-west-1.amazonaws.com"
            }
          }
        },
        {
          "Sid": "BrokerNeverTouchesData",
          "Effect": "Deny",
          "Principal": {
            "AWS": "arn:aws:iam::123456789012:role/sallyport-broker"
          },
          "Resource": "*",
          "Action": [
            "kms:Decrypt",
            "kms:Encrypt",
            "kms:GenerateDataKey*",
            "kms:ReEncrypt*",
            "kms:PutKeyPolicy",
            "kms:DisableKey",
            "kms:ScheduleKeyDeletion"
          ]
        }
      ]
    }
  JSON
}
