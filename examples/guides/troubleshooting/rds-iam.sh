psql -c "SELECT pg_has_role('orders_app', 'rds_iam', 'MEMBER')"
