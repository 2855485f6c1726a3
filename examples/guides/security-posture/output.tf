output "findings" {
  value = data.rdsauth_posture.region.findings
}
