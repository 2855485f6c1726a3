//! The `rdsauth` provider: database authentication and encryption on Amazon RDS and Aurora.
