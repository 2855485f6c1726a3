import {
  to = rdsauth_kms_key.limitless
  identity = {
    arn = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
  }
}
