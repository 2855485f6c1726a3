# [LOGIN@]HOST[:PORT]/DATABASE[/DATABASE…]
terraform import rdsauth_write_fence.orders administrator@orders.abcdefghijkl.eu-west-1.rds.amazonaws.com/orders/billing
