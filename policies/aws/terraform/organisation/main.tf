# Service control policy. Apply it in the management account, to what holds the accounts.

variable "target_ids" {
  type        = set(string)
  description = "Root, units or accounts it binds"
}

resource "aws_organizations_policy" "sallyport" {
  name        = "sallyport"
  description = "Sallyport: data, grants, keys and roles stay as they were set up"
  type        = "SERVICE_CONTROL_POLICY"
  content     = <<-JSON
    {
      "Version": "2012-10-17",
      "Statement": [
        {
          "Sid": "DataForItsRolesAlone",
          "Effect": "Deny",
          "Action": "s3:GetObject*",
          "Resource": [
            "arn:aws:s3:::acme-claims/curated/*",
            "arn:aws:s3:::acme-payments/curated/*",
            "arn:aws:s3:::acme-athena-results/claims-pii/*",
            "arn:aws:s3:::acme-athena-results/payments-pii/*"
          ],
          "Condition": {
            "ArnNotLike": {
              "aws:PrincipalArn": [
                "arn:aws:iam::123456789012:role/sallyport-claims",
                "arn:aws:iam::123456789012:role/sallyport-payments",
                "arn:aws:iam::123456789012:role/acme-data-producer"
              ]
            }
          }
        },
        {
          "Sid": "GrantsByTheBrokerAlone",
          "Effect": "Deny",
          "Action": "kms:CreateGrant",
          "Resource": [
            "arn:aws:kms:eu-west-1:123456789012:key/1a2b3c4d-0001-4000-8000-000000000001",
            "arn:aws:kms:eu-west-1:123456789012:key/1a2b3c4d-0001-4000-8000-000000000002",
            "arn:aws:kms:eu-west-1:123456789012:key/1a2b3c4d-0001-4000-8000-000000000003"
          ],
          "Condition": {
            "ArnNotLike": {
              "aws:PrincipalArn": [
                "arn:aws:iam::123456789012:role/sallyport-broker"
              ]
            }
          }
        },
        {
          "Sid": "KeysAsTheyAre",
          "Effect": "Deny",
          "Action": [
            "kms:PutKeyPolicy",
            "kms:DisableKey",
            "kms:DisableKeyRotation",
            "kms:ScheduleKeyDeletion",
            "kms:DeleteImportedKeyMaterial"
          ],
          "Resource": [
            "arn:aws:kms:eu-west-1:123456789012:key/1a2b3c4d-0001-4000-8000-000000000001",
            "arn:aws:kms:eu-west-1:123456789012:key/1a2b3c4d-0001-4000-8000-000000000002",
            "arn:aws:kms:eu-west-1:123456789012:key/1a2b3c4d-0001-4000-8000-000000000003"
          ],
          "Condition": {
            "ArnNotLike": {
              "aws:PrincipalArn": [
                "arn:aws:iam::123456789012:role/sallyport-key-admin"
              ]
            }
          }
        },
        {
          "Sid": "RolesAsTheyAre",
          "Effect": "Deny",
          "Action": [
            "iam:UpdateAssumeRolePolicy",
            "iam:PutRolePermissionsBoundary",
            "iam:DeleteRolePermissionsBoundary",
            "iam:AttachRolePolicy",
            "iam:DetachRolePolicy",
            "iam:UpdateRole",
            "iam:DeleteRole"
          ],
          "Resource": [
            "arn:aws:iam::123456789012:role/sallyport-claims",
            "arn:aws:iam::123456789012:role/sallyport-payments",
            "arn:aws:iam::123456789012:role/sallyport-broker"
          ],
          "Condition": {
            "ArnNotLike": {
              "aws:PrincipalArn": [
                "arn:aws:iam::123456789012:role/sallyport-key-admin"
              ]
            }
          }
        },
        {
          "Sid": "DeniesByTheBroker",
          "Effect": "Deny",
          "Action": [
            "iam:PutRolePolicy",
            "iam:DeleteRolePolicy"
          ],
          "Resource": [
            "arn:aws:iam::123456789012:role/sallyport-claims",
            "arn:aws:iam::123456789012:role/sallyport-payments",
            "arn:aws:iam::123456789012:role/sallyport-broker"
          ],
          "Condition": {
            "ArnNotLike": {
              "aws:PrincipalArn": [
                "arn:aws:iam::123456789012:role/sallyport-key-admin",
                "arn:aws:iam::123456789012:role/sallyport-broker"
              ]
            }
          }
        },
        {
          "Sid": "BoundariesAsTheyAre",
          "Effect": "Deny",
          "Action": [
            "iam:CreatePolicyVersion",
            "iam:SetDefaultPolicyVersion",
            "iam:DeletePolicy"
          ],
          "Resource": [
            "arn:aws:iam::123456789012:policy/sallyport-claims-boundary",
            "arn:aws:iam::123456789012:policy/sallyport-payments-boundary"
          ],
          "Condition": {
            "ArnNotLike": {
              "aws:PrincipalArn": [
                "arn:aws:iam::123456789012:role/sallyport-key-admin"
              ]
            }
          }
        },
        {
          "Sid": "WorkgroupsAsTheyAre",
          "Effect": "Deny",
          "Action": [
            "athena:UpdateWorkGroup",
            "athena:DeleteWorkGroup"
          ],
          "Resource": [
            "arn:aws:athena:eu-west-1:123456789012:workgroup/claims-pii",
            "arn:aws:athena:eu-west-1:123456789012:workgroup/payments-pii"
          ],
          "Condition": {
            "ArnNotLike": {
              "aws:PrincipalArn": [
                "arn:aws:iam::123456789012:role/sallyport-key-admin"
              ]
            }
          }
        }
      ]
    }
  JSON
}

resource "aws_organizations_policy_attachment" "sallyport" {
  for_each  = var.target_ids
  policy_id = aws_organizations_policy.sallyport.id
  target_id = each.value
}
