terraform init -upgrade
terraform plan
