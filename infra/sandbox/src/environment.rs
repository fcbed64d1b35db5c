//! What the process is told when it starts.

/// A variable, or an obvious fake where it is not set.
#[expect(
    clippy::disallowed_methods,
    reason = "the simulator has no Env; read once at the start"
)]
pub fn variable(name: &str, fallback: &str) -> String {
    std::env::var(name)
        .ok()
        .filter(|value| !value.is_empty())
        .unwrap_or_else(|| fallback.to_owned())
}
