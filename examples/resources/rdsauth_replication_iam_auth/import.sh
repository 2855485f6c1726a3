# instance or cluster / its identifier; @ and the region, if that is not the provider's
terraform import rdsauth_replication_iam_auth.ledger cluster/ledger
