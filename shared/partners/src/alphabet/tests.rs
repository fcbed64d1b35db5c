//! The adapter against its fixtures.
