output "ready" {
  description = "Whether the application may write to the copy: the source is fenced, and the copy has all of it."
  value = var.cut_over && alltrue(concat(
    [for one in rdsauth_write_fence.source : one.drained != false],
    [for one in rdsauth_sequence_sync.target : length(one.behind) == 0],
    data.rdsauth_schema_drift.after[*].in_sync,
  ))
}

output "lsn" {
  description = "Position in the write-ahead log of the source after the last write. Null before the cutover."
  value       = one(rdsauth_write_fence.source[*].lsn)
}

output "drained" {
  description = "Whether the replication slots have confirmed that position. Null before the cutover, and without slots."
  value       = one(rdsauth_write_fence.source[*].drained)
}

output "writers" {
  description = "Users of the source who can still write, all of them accepted. Null before the cutover."
  value       = one(rdsauth_write_fence.source[*].writers)
}

output "sequences" {
  description = "Sequences of the copy that were raised. Null before the cutover."
  value       = one(rdsauth_sequence_sync.target[*].changed)
}
