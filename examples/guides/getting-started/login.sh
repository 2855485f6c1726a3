host=$(terraform output -raw host)
export PGPASSWORD=$(aws rds generate-db-auth-token --hostname "$host" --port 5432 --username orders_app)
psql "host=$host dbname=orders user=orders_app sslmode=verify-full sslrootcert=global-bundle.pem"
