# [ENGINE://][LOGIN@]HOST[:PORT]/DATABASE[/DATABASE…]
terraform import rdsauth_write_fence.orders administrator@orders.abcdefghijkl.eu-west-1.rds.amazonaws.com/orders/billing
terraform import rdsauth_write_fence.shop mysql://administrator@shop.abcdefghijkl.eu-west-1.rds.amazonaws.com/shop/billing
