import {
  to = rdsauth_kms_key.limitless
  id = "alias/limitless"
}
