# Checks the security posture of databases in each plan and apply. Findings are warnings of `check` blocks; with
# `fail_from`, those of that severity or above end the run.
#
# Region and credentials come from the environment or from a provider block of yours. The provider only reads.

terraform {
  required_version = ">= 1.5"
  required_providers {
    rdsauth = {
      source = "rdsauth/rdsauth"
    }
  }
}

data "rdsauth_posture" "this" {
  db_instance_identifiers = var.db_instance_identifiers
  db_cluster_identifiers  = var.db_cluster_identifiers
  tags                    = var.tags
  checks                  = var.checks
  min_severity            = var.min_severity
  required_tag_keys       = var.required_tag_keys
  trusted_account_ids     = var.trusted_account_ids

  dynamic "exclusion" {
    for_each = var.exclusions
    content {
      check    = exclusion.value.check
      resource = exclusion.value.resource
      reason   = exclusion.value.reason
      until    = exclusion.value.until
    }
  }
}

locals {
  severities = ["informational", "low", "medium", "high", "critical"]
  findings   = data.rdsauth_posture.this.findings

  # One line for each finding that is not acknowledged, by severity.
  messages = {
    for severity in local.severities : severity => [
      for finding in local.findings : join(" ", compact([
        join(", ", concat(finding.control_ids, [finding.check])),
        finding.resource == null ? "" : "of ${finding.resource}",
        "${finding.status}: ${finding.evidence}",
        finding.status == "failed" ? "Remediation: ${finding.remediation}" : "",
      ])) if finding.severity == severity && finding.status != "acknowledged" && finding.status != "passed"
    ]
  }

  failing = var.fail_from == null ? [] : flatten([
    for severity in slice(local.severities, index(local.severities, var.fail_from), length(local.severities)) :
    local.messages[severity]
  ])
}

check "critical_and_high" {
  assert {
    condition     = length(local.messages.critical) + length(local.messages.high) == 0
    error_message = join("\n", concat(local.messages.critical, local.messages.high))
  }
}

check "medium" {
  assert {
    condition     = length(local.messages.medium) == 0
    error_message = join("\n", local.messages.medium)
  }
}

check "low_and_informational" {
  assert {
    condition     = length(local.messages.low) + length(local.messages.informational) == 0
    error_message = join("\n", concat(local.messages.low, local.messages.informational))
  }
}

resource "terraform_data" "gate" {
  lifecycle {
    precondition {
      condition     = length(local.failing) == 0
      error_message = join("\n", local.failing)
    }
  }
}
