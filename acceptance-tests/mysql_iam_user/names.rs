//! Names of all kinds come back as they were, or are refused.
