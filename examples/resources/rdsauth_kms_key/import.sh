# the ARN of the key; or its alias or ID, and @ and the region if that is not the provider's
terraform import rdsauth_kms_key.limitless alias/limitless
