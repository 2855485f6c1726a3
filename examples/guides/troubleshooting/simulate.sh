aws iam simulate-principal-policy \
  --policy-source-arn arn:aws:iam::111122223333:role/orders-app \
  --action-names rds-db:connect \
  --resource-arns arn:aws:rds-db:eu-central-1:111122223333:dbuser:db-ABCDEFGHIJKLMNOPQRSTUVWXYZ/orders_app
