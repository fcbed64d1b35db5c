//! This package has only tests: see `main.rs`.
