# Applies all phases to the DB instance of the variables, which come from terraform.tfvars or TF_VAR_…. In the end the
# encrypted copy has its identifier and stays, and so does the original under another one.

run "prepares_a_copy" {
  variables {
    phase = "prepare"
  }
  assert {
    condition     = rdsauth_encrypted_restore.copy.storage_encryption_type == "sse-kms" && !output.swapped
    error_message = "There is no encrypted copy."
  }
}

run "replicates" {
  variables {
    phase = "replicate"
  }
  assert {
    condition     = rdsauth_dms_migration.copy[0].reached && rdsauth_dms_migration.copy[0].status == "running"
    error_message = "The rows are not loaded, or changes do not follow."
  }
  assert {
    condition     = length(rdsauth_constraint_suspension.copy[0].objects) > 0
    error_message = "Nothing is suspended while DMS writes."
  }
}

run "cuts_over" {
  variables {
    phase = "cut_over"
  }
  assert {
    condition     = output.swapped && data.rdsauth_schema_drift.after[0].in_sync
    error_message = "The copy does not take the place of the original."
  }
  assert {
    condition     = rdsauth_dms_migration.copy[0].status == "stopped"
    error_message = "DMS goes on."
  }
}

run "cleans_up" {
  variables {
    phase = "clean_up"
  }
  assert {
    condition     = output.swapped && length(rdsauth_encrypted_snapshot.copy) == 0
    error_message = "Something is left that is not needed any more."
  }
}
