output "passed" {
  description = "Whether no check has failed and none is unknown."
  value       = data.rdsauth_posture.this.passed
}

output "counts" {
  description = "Number of findings by status."
  value       = data.rdsauth_posture.this.counts
}

output "findings_json" {
  description = "Findings as JSON, for `terraform output -raw findings_json` in a pipeline."
  value       = jsonencode(local.findings)
}
