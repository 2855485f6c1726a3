removed {
  from = aws_kms_key.orders

  lifecycle {
    destroy = false
  }
}

removed {
  from = aws_kms_alias.orders

  lifecycle {
    destroy = false
  }
}

import {
  to = rdsauth_kms_key.orders
  id = "alias/orders"
}

resource "rdsauth_kms_key" "orders" {
  alias                = "alias/orders"
  description          = "Orders database"
  key_rotation_enabled = true
}
