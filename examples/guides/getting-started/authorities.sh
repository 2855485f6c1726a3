curl -sO https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem
