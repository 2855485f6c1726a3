# Applies to the databases of the variables, and destroys: the source can be written to again in the end. The other variables
# come from terraform.tfvars or TF_VAR_….

run "compares_and_changes_nothing" {
  assert {
    condition     = data.rdsauth_schema_drift.before.in_sync
    error_message = "The schemas differ: ${jsonencode(data.rdsauth_schema_drift.before.differences)}"
  }
  assert {
    condition     = !output.ready && output.lsn == null
    error_message = "The source is fenced already."
  }
}

run "makes_the_copy_ready" {
  variables {
    cut_over = true
  }

  assert {
    condition     = output.ready && output.drained
    error_message = "The copy is not ready."
  }
  assert {
    condition     = length(output.writers) == 0
    error_message = "The source can still be written to by ${jsonencode(output.writers)}."
  }
}

run "goes_back" {
  assert {
    condition     = !output.ready && length(rdsauth_write_fence.source) == 0
    error_message = "The source is still fenced."
  }
}
