# Accept findings for a while

data "rdsauth_posture" "demo" {
  db_cluster_identifiers = ["demo"]
  min_severity           = "medium"

  exclusion {
    check  = "RDS.2"
    reason = "The demo has a public endpoint until the VPN is ready."
    until  = "2027-01-31"
  }

  exclusion {
    resource = "demo-reporting"
    reason   = "It is deleted in February."
    until    = "2027-02-28"
  }
}
