//! Reads the environment variables of the process.

/// Returns the variable, or `fallback` if it is not set or empty.
#[expect(
    clippy::disallowed_methods,
    reason = "the simulators have no Env; read once at the start"
)]
pub fn variable(name: &str, fallback: &str) -> String {
    std::env::var(name)
        .ok()
        .filter(|value| !value.is_empty())
        .unwrap_or_else(|| fallback.to_owned())
}
