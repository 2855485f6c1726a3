# the alias, the ID or the ARN of the key
terraform import rdsauth_kms_key.limitless alias/limitless
