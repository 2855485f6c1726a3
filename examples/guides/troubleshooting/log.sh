TF_LOG_PROVIDER=DEBUG TF_LOG_PATH=terraform.log terraform apply
