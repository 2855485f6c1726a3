# Other settings than those of the original

resource "rdsauth_encrypted_restore" "reports" {
  db_instance_identifier        = "reports-encrypted"
  snapshot_identifier           = "reports-copy"
  source_db_instance_identifier = "reports"

  # Nothing in this database acts by itself.
  quiet = false

  overrides {
    instance_class         = "db.m7g.large"
    parameter_group_name   = "reports-postgres16"
    vpc_security_group_ids = ["sg-0123456789abcdef0"]
    deletion_protection    = true
  }

  # A destroy takes a last snapshot.
  allow_delete              = true
  final_snapshot_identifier = "reports-encrypted-last"
}
