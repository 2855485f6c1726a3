# The identifier, or the ARN; append @REGION if that is not the provider's
terraform import rdsauth_encrypted_cluster_restore.shop shop-encrypted
