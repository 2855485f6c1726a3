# instance/ or cluster/, the identifier, that of the replacement before the swap and that of the retired database; @ and the region if that is not the provider's
terraform import rdsauth_endpoint_swap.orders instance/orders/orders-encrypted/orders-old
