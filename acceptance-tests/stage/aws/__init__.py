"""AWS as the stage plays it: wire protocol, validation, signatures, identities, policies, faults, record."""
