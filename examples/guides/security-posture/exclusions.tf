data "rdsauth_posture" "reporting" {
  db_cluster_identifiers = ["reporting"]

  exclusion {
    check  = "RDS.7"
    reason = "The cluster is created again each night."
    until  = "2027-06-30"
  }
}
