"""The stage: AWS and RDS-like databases on loopback, for tests and for use by hand. See README.md."""
