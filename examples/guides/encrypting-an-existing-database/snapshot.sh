aws rds create-db-cluster-snapshot --db-cluster-identifier shop \
  --db-cluster-snapshot-identifier shop-before-encryption
