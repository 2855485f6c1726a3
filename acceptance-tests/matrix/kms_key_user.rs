//! `rdsauth_kms_key_user` in both modes, beside a statement of somebody else.
