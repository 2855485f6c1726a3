variable "ci_role_arn" {
  description = "ARN of the IAM role of this job: one for plan, another for apply."
  type        = string
}

variable "ci_token" {
  description = "OIDC token of this job."
  type        = string
  sensitive   = true
  ephemeral   = true
}

provider "rdsauth" {
  region              = "eu-central-1"
  allowed_account_ids = ["111122223333"]

  assume_role_with_web_identity {
    role_arn           = var.ci_role_arn
    session_name       = "terraform"
    web_identity_token = var.ci_token
  }
}
