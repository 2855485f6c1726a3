//! The wire form of values.
