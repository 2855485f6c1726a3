# the name of the blue/green deployment, and @ and the region if that is not the provider's
terraform import rdsauth_blue_green_encryption.orders orders-encrypted
