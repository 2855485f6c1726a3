//! State and type constraints in JSON.
